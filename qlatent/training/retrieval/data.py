"""Queries to learn from and to judge by, and the documents they are ranked against: decided by seed and content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from qlatent.errors import InputError
from qlatent.training.core import splits
from qlatent.training.core.rows import (
    Labels,
    Mask,
    Rows,
    groups_of,
    heldout_mask,
    nobody,
    probe_positions,
    replace_rows,
)
from qlatent.training.retrieval.configs import RetrievalTrainingConfig
from qlatent.training.retrieval.relevance import ByJudgement, ByLabel, Relevance, answered
from qlatent.types import Arrays

FEWEST = 2  # queries; one alone has nothing to be ranked against
SHARE, POSITIVES = 8, 9  # streams of a seed: which queries a share keeps, which answer a batch meets
SHOWN = 5


@dataclass(frozen=True)
class RetrievalData:
    """Positions among the n items that have a vector or a text; `rows` (n,) are their rows in the dataset.

    `train` and `heldout` are queries, `documents` what may answer in training, `corpus` what held-out queries are
    ranked against. `probe` is the input space of the items that are drawn, by modality. `groups` (n,) is what items
    belong to.
    """

    rows: Rows
    train: Rows
    heldout: Rows
    documents: Rows
    corpus: Rows
    relevance: Relevance
    drawn: Rows
    probe: Arrays = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)  # reason → items or queries
    groups: Rows = field(default_factory=nobody)

    @property
    def counts(self) -> dict[str, float]:
        """Queries and their groups of both parts, how many groups are on both sides, and the documents."""
        rows = {"train_pairs": float(self.train_pairs), "heldout_pairs": float(self.heldout_pairs)}
        sides = splits.sides(self.groups[self.train], self.groups[self.heldout])
        return rows | sides | {"documents": float(len(self.corpus))}

    @property
    def train_pairs(self) -> int:
        """Queries that are learned from."""
        return len(self.train)

    @property
    def heldout_pairs(self) -> int:
        """Queries that are kept for judging."""
        return len(self.heldout)

    @property
    def probe_rows(self) -> Rows:
        """Dataset rows of the items that are drawn."""
        return self.rows[self.drawn]

    @property
    def probe_heldout(self) -> Mask:
        """Which of the drawn items are held-out queries, (drawn,) bool."""
        return np.isin(self.drawn, self.heldout)


def by_labels(rows: Rows, labels: Labels, config: RetrievalTrainingConfig) -> RetrievalData:
    """Every item with a label asks, and the others of its label answer; held-out items ask among the training items.

    `labels` are those of the items that can be used, whose dataset rows are `rows`. Of a share of the training items
    every label gets two before any gets a third, so that they have answers. Fewer than 2 queries are an `InputError`.
    """
    rows, labels, left_out = _unique(rows, labels, config)
    names = {name: code for code, name in enumerate(sorted(set(labels.label.tolist()) - {""}))}
    codes = np.array([names.get(name, -1) for name in labels.label.tolist()], dtype=np.int64)
    relevance = ByLabel(codes)
    away = heldout_mask(labels, config)
    inside = np.flatnonzero(~away)
    corpus = inside[codes[inside] >= 0]
    kept = _in_twos(corpus, codes, config)
    train = answered(relevance, kept, _mask(kept, len(rows)))
    asking = np.flatnonzero(away)
    heldout = answered(relevance, asking, _mask(corpus, len(rows)))
    _count(left_out, "label of no other training item", len(kept) - len(train))
    _count(left_out, "held out without an answer in training", len(asking) - len(heldout))
    _check(train, "No two training items have the same label.", "Bring labels, or judgements.")
    drawn = probe_positions(labels.label, config)
    parts = (rows, train, heldout, kept, corpus, relevance, drawn)
    return RetrievalData(*parts, left_out=left_out, groups=groups_of(labels))


def by_judgements(
    rows: Rows, names: Mapping[str, int], labels: Labels, gains: Mapping[str, Mapping[str, float]],
    config: RetrievalTrainingConfig,
) -> RetrievalData:  # fmt: skip
    """Queries and documents are items, each known by names → position of n; `gains` has query → document → gain.

    An item that asks is no document unless it answers somewhere itself. Judgements of unknown items are counted; no
    known ones, or fewer than 2 queries with an answer, are an `InputError`.
    """
    judged = {
        names[query]: {
            names[doc]: gain for doc, gain in known.items() if doc in names and names[doc] != names[query]
        }
        for query, known in gains.items()
        if query in names
    }
    pairs = sum(map(len, gains.values()))
    left_out: dict[str, int] = {}
    _count(left_out, "judgements of unknown items", pairs - sum(map(len, judged.values())))
    relevance = ByJudgement(judged)
    asking = np.array(sorted(judged), dtype=np.int64)
    answering = {doc for known in judged.values() for doc, gain in known.items() if gain > 0}
    documents = np.setdiff1d(
        np.arange(len(rows)), np.setdiff1d(asking, np.array(sorted(answering), dtype=np.int64))
    )
    usable = answered(relevance, asking, np.ones(len(rows), dtype=bool))
    _count(left_out, "queries without an answer here", len(asking) - len(usable))
    if len(usable) < FEWEST:
        named = ", ".join(list(gains)[:SHOWN])
        raise InputError(
            f"{len(usable)} of {len(gains)} judged queries and an answer to them are items here ({named}).",
            remedy="Queries and documents must be items of the dataset, named by their ids or by their whole texts.",
        )
    away = heldout_mask(replace_rows(labels, usable), config)
    train = _share(usable[~away], config)
    _check(train, "All queries are held out.", "Lower `heldout`, or mark more items as train.")
    drawn = probe_positions(labels.label, config)
    parts = (rows, train, usable[away], documents, documents, relevance, drawn)
    return RetrievalData(*parts, left_out=left_out, groups=groups_of(labels))


def with_probe(data: RetrievalData, probe: Arrays) -> RetrievalData:
    """The same with the input space of the items that are drawn."""
    return replace(data, probe=probe)


def _unique(
    rows: Rows, labels: Labels, config: RetrievalTrainingConfig
) -> tuple[Rows, Labels, dict[str, int]]:
    left_out: dict[str, int] = {}
    if not config.unique_pairs:
        return rows, labels, left_out
    kept = np.sort(np.unique(labels.content, return_index=True)[1])
    _count(left_out, "same content as an earlier row", len(rows) - len(kept))
    return rows[kept], replace_rows(labels, kept), left_out


def _in_twos(items: Rows, codes: Rows, config: RetrievalTrainingConfig) -> Rows:
    """A share of items, drawn by the seed of the split: of each label two, then four, and so on."""
    wanted = max(FEWEST, round(config.share * len(items)))
    if wanted >= len(items):
        return items
    shuffled = _stream(config).permutation(items)
    order = np.argsort(codes[shuffled], kind="stable")
    _, starts = np.unique(codes[shuffled][order], return_index=True)
    within = np.empty(len(items), dtype=np.int64)
    within[order] = np.arange(len(items)) - np.repeat(starts, np.diff([*starts, len(items)]))
    names = _stream(config).permutation(int(codes.max()) + 1)[
        codes[shuffled]
    ]  # labels take turns in a random order
    chosen = np.lexsort((names, within // 2))[:wanted]
    return np.sort(shuffled[chosen])


def _share(queries: Rows, config: RetrievalTrainingConfig) -> Rows:
    wanted = min(len(queries), max(FEWEST, round(config.share * len(queries))))
    return np.sort(_stream(config).permutation(queries)[:wanted])


def _stream(config: RetrievalTrainingConfig) -> np.random.Generator:
    return np.random.default_rng((config.seed if config.split_seed < 0 else config.split_seed, SHARE))


def _mask(positions: Rows, count: int) -> Mask:
    found = np.zeros(count, dtype=bool)
    found[positions] = True
    return found


def _count(counts: dict[str, int], reason: str, number: int) -> None:
    if number:
        counts[reason] = number


def _check(train: Rows, problem: str, remedy: str) -> None:
    if len(train) < FEWEST:
        raise InputError(problem, remedy=remedy)
