"""Encode every distinct image and text of a dataset once; an interrupted encoding resumes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from qlatent.encoders import hub
from qlatent.encoders.base import AbstractEncoder
from qlatent.errors import AbsentError, ConfigError, InputError, StoreError
from qlatent.registry import config_class, entry, make_config, resolve
from qlatent.services.vectors import augmented
from qlatent.services.vectors.batches import Batches, Failure, image_batches, text_batches, view_batches
from qlatent.store.items.encoder_settings import EncoderSettings
from qlatent.store.items.names import image_of
from qlatent.store.workspace import Workspace
from qlatent.types import Progress, content_hash

_log = logging.getLogger(__name__)
COMMIT_SECONDS = 2.0
COMMIT_ROWS = 512

_HASHES = {"image": "image_hash", "text": "text_hash"}


@dataclass(frozen=True, slots=True)
class EncodingReport:
    """Result of an encoding; `cached` vectors existed before, `failed` are items whose image cannot be decoded.

    With `views`, the counts include that many augmented copies of each image.
    """

    encoder_key: str
    encoded: int
    cached: int
    seconds: float
    failed: tuple[Failure, ...] = ()
    stopped: bool = False
    views: int = 0

    @property
    def rate(self) -> float:
        """Vectors per second, over the whole encoding."""
        return self.encoded / self.seconds if self.seconds > 0 else 0.0

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "encoder": self.encoder_key, "encoded": self.encoded, "cached": self.cached,
            "seconds": round(self.seconds, 3), "rate": round(self.rate, 2), "stopped": self.stopped,
            "views": self.views,
            "failed": [{"id": each.id, "reason": each.reason} for each in self.failed],
        }  # fmt: skip


def encode(
    workspace: Workspace,
    dataset: str,
    *,
    encoder: str | AbstractEncoder,
    settings: Mapping[str, Any] | None = None,
    modalities: Sequence[str] | None = None,
    views: int = 0,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> EncodingReport:
    """Compute and store the missing vectors of a dataset; existing vectors are not computed again.

    `encoder` is a registry name with its `settings`, or an encoder, whose `settings` are kept if they are given. With
    `views` (2 to 32), that many augmented copies of each image are encoded too, see `services/vectors/augmented.py`.
    Vectors are committed every two seconds or 512 rows, so a kill loses no more, and the next call resumes. `progress`
    gets (done, total) of the missing vectors. A vector that is not finite raises an `InputError` that names the item;
    images that cannot be decoded are listed in the report. `should_stop` ends the encoding early; all computed vectors
    are stored.
    """
    started = time.perf_counter()
    workspace.catalogue.dataset(dataset)
    contents = _Contents(workspace, dataset)
    coder = encoder if isinstance(encoder, AbstractEncoder) else make_encoder(encoder, settings or {})
    wanted = {
        each: contents.hashes(each) for each in _modalities(contents, coder, modalities, dataset=dataset)
    }
    if isinstance(encoder, str) or settings is not None:
        EncoderSettings(workspace.items.path).keep(coder.key, coder.name, settings or {})
    augmented.check(views, wanted.get("image", []), encoder=coder.name, modalities=coder.modalities)
    if views:
        wanted[augmented.MODALITY] = augmented.names_of(wanted["image"], views)
    missing = {each: workspace.items.missing(coder.key, each, names) for each, names in wanted.items()}
    total = sum(len(hashes) for hashes in missing.values())
    job = _Job(workspace, coder, contents, total=total, progress=progress, should_stop=should_stop)
    job.run(missing)
    return EncodingReport(
        encoder_key=coder.key, encoded=job.stored, stopped=job.stopped,
        failed=tuple({each.id: each for each in job.failed}.values()),  # list an item once, even if its views fail too
        cached=sum(map(len, wanted.values())) - total, seconds=time.perf_counter() - started, views=views,
    )  # fmt: skip


def encode_texts(
    workspace: Workspace,
    texts: Mapping[str, str],
    *,
    encoder: AbstractEncoder,
    progress: Progress | None = None,
) -> EncodingReport:
    """Encode texts (id → text) that belong to no dataset, such as queries; their hashes are `content_hash`es."""
    started = time.perf_counter()
    contents = _Texts(texts)
    missing = workspace.items.missing(encoder.key, "text", contents.hashes("text"))
    job = _Job(workspace, encoder, contents, total=len(missing), progress=progress, should_stop=None)
    job.run({"text": missing})
    return EncodingReport(
        encoder_key=encoder.key, encoded=job.stored, cached=len(contents.hashes("text")) - len(missing),
        seconds=time.perf_counter() - started,
    )  # fmt: skip


def make_encoder(name: str, settings: Mapping[str, Any]) -> AbstractEncoder:
    """The encoder of this name with checked settings; loads its weights."""
    config = make_config(config_class("encoder", name), settings)
    hub.check(config)
    made: AbstractEncoder = resolve(entry("encoder", name).target)(config)
    return made


def _modalities(
    contents: _Contents, coder: AbstractEncoder, asked: Sequence[str] | None, *, dataset: str
) -> list[str]:
    for modality in asked or ():
        if modality not in coder.modalities:
            raise ConfigError(
                f"The encoder {coder.name!r} encodes {' and '.join(coder.modalities)}, not {modality}.",
                remedy="Choose another encoder.",
            )
    wanted = [each for each in (asked or coder.modalities) if each in _HASHES]
    chosen = [each for each in wanted if contents.hashes(each)]
    if not chosen:
        raise InputError(
            f"{dataset!r} has no {' or '.join(f'{each}s' for each in wanted)} to encode.",
            remedy="Choose another dataset or encoder; imported vectors need no encoding.",
        )
    return chosen


class _Contents:
    """The distinct contents of a dataset, with the first item of each."""

    def __init__(self, workspace: Workspace, dataset: str) -> None:
        self._workspace, self._dataset = workspace, dataset
        self._table = workspace.items.table(dataset, columns=["id", "text", *_HASHES.values()])
        self._hashes: dict[str, list[str]] = {}

    def check(self) -> None:
        """Raise `InputError` if the dataset has been removed in the meantime."""
        try:
            self._workspace.catalogue.dataset(self._dataset)
        except AbsentError as err:
            raise InputError(
                f"The dataset {self._dataset!r} was removed while it was being encoded; its vectors so far are kept.",
                remedy=f"Restore it with `qlatent restore {self._dataset}`, and encode it again.",
            ) from err
        except StoreError:  # continue while the catalogue is temporarily unavailable
            _log.warning("the catalogue is away", exc_info=True)

    def hashes(self, modality: str) -> list[str]:
        """The distinct content hashes of a modality, in row order."""
        if modality not in self._hashes:
            column: pa.ChunkedArray = self._table[_HASHES[modality]]
            self._hashes[modality] = [each for each in column.unique().to_pylist() if each]
        return self._hashes[modality]

    def texts(self) -> dict[str, str]:
        """The distinct texts by hash."""
        columns = (self._table[name].to_pylist() for name in ("text_hash", "text"))
        return {key: text for key, text in zip(*columns, strict=True) if key}

    def item(self, modality: str, content: str) -> str:
        """The id of the first item with this content."""
        if modality == augmented.MODALITY:
            modality, content = "image", image_of(content)
        place = self._table[_HASHES[modality]].to_pylist().index(content)
        name: str = self._table["id"][place].as_py()
        return name


class _Texts:
    """Texts by id, with the interface of `_Contents`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._ids = {content_hash(text): name for name, text in reversed(list(texts.items()))}
        self._texts = {content_hash(text): text for text in texts.values()}

    def check(self) -> None:
        """Do nothing: these texts belong to no dataset."""

    def hashes(self, _: str) -> list[str]:
        return list(self._texts)

    def texts(self) -> dict[str, str]:
        return self._texts

    def item(self, _: str, content: str) -> str:
        return self._ids[content]


class _Job:
    """Encodes the missing contents once."""

    def __init__(
        self,
        workspace: Workspace,
        coder: AbstractEncoder,
        contents: _Contents | _Texts,
        *,
        total: int,
        progress: Progress | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self.workspace = workspace
        self.coder = coder
        self.contents = contents
        self.total = total
        self.progress = progress
        self.should_stop = should_stop or (lambda: False)
        self.failed: list[Failure] = []
        self.stopped = False
        self.stored = 0
        self._seen = 0

    def run(self, missing: Mapping[str, list[str]]) -> None:
        """Encode all missing contents; computed vectors are stored even if a later batch fails."""
        self._report(0)
        for modality, hashes in missing.items():
            with _Committer(self.workspace, self.coder.key, modality) as committer:
                batches = self._batches(modality, hashes)
                try:
                    for batch in batches:
                        if batch.failed or committer.due:
                            self.contents.check()  # report a removed dataset as such, not as unreadable images
                        for content, reason in batch.failed:
                            self.failed.append(Failure(self.contents.item(modality, content), reason))
                        self._check(modality, batch.hashes, batch.vectors)
                        committer.add(batch.hashes, batch.vectors)
                        self._report(len(batch.hashes) + len(batch.failed))
                        self.stopped = self.should_stop()
                        if self.stopped:
                            return
                finally:
                    batches.close()  # stops the threads that prefetch
                    self.stored += committer.rows

    def _batches(self, modality: str, hashes: list[str]) -> Batches:
        if modality == "text":
            return text_batches(self.contents.texts(), self.coder, hashes)
        made = view_batches if modality == augmented.MODALITY else image_batches
        return made(self.workspace.items, self.coder, hashes)

    def _report(self, count: int) -> None:
        self._seen += count
        if self.progress is not None:
            self.progress(self._seen, self.total)

    def _check(self, modality: str, keys: Sequence[str], vectors: np.ndarray) -> None:
        broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if broken.size:
            name = self.contents.item(modality, keys[int(broken[0])])
            what = "augmented image" if modality == augmented.MODALITY else modality
            raise InputError(
                f"The encoder {self.coder.name!r} gives NaN or infinity for the {what} of item {name!r}.",
                remedy="Check this item, or choose another encoder or weights.",
            )


class _Committer:
    """Collects vectors and stores them every two seconds or 512 rows, and at the end, also after an error."""

    def __init__(self, workspace: Workspace, key: str, modality: str) -> None:
        self.store = workspace.items
        self.key = key
        self.modality = modality
        self.rows = 0
        self._hashes: list[str] = []
        self._vectors: list[np.ndarray] = []
        self._last = time.monotonic()

    def __enter__(self) -> _Committer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # after a failed write, another attempt would hide the error
        if kind is None or not issubclass(kind, StoreError):
            self.flush()

    def add(self, hashes: Sequence[str], vectors: np.ndarray) -> None:
        """Add vectors (n, d) with their hashes."""
        self._hashes.extend(hashes)
        self._vectors.append(np.asarray(vectors, dtype=np.float32))
        self.rows += len(hashes)
        if self.due:
            self.flush()

    @property
    def due(self) -> bool:
        """Whether the collected vectors are due for storing."""
        return len(self._hashes) >= COMMIT_ROWS or time.monotonic() - self._last >= COMMIT_SECONDS

    def flush(self) -> None:
        """Store the collected vectors in one commit."""
        if self._hashes:
            hashes, vectors = self._hashes, np.concatenate(self._vectors)
            self._hashes, self._vectors = [], []
            self.store.add_embeddings(self.key, self.modality, hashes, vectors)
        self._last = time.monotonic()
