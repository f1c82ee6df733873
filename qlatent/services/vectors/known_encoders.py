"""Open the encoder that made stored vectors by its key, to encode queries like the items."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from qlatent.errors import InputError, QlatentError, StoreError, UnavailableError
from qlatent.registry import ENCODERS, config_class
from qlatent.services.runs import specs
from qlatent.services.vectors.stored import GIVEN
from qlatent.store.items.encoder_settings import EncoderSettings
from qlatent.store.workspace import Workspace

if TYPE_CHECKING:
    from qlatent.encoders.base import AbstractEncoder

_OPEN = 2  # encoders that stay in memory


def modalities(key: str) -> tuple[str, ...]:
    """The modalities that the encoder of this key reads; none for imported vectors and unknown encoders."""
    name = _name(key)
    found: tuple[str, ...] = config_class("encoder", name).modalities if name in ENCODERS else ()  # type: ignore[attr-defined]
    return found


def opened(workspace: Workspace, key: str) -> AbstractEncoder:
    """The encoder with this key, loaded once.

    `InputError` for imported vectors, whose encoder is not known; `UnavailableError` if the encoder is not installed,
    or gives other vectors now.
    """
    check_made(key)
    problem: QlatentError | None = None
    for settings in _candidates(workspace, key):
        try:
            return _opened(key, _name(key), settings)
        except QlatentError as err:
            problem = err
    raise UnavailableError(
        f"The encoder {key!r} that made these vectors cannot be opened: {problem or 'it is not installed.'}",
        remedy="Search by item, or encode the dataset with an encoder that is installed.",
    ) from problem


def check_made(key: str) -> None:
    """Raise `InputError` for imported vectors, whose encoder is not known."""
    if key == GIVEN:
        raise InputError(
            "These vectors were imported, so no encoder is known that could encode a text or an image like them.",
            remedy="Search by item, or encode the dataset.",
        )


def _name(key: str) -> str:
    return key.rpartition("-")[0]


def _candidates(workspace: Workspace, key: str) -> Iterator[str]:
    """Settings that may have made the key, as JSON, the likeliest first."""
    if _name(key) not in ENCODERS:
        return
    kept = EncoderSettings(workspace.items.path).of(key)
    if kept is not None:
        yield json.dumps(kept[1], sort_keys=True)
        return
    tried = {"{}": None}
    for record in workspace.catalogue.runs("encode"):
        try:
            spec = specs.of(workspace.run(record.id))
        except StoreError:  # a damaged run knows nothing
            continue
        if isinstance(spec, specs.Encoding) and spec.encoder == _name(key):
            tried[json.dumps(spec.settings, sort_keys=True)] = None
    yield from tried


@lru_cache(maxsize=_OPEN)
def _opened(key: str, name: str, settings: str) -> AbstractEncoder:
    from qlatent.services.vectors.encoding import make_encoder  # brings the libraries of images and tables

    made = make_encoder(name, json.loads(settings))
    if made.key != key:
        raise UnavailableError(f"With the settings {settings} it gives the vectors of {made.key!r}.")
    return made
