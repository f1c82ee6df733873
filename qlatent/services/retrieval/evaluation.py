"""Heads judged by retrieval: every query ranks the corpus, or the candidates of a given run, in each head's latents.

Nothing is trained here. A head of the registry is taken as it is drawn, after what it takes from the corpus without
labels (the axes of PCA); a kept head as it was kept, on vectors of its own encoder only.
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

GIVEN_ORDER = "given order"  # of a run, before it is ranked anew
DEPTH = 1000  # ranks that are looked at, as in TREC
TIMED = 30  # queries, one by one, for the latency
CUT = 10  # documents that a timed query asks for
AT_ONCE = 512  # queries between two words of progress
SHOWN = 10  # of each query's ranks kept to be looked at


@dataclass(frozen=True)
class Evaluation:
    """What came out: the document, the first rows (q, 10) by head, and the measures (q,) by head and name."""

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
    """The id of a corpus that is a dataset here or a file, imported if it is new and encoded where that is missing."""
    known = {record.id for record in workspace.catalogue.datasets()}
    dataset = corpus
    if corpus not in known:
        if not Path(corpus).exists():
            raise InputError(
                f"{corpus!r} is neither a dataset here nor a file.",
                remedy="`qlatent datasets` lists datasets.",
            )
        dataset = datasets.store(workspace, corpus, progress=progress).dataset
    if encoder is not None:
        encoding.encode(workspace, dataset, encoder=encoder, progress=progress)
    return dataset


def evaluate(workspace: Workspace, task: Task, **options: Any) -> dict[str, Any]:
    """The document of `judged`, whose options it takes."""
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
    """What each head makes of a collection: measures with intervals, differences, bytes, latency and parameters.

    `heads`: "none" (the vectors themselves), names of the registry with settings behind colons ("pca:dim=64"),
    ids or names of kept heads. All are compared with `against`, the first of them if it is left out. The
    document says whether the whole corpus was ranked or a run re-ranked, and in `notes` what did not fit. `progress`
    is told of queries: first of those that are encoded, then of those that were ranked, all heads together.
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
    """Tells how many queries were ranked, all heads together, given those of one head."""

    def told(done: int) -> None:
        if progress is not None:
            progress(head * queries + done, heads * queries)

    return told


def ranked_rows(
    ready: Ready, collection: Collection, *, told: Callable[[int], None] = lambda done: None
) -> tuple[Rows, dict[str, float]]:
    """Rows by rank (q, depth), -1 behind the last, and what a query costs; `told` hears how many queries are done."""
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
    """The candidates of one query, without its own row, nearest first."""
    rows = np.sort(candidates[candidates != own])
    found = search.top(documents[rows], query[None], max(1, len(rows)), metric=ready.metric)
    ranked: Rows = rows[found.rows[0]]
    return ranked


def _latency(ready: Ready, index: search.Index, asked: NDArray[np.float32]) -> float:
    """Median milliseconds of one query alone: from its vector to the rows of the 10 nearest."""
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
    """The measures of `relevance` query by query, each (q,)."""
    return relevance.measures(collection.relevance.gains(ranked), collection.relevance.ideal)


def _described(ready: Ready) -> dict[str, Any]:
    return {
        "head": ready.name, "title": ready.title, "similarity": ready.metric, "dim": ready.dim,
        "bytes_per_document": 4 * ready.dim, "parameters": ready.parameters, "fitted_on": ready.fitted,
        "saturated": ready.saturated,
    }  # fmt: skip


def _with_intervals(values: Mapping[str, NDArray[np.float64]], seed: int) -> dict[str, Any]:
    """Value, ends of the 95 % interval and number of queries of every measure."""
    queries = int(np.count_nonzero(~np.isnan(values[relevance.MAIN])))
    found = relevance.intervals(values, seed=seed)
    return {name: {**estimate._asdict(), "n": queries} for name, estimate in found.items()}


def _differences(values: Mapping[str, Mapping[str, Any]], reference: str, seed: int) -> list[dict[str, Any]]:
    """Every other head less the reference in NDCG@10, query by query."""
    main = {name: each[relevance.MAIN] for name, each in values.items() if name != reference}
    found = relevance.compare(main, values[reference][relevance.MAIN], seed=seed)
    return [
        {
            "head": name, "against": reference, "measure": relevance.MAIN, **asdict(each.difference),
            "p_holm": each.p_holm, "words": each.words,
        }
        for name, each in found.items()
    ]  # fmt: skip
