"""Choose training and held-out queries and the documents they rank, from seed and content."""

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

FEWEST = 2  # queries; a single one has no in-batch negatives
SHARE, POSITIVES = 8, 9  # random streams: which queries a share keeps, which answers a batch uses
SHOWN = 5


@dataclass(frozen=True)
class RetrievalData:
    """Positions among the n items that have a vector or a text; `rows` (n,) are their rows in the dataset.

    `train` and `heldout` are queries, `documents` the possible answers in training, `corpus` the documents that
    held-out queries rank. `drawn` is the probe set and `probe` its input space by modality. `groups` (n,) has the
    group of each item.
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
        """Numbers of queries and groups in the training and held-out parts, of groups in both, and of documents."""
        rows = {"train_pairs": float(self.train_pairs), "heldout_pairs": float(self.heldout_pairs)}
        sides = splits.sides(self.groups[self.train], self.groups[self.heldout])
        return rows | sides | {"documents": float(len(self.corpus))}

    @property
    def train_pairs(self) -> int:
        """Number of training queries."""
        return len(self.train)

    @property
    def heldout_pairs(self) -> int:
        """Number of held-out queries."""
        return len(self.heldout)

    @property
    def probe_rows(self) -> Rows:
        """Dataset rows of the probe set."""
        return self.rows[self.drawn]

    @property
    def probe_heldout(self) -> Mask:
        """Which items of the probe set are held-out queries, (drawn,) bool."""
        return np.isin(self.drawn, self.heldout)


def by_labels(rows: Rows, labels: Labels, config: RetrievalTrainingConfig) -> RetrievalData:
    """Retrieval data in which items of one label answer each other; held-out items query the training items.

    `labels` are those of the usable items, whose dataset rows are `rows`. With a share of the training items, every
    label gets two items before any gets a third, so that queries have answers. Fewer than 2 queries raise `InputError`.
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
    _check(train, "No two training items have the same label.", "Add labels, or relevance judgements.")
    drawn = probe_positions(labels.label, config)
    parts = (rows, train, heldout, kept, corpus, relevance, drawn)
    return RetrievalData(*parts, left_out=left_out, groups=groups_of(labels))


def by_judgements(
    rows: Rows, names: Mapping[str, int], labels: Labels, gains: Mapping[str, Mapping[str, float]],
    config: RetrievalTrainingConfig,
) -> RetrievalData:  # fmt: skip
    """Retrieval data from relevance judgements, `gains`: query → document → gain.

    Queries and documents are items; `names` maps their names to positions. A query item is a document only if it
    answers another query. Judgements of unknown items are counted and left out. Fewer than 2 queries with an answer
    raise `InputError`.
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
            f"Only {len(usable)} of {len(gains)} judged queries are items with an answer in this dataset ({named}).",
            remedy="Name queries and documents by the ids or the full texts of the dataset's items.",
        )
    away = heldout_mask(replace_rows(labels, usable), config)
    train = _share(usable[~away], config)
    _check(train, "All queries are held out.", "Lower `heldout`, or mark more items as train.")
    drawn = probe_positions(labels.label, config)
    parts = (rows, train, usable[away], documents, documents, relevance, drawn)
    return RetrievalData(*parts, left_out=left_out, groups=groups_of(labels))


def with_probe(data: RetrievalData, probe: Arrays) -> RetrievalData:
    """`data` with the input space of the probe set."""
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
    """A share of the items, drawn by the split seed: two of each label, then four, and so on."""
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
