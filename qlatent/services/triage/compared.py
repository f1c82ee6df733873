"""Read what is compared to find near-duplicates: a dataset's pictures, texts, vectors, or latents of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from qlatent.errors import ConfigError, InputError
from qlatent.images import UNREADABLE, decoded
from qlatent.services.runs import specs
from qlatent.services.vectors import stored
from qlatent.store.items.search_indexes import SearchIndexes
from qlatent.store.workspace import Workspace
from qlatent.triage.duplicates import images, texts
from qlatent.triage.duplicates.images import Hashes
from qlatent.triage.duplicates.pairs import Contents
from qlatent.triage.duplicates.texts import Trigrams
from qlatent.triage.duplicates.vectors import Vectors
from qlatent.types import Progress

By = Literal["image", "text", "vector"]
_AT_ONCE = 500  # pictures that are read at once


@dataclass(frozen=True)
class Compared:
    """What is compared: pictures, texts, or vectors; of vectors whose, or of which run the last latents."""

    by: By
    encoder: str = ""
    modality: str = ""
    run: str = ""

    @property
    def name(self) -> str:
        """A name for files, which no other comparison of the dataset has."""
        if self.by != "vector":
            return self.by
        key = repr((self.encoder, self.modality, self.run)).encode()
        return f"vector-{hashlib.blake2b(key, digest_size=8).hexdigest()}"


@dataclass(frozen=True, eq=False)
class Read:
    """The contents of n items."""

    contents: Contents  # c, no two the same
    content: NDArray[np.int32]  # (n,) which content each item has, -1 for none
    flat: NDArray[np.bool_]  # (n,) items whose picture has no detail
    of: Callable[[NDArray[np.int64]], Contents]  # the contents with these numbers, which may repeat


def chosen(
    workspace: Workspace, dataset: str, by: By, *, encoder: str = "", modality: str = "", run: str = ""
) -> Compared:
    """What is compared, with "" replaced by what there is; what there is not raises an error."""
    workspace.catalogue.dataset(dataset)
    if by not in ("image", "text", "vector"):
        raise ConfigError(f"Items cannot be compared by {by!r}.", remedy="Use image, text or vector.")
    if by != "vector":
        if by not in workspace.items.modalities(dataset):
            raise InputError(
                f"The items of {dataset!r} have no {by}s.", remedy="Compare them by something else."
            )
        return Compared(by)
    if run:
        trained = specs.training_spec(workspace.run(run))
        if trained.dataset != dataset:
            raise InputError(f"Run {run} was trained on {trained.dataset!r}.", remedy="Name another run.")
        return Compared(by, "", _one_of(modality, trained.modalities), run)
    key = encoder or stored.choose(workspace, dataset)
    return Compared(by, key, _one_of(modality, tuple(stored.widths(workspace, dataset, key))))


def state(workspace: Workspace, dataset: str, compared: Compared) -> str:
    """A text that changes with the items and with what is compared of them."""
    version = f"{workspace.items.version(dataset)}"
    if compared.run:
        return f"{version} {workspace.run(compared.run).snapshot_steps()[-1:]}"
    if compared.by != "vector":
        return version
    return f"{version} {SearchIndexes(workspace.items.path).state(compared.encoder, compared.modality)}"


def read(workspace: Workspace, dataset: str, compared: Compared, *, progress: Progress | None = None) -> Read:
    """The contents of a dataset's items."""
    if compared.by == "image":
        return _pictures(workspace, dataset, progress)
    return _texts(workspace, dataset) if compared.by == "text" else _vectors(workspace, dataset, compared)


def _pictures(workspace: Workspace, dataset: str, progress: Progress | None) -> Read:
    column = workspace.items.table(dataset, columns=["image_hash"])["image_hash"].to_pandas()
    file, names = pd.factorize(column)  # -1 for none
    parts: list[Hashes] = []
    readable = np.zeros(len(names), dtype=np.bool_)
    for start in range(0, len(names), _AT_ONCE):
        asked = list(names[start : start + _AT_ONCE])
        found = workspace.items.thumbnails(asked)
        pictures = [_opened(found.get(name)) for name in asked]
        readable[start : start + _AT_ONCE] = [each is not None for each in pictures]
        parts.append(images.hashed([each for each in pictures if each is not None]))
        if progress is not None:
            progress(min(start + _AT_ONCE, len(names)), len(names))
    hashes = images.joined(parts)
    of_file = np.full(len(names) + 1, -1, dtype=np.int32)  # the last is that of -1
    flat_file = np.zeros(len(names) + 1, dtype=np.bool_)
    flat_file[:-1][readable] = hashes.flat
    detailed = hashes.taken(np.flatnonzero(~hashes.flat))
    first, number = images.same(detailed)
    of_file[:-1][readable & ~flat_file[:-1]] = number
    return Read(detailed.taken(first), of_file[file], flat_file[file], detailed.taken(first).taken)


def _opened(thumbnail: bytes | None) -> Image.Image | None:
    try:
        return decoded(thumbnail) if thumbnail else None
    except UNREADABLE:  # a damaged thumbnail compares with nothing
        return None


def _texts(workspace: Workspace, dataset: str) -> Read:
    column = workspace.items.table(dataset, columns=["text"])["text"].to_pylist()
    compared = [texts.plain(text or "") or None for text in column]
    number, different = pd.factorize(pd.Series(compared, dtype=object))
    given = [str(text) for text in different]

    def of(numbers: NDArray[np.int64]) -> Contents:
        return Trigrams([given[each] for each in numbers])

    return Read(Trigrams(given), number.astype(np.int32), np.zeros(len(column), dtype=np.bool_), of)


def _vectors(workspace: Workspace, dataset: str, compared: Compared) -> Read:
    rows, vectors = _points(workspace, dataset, compared)
    keys = pd.factorize(pd.Series([each.tobytes() for each in vectors], dtype=object))[0]
    first = np.unique(keys, return_index=True)[1]
    content = np.full(workspace.items.count(dataset), -1, dtype=np.int32)
    content[rows] = keys
    different = vectors[first]
    distance: Literal["cosine", "euclidean"] = "euclidean" if compared.run else "cosine"

    def of(numbers: NDArray[np.int64]) -> Contents:
        return Vectors(different[numbers], distance=distance)

    return Read(Vectors(different, distance=distance), content, np.zeros(len(content), dtype=np.bool_), of)


def _points(
    workspace: Workspace, dataset: str, compared: Compared
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The rows that have a vector or a latent, and these."""
    if compared.run:
        folder = workspace.run(compared.run)
        steps = folder.snapshot_steps()
        if not steps:
            raise InputError(
                f"Run {compared.run} has recorded no frame yet.", remedy="Wait for its first step."
            )
        latents = folder.snapshot(steps[-1])[compared.modality]
        known = np.isfinite(latents).all(axis=1)
        return np.asarray(folder.probe()["rows"], np.int64)[known], np.asarray(latents[known], np.float32)
    vectors = stored.mapped(workspace, dataset, compared.encoder, compared.modality)
    rows = np.flatnonzero(stored.whole(vectors))
    return rows, np.asarray(vectors[rows], dtype=np.float32)


def _one_of(asked: str, there: tuple[str, ...]) -> str:
    if asked and asked not in there:
        raise InputError(f"There are no {asked!r} vectors here.", remedy=f"Use {' or '.join(there)}.")
    return asked or there[0]
