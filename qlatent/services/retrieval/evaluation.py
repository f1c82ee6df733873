"""Evaluate heads by retrieval: each query ranks the corpus, or the candidates of a run, in a head's latent space.

Nothing is trained here. A registered head is used untrained, after fitting what needs no labels on the corpus (the
axes of PCA). A kept head is used with its weights, on vectors of its own encoder only.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.encoders.base import AbstractEncoder
from qlatent.errors import InputError
from qlatent.metrics.retrieval import relevance, search
from qlatent.services.datasets import datasets
from qlatent.services.retrieval.collection import Collection, Rows, Task, collect
from qlatent.services.retrieval.searched_heads import NONE, Ready, prepared
from qlatent.services.vectors import encoding
from qlatent.store.workspace import Workspace
from qlatent.types import Progress

GIVEN_ORDER = "given order"  # order of a run before re-ranking
DEPTH = 1000  # ranks that count, as in TREC
TIMED = 30  # single queries for the latency
CUT = 10  # documents per timed query
AT_ONCE = 512  # queries between two progress reports
SHOWN = 10  # ranks per query that are kept for display


@dataclass(frozen=True)
class Evaluation:
    """Results: the document, the first corpus rows (q, 10) by head, and the metrics (q,) by head and name."""

    document: dict[str, Any]
    collection: Collection
    first: dict[str, Rows]
    values: dict[str, dict[str, NDArray[np.float64]]]


def bring(
    workspace: Workspace,
    corpus: str,
    *,
    encoder: AbstractEncoder | None = None,
    progress: Progress | None = None,
) -> str:
    """The id of a corpus, given as a dataset or a file; imports and encodes it if needed."""
    known = {record.id for record in workspace.catalogue.datasets()}
    dataset = corpus
    if corpus not in known:
        if not Path(corpus).exists():
            raise InputError(
                f"{corpus!r} is neither a dataset here nor a file.",
                remedy="List datasets with `qlatent datasets`.",
            )
        dataset = datasets.store(workspace, corpus, progress=progress).dataset
    if encoder is not None:
        encoding.encode(workspace, dataset, encoder=encoder, progress=progress)
    return dataset


def evaluate(workspace: Workspace, task: Task, **options: Any) -> dict[str, Any]:
    """The document of `judged`, with the same options."""
    return judged(workspace, task, **options).document


def judged(
    workspace: Workspace,
    task: Task,
    *,
    heads: Sequence[str] = (NONE,),
    against: str = "",
    encoder: AbstractEncoder | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate heads on a collection: metrics with intervals, differences, bytes, latency and parameters.

    `heads` are "none" (the uncompressed vectors), registry names with optional settings ("pca:dim=64"), and ids or
    names of kept heads. All are compared with `against`, by default the first head. The document states whether the
    whole corpus was ranked or a run re-ranked, and lists mismatches in `notes`. `progress` gets numbers of queries:
    first of those encoded, then of those ranked, over all heads.
    """
    chosen = tuple(dict.fromkeys(heads))
    reference = against or chosen[0]
    if reference not in chosen:
        raise InputError(
            f"{reference!r} is not among the heads: {', '.join(chosen)}.", remedy="Compare with one of them."
        )
    collection = collect(workspace, task, encoder=encoder, progress=progress)
    notes, rows = list(collection.notes), list[dict[str, Any]]()
    ranks: dict[str, Rows] = {}
    if collection.candidates is not None:
        ranks[GIVEN_ORDER] = padded(collection.candidates)
        rows.append({"head": GIVEN_ORDER, "title": "The run as it was given"})
    for done, head in enumerate(chosen):
        told = _told(progress, done, len(chosen), len(collection.query_ids))
        told(0)
        ready = prepared(workspace, head, collection, seed=task.seed)
        notes += [f"{head}: {each}" for each in ready.warnings]
        ranks[head], cost = ranked_rows(ready, collection, told=told)
        rows.append(_described(ready) | cost)
    values = {head: measured(collection, ranked) for head, ranked in ranks.items()}
    for row in rows:
        row["measures"] = _with_intervals(values[row["head"]], task.seed)
    document = {
        "corpus": task.corpus, "encoder": collection.key, "modality": collection.modality,
        "ranking": "whole corpus" if collection.candidates is None else "re-ranking of a given run",
        "documents": len(collection.ids), "queries": len(collection.query_ids), "depth": DEPTH, "seed": task.seed,
        "relevance": "judgements" if task.judgements else "same label", "notes": notes, "heads": rows,
        "differences": _differences(values, reference, task.seed),
    }  # fmt: skip
    first = {head: ranked[:, :SHOWN] for head, ranked in ranks.items()}
    return Evaluation(document, collection, first, values)


def _told(progress: Progress | None, head: int, heads: int, queries: int) -> Callable[[int], None]:
    """A callback for one head that reports the number of ranked queries over all heads."""

    def told(done: int) -> None:
        if progress is not None:
            progress(head * queries + done, heads * queries)

    return told


def ranked_rows(
    ready: Ready, collection: Collection, *, told: Callable[[int], None] = lambda done: None
) -> tuple[Rows, dict[str, float]]:
    """Corpus rows by rank (q, depth), padded with -1, and the cost per query; `told` gets the number done."""
    documents, asked = ready.latents(collection.vectors), ready.latents(collection.asked)
    index = search.index(documents, ready.metric)
    cost = {"latency_ms": _latency(ready, index, collection.asked)}
    found: list[Rows] = []
    for start in range(0, len(asked), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        if collection.candidates is None:
            depth = min(DEPTH, len(documents))
            found += list(index.top(asked[part], depth, skip=collection.skip[part]).rows)
        else:
            of_run = zip(asked[part], collection.skip[part], collection.candidates[part], strict=True)
            found += [_reordered(ready, documents, *each) for each in of_run]
        told(len(found))
    return padded(found), cost


def _reordered(
    ready: Ready, documents: NDArray[np.float32], query: NDArray[np.float32], own: int, candidates: Rows
) -> Rows:
    """The candidates of one query without its own row, nearest first."""
    rows = np.sort(candidates[candidates != own])
    found = search.top(documents[rows], query[None], max(1, len(rows)), metric=ready.metric)
    ranked: Rows = rows[found.rows[0]]
    return ranked


def _latency(ready: Ready, index: search.Index, asked: NDArray[np.float32]) -> float:
    """Median milliseconds of a single query, from its vector to the rows of the 10 nearest documents."""
    times = []
    for query in [asked[:1], *(asked[place : place + 1] for place in range(min(TIMED, len(asked))))]:
        begun = time.perf_counter()
        index.top(ready.latents(query), CUT)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times[1:])  # the first one compiles


def padded(lists: Sequence[Rows]) -> Rows:
    """Lists of rows as one matrix, -1 behind the last of each."""
    table = np.full((len(lists), max(map(len, lists), default=0)), -1, dtype=np.int64)
    for place, rows in enumerate(lists):
        table[place, : len(rows)] = rows
    return table


def measured(collection: Collection, ranked: Rows) -> dict[str, NDArray[np.float64]]:
    """The metrics of `relevance` by name, each (q,)."""
    return relevance.measures(collection.relevance.gains(ranked), collection.relevance.ideal)


def _described(ready: Ready) -> dict[str, Any]:
    return {
        "head": ready.name, "title": ready.title, "similarity": ready.metric, "dim": ready.dim,
        "bytes_per_document": 4 * ready.dim, "parameters": ready.parameters, "fitted_on": ready.fitted,
        "saturated": ready.saturated,
    }  # fmt: skip


def _with_intervals(values: Mapping[str, NDArray[np.float64]], seed: int) -> dict[str, Any]:
    """Value, 95 % interval and number of queries of every metric."""
    queries = int(np.count_nonzero(~np.isnan(values[relevance.MAIN])))
    found = relevance.intervals(values, seed=seed)
    return {name: {**estimate._asdict(), "n": queries} for name, estimate in found.items()}


def _differences(values: Mapping[str, Mapping[str, Any]], reference: str, seed: int) -> list[dict[str, Any]]:
    """Differences in NDCG@10 of every other head to the reference, paired by query."""
    main = {name: each[relevance.MAIN] for name, each in values.items() if name != reference}
    found = relevance.compare(main, values[reference][relevance.MAIN], seed=seed)
    return [
        {
            "head": name, "against": reference, "measure": relevance.MAIN, **asdict(each.difference),
            "p_holm": each.p_holm, "words": each.words,
        }
        for name, each in found.items()
    ]  # fmt: skip
