"""Relevance of documents to queries, by labels or by judgements; both are positions of a training's items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qlatent.training.core.rows import Mask, Rows

NONE = np.empty(0, dtype=np.int64)


class Relevance(Protocol):
    """Relevance of documents to queries."""

    def answers(self, query: int) -> Rows:
        """The documents that answer a query, ascending."""

    def negatives(self, query: int) -> Rows:
        """The documents that are judged irrelevant to a query, ascending."""

    def gains(self, queries: Rows, documents: Rows) -> NDArray[np.float64]:
        """Gains (q, m) of documents, (m,) or one list per query (q, m); 0 where there is no judgement."""


@dataclass(frozen=True)
class ByLabel:
    """Items of one label answer each other, but not themselves; `codes` (n,) are label codes, -1 for none."""

    codes: Rows

    @cached_property
    def _members(self) -> list[Rows]:
        order = np.argsort(self.codes, kind="stable")
        order = order[self.codes[order] >= 0]
        ends = np.cumsum(np.bincount(self.codes[order], minlength=1))[:-1]
        return np.split(order, ends)

    def answers(self, query: int) -> Rows:
        """The other items with the query's label."""
        code = self.codes[query]
        if code < 0:
            return NONE
        members = self._members[code]
        return members[members != query]

    def negatives(self, query: int) -> Rows:
        """An empty array: labels define no hard negatives."""
        return NONE

    def gains(self, queries: Rows, documents: Rows) -> NDArray[np.float64]:
        """Gains (q, m): 1 for another item of the query's label, else 0."""
        own = self.codes[queries][:, None]
        same = (self.codes[documents] == own) & (own >= 0) & (np.atleast_1d(documents) != queries[:, None])
        return same.astype(np.float64)


@dataclass(frozen=True)
class ByJudgement:
    """Judged gains, query → document → gain by position; above 0 is an answer, 0 or less a hard negative."""

    judged: Mapping[int, Mapping[int, float]]

    def answers(self, query: int) -> Rows:
        """The documents with a gain above 0."""
        return self._those(query, relevant=True)

    def negatives(self, query: int) -> Rows:
        """The documents with a gain of 0 or less."""
        return self._those(query, relevant=False)

    def gains(self, queries: Rows, documents: Rows) -> NDArray[np.float64]:
        """The judged gains (q, m), clipped at 0."""
        lists = (
            documents if documents.ndim == 2 else np.broadcast_to(documents, (len(queries), len(documents)))
        )
        found = np.zeros(lists.shape)
        for place, query in enumerate(queries.tolist()):
            known = self.judged.get(query, {})
            if known:
                names, values = np.fromiter(known, np.int64), np.fromiter(known.values(), np.float64)
                order = np.argsort(names)
                spot = np.minimum(np.searchsorted(names[order], lists[place]), len(names) - 1)
                hit = names[order][spot] == lists[place]
                found[place, hit] = np.maximum(values[order][spot[hit]], 0.0)
        return found

    def _those(self, query: int, *, relevant: bool) -> Rows:
        known = self.judged.get(query, {})
        return np.array(sorted(doc for doc, gain in known.items() if (gain > 0) == relevant), dtype=np.int64)


def answered(relevance: Relevance, queries: Rows, documents: Mask) -> Rows:
    """The queries with an answer among `documents`, (n,) bool."""
    return np.array(
        [query for query in queries.tolist() if documents[relevance.answers(query)].any()], dtype=np.int64
    )
