"""Build, check and carry out the spec of an encoding run. Torch-free."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qlatent.encoders import hub
from qlatent.registry import config_class, entry, make_config
from qlatent.services.runs import queue
from qlatent.services.runs.job import Job
from qlatent.services.runs.specs import Encoding, expected
from qlatent.services.vectors import augmented, watched
from qlatent.settings import settings
from qlatent.store.workspace import Workspace


@dataclass(frozen=True)
class EncodingRequest:
    """A request to encode `dataset` with `encoder`; with `modalities` None, all that both have.

    With `views` (2 to 32), that many augmented copies of each image are encoded too.
    """

    dataset: str
    encoder: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    modalities: tuple[str, ...] | None = None
    name: str = ""
    views: int = 0


def start_encoding(workspace: Workspace, request: EncodingRequest, *, token: str = "") -> str:
    """Queue an encoding run and start it if there is room; returns its id. A refused request leaves nothing behind.

    `token` as in `queue.enqueue`.
    """
    return queue.start(workspace, encoding_spec(workspace, request), token=token)


def encoding_spec(workspace: Workspace, request: EncodingRequest) -> Encoding:
    """The spec of an encoding run; unknown datasets, encoders or settings, and views without images, raise an error."""
    dataset = workspace.catalogue.dataset(request.dataset)
    config = make_config(config_class("encoder", request.encoder), request.settings)
    views = f", {request.views} augmented views" if request.views else ""
    if request.views:
        images = workspace.items.contents(request.dataset, "image")
        augmented.check(request.views, images, encoder=request.encoder, modalities=config.modalities)
    hub.check(config)
    return Encoding(
        name=request.name or f"{entry('encoder', request.encoder).title}{views} on {dataset.name}",
        created=time.time(),
        dataset=request.dataset,
        encoder=request.encoder,
        settings=dict(request.settings),
        modalities=tuple(request.modalities) if request.modalities else None,
        views=request.views,
        threads=settings().threads,
        device=settings().device,
    )


def carry_out(workspace: Workspace, job: Job) -> str:
    """Carry out an encoding run; returns the final state."""
    from qlatent.services.vectors import encoding

    spec = expected(job.spec, Encoding)
    encoder = encoding.make_encoder(spec.encoder, spec.settings)
    report = encoding.encode(
        workspace, spec.dataset, encoder=encoder, settings=spec.settings, modalities=spec.modalities,
        views=spec.views, progress=job.progress, should_stop=job.should_stop,
    )  # fmt: skip
    if report.stopped:
        return "stopped"
    if spec.views:
        watched.keep(workspace, job.folder, spec, size=augmented.side(encoder))
    return job.finish(**report.document())
