"""Find the nearest items of a query in the input space and in latents, and what the latents gain and lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.heads import kept_heads
from qlatent.services.search import index, models, queries, stored_vectors
from qlatent.services.search.nearest import NOTHING, top_k
from qlatent.services.search.queries import Query, QueryVector
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.store.workspace import Workspace

K = 10
EXACT = "exact"
_KEPT_LATENTS = 4  # latent spaces in memory: of 1,000,000 items with 8 numbers, 32 MB each


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to look: encoder key and modality (None: chosen as in `queries.space_of`), heads or runs, and k.

    `among` (rows,) restricts the search to some rows of the dataset.
    """

    encoder: str | None = None
    modality: str | None = None
    heads: tuple[str, ...] = ()
    k: int = K
    among: NDArray[np.bool_] | None = None


_USUAL = Asked()


@dataclass(frozen=True, slots=True)
class Hit:
    """A found item; `gained` if the input space does not have it among its k nearest."""

    row: int
    id: str
    score: float  # cosine, minus the Euclidean distance, or log-fidelity
    gained: bool = False


@dataclass(frozen=True, slots=True)
class Space:
    """What one space found, nearest first, and the hits of the input space that it `lost`."""

    head: str  # id of the kept head; "" for the input space
    title: str
    metric: str
    hits: tuple[Hit, ...]
    lost: tuple[Hit, ...] = ()
    how: str = EXACT
    found: int = 0  # items that match, where a search has an end of its own: by words


@dataclass(frozen=True)
class Neighbours:
    """The nearest items of a query: the input space first, then each latent space."""

    input: InputSpace
    spaces: tuple[Space, ...] = field(default_factory=tuple)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits of the last space: of the head, if one was asked for."""
        return self.spaces[-1].hits


def neighbours(workspace: Workspace, dataset: str, query: Query, asked: Asked = _USUAL) -> Neighbours:
    """The k nearest items of a query in the input space and in each chosen latent space, side by side.

    Items of the query itself are not found, and fewer than k hits are found where fewer items have a vector. Errors of
    `queries.vector` and `queries.space_of`; a head of another encoder or modality raises `InputError`.
    """
    if asked.k < 1:
        raise InputError(f"The {asked.k} nearest were asked for.", remedy="Use k ≥ 1.")
    space = queries.space_of(workspace, dataset, encoder=asked.encoder, modality=asked.modality)
    given = queries.vector(workspace, query, space)
    vectors = stored_vectors.of(workspace, space)
    _check_width(given, vectors, space)
    among = _allowed(workspace, query, space, len(vectors), asked.among)
    look = _Look(workspace, space, asked.k, among, len(query.items), asked.among is not None)
    first = _input_space(look, vectors, given)
    latent = [_latent_space(look, head, given) for head in asked.heads]
    return Neighbours(space, (first, *(_compared(each, first) for each in latent)))


def latents(workspace: Workspace, head: str, space: InputSpace) -> NDArray[np.float32]:
    """The latents (rows, k) of a kept head by id, name or run, with NaN where an item has no vector; kept in memory.

    A head of another encoder or modality raises `InputError`.
    """
    view = kept_heads.find(workspace, head)
    kept_heads.check_space(view, space.encoder)
    return _latents(workspace, view.id, space, stored_vectors.now(workspace, space.dataset, space))


@dataclass(frozen=True)
class _Look:
    """A search for k items among some rows (None: all) of one input space and of latents made of it."""

    workspace: Workspace
    space: InputSpace
    k: int
    among: NDArray[np.bool_] | None
    own: int  # items of the query, which are left out
    filtered: bool  # whether more than these are left out

    def exact(self, vectors: NDArray[Any], query: NDArray[np.float32], metric: str) -> tuple[Hit, ...]:
        """The nearest of some vectors (rows, d) to one query (d,)."""
        k = min(self.k, max(1, len(vectors)))
        return self.hits(*top_k(vectors, query[None], k=k, metric=metric, among=self.among))

    def hits(self, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> tuple[Hit, ...]:
        """The hits of one query: rows and scores (1, k), without places that nothing fills, k of them at most."""
        rows, scores = rows[0], scores[0]
        there = rows != NOTHING
        if self.among is not None:
            there &= self.among[rows]
        rows, scores = rows[there][: self.k], scores[there][: self.k]
        found = [int(row) for row in rows]
        named = self.workspace.items.rows(self.space.dataset, found, columns=["id"]) if found else []
        return tuple(
            Hit(row, str(each["id"]), float(score))
            for row, each, score in zip(found, named, scores, strict=True)
        )


def _input_space(look: _Look, vectors: NDArray[Any], given: QueryVector) -> Space:
    """By the index if there is one, unless only some rows are allowed, of which its lists may hold too few.

    A query of another modality lies apart from the items, where the recall measured on items does not hold.
    """
    lists, how = (None, EXACT) if look.filtered else index.lists_of(look.workspace, look.space)
    if lists is not None and given.modality != look.space.modality:
        lists, how = None, f"exact; the index is for queries by {look.space.modality}"
    if lists is None:
        return Space("", look.space.encoder, "cosine", look.exact(vectors, given.vector, "cosine"), how=how)
    found = lists.top_k(given.vector[None], k=look.k + look.own)
    return Space("", look.space.encoder, "cosine", look.hits(*found), how=how)


def _latent_space(look: _Look, head: str, given: QueryVector) -> Space:
    places = latents(look.workspace, head, look.space)
    view = kept_heads.find(look.workspace, head)
    metric, modalities = models.metric(look.workspace, view.id)
    _check_modality(view.name, modalities, given.modality)
    query = models.latent(look.workspace, view.id, given.modality, given.vector)
    return Space(view.id, view.name, metric, look.exact(places, query, metric))


@lru_cache(maxsize=_KEPT_LATENTS)
def _latents(workspace: Workspace, head: str, space: InputSpace, now: tuple[int, str]) -> NDArray[np.float32]:
    _check_modality(head, models.metric(workspace, head)[1], space.modality)
    return models.latents(workspace, head, *space)


def _allowed(
    workspace: Workspace, query: Query, space: InputSpace, count: int, among: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """The mask (rows,) of what may be found, without the query's own items; None for all rows."""
    own = [queries.row_of(workspace, space.dataset, item) for item in query.items]
    if among is None and not own:
        return None
    mask = np.ones(count, dtype=np.bool_) if among is None else np.array(among, dtype=np.bool_)
    mask[own] = False
    return mask


def _compared(latent: Space, first: Space) -> Space:
    """The latent space with what it gained and lost against the input space."""
    before, after = {hit.row for hit in first.hits}, {hit.row for hit in latent.hits}
    hits = tuple(Hit(hit.row, hit.id, hit.score, hit.row not in before) for hit in latent.hits)
    lost = tuple(hit for hit in first.hits if hit.row not in after)
    return Space(latent.head, latent.title, latent.metric, hits, lost, latent.how)


def _check_modality(head: str, modalities: Sequence[str], modality: str) -> None:
    if modality not in modalities:
        raise InputError(
            f"The head {head!r} encodes {' and '.join(modalities)}, not {modality}.",
            remedy="Choose another head, or search another modality.",
        )


def _check_width(given: QueryVector, vectors: NDArray[Any], space: InputSpace) -> None:
    if len(given.vector) != vectors.shape[1]:
        raise InputError(
            f"The query has {len(given.vector)} numbers, and the {space.modality} vectors of {space.encoder} have "
            f"{vectors.shape[1]}.",
            remedy="Search with the encoder that the query was made with.",
        )
