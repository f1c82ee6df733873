"""Heads judged by retrieval: every query ranks the corpus, or the candidates of a given run, in each head's latents.

Nothing is trained here. A head of the registry is taken as it is drawn, after what it takes from the corpus without
labels (the axes of PCA); a kept head as it was kept, on vectors of its own encoder only.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent import registry
from qlatent.encoders.base import AbstractEncoder
from qlatent.errors import InputError
from qlatent.metrics import relevance, search
from qlatent.services import datasets, encoding, grid, heads
from qlatent.services.collection import Collection, Rows, Task, collect
from qlatent.store.workspace import Workspace
from qlatent.types import Progress

NONE = "none"  # the vectors themselves, by cosine
GIVEN_ORDER = "given order"  # of a run, before it is ranked anew
DEPTH = 1000  # ranks that are looked at, as in TREC
TIMED = 30  # queries, one by one, for the latency
CUT = 10  # documents that a timed query asks for

Latents = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Ready:
    """A head that can be searched with: vectors (n, d) to latents (n, k), and what it is."""

    name: str
    title: str
    latents: Latents
    metric: Any
    dim: int
    parameters: dict[str, int]
    fitted: str  # on what


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


def evaluate(
    workspace: Workspace,
    task: Task,
    *,
    heads: Sequence[str] = (NONE,),
    against: str = "",
    encoder: AbstractEncoder | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """What each head makes of a collection: measures with intervals, differences, bytes, latency and parameters.

    `heads`: "none" (the vectors themselves), names of the registry with settings behind colons ("pca:qubits=64"),
    ids or names of kept heads. All are compared with `against`, the first of them if it is left out. The
    document says whether the whole corpus was ranked or a run re-ranked, and in `notes` what did not fit.
    """
    chosen = tuple(dict.fromkeys(heads))
    reference = against or chosen[0]
    if reference not in chosen:
        raise InputError(
            f"{reference!r} is not among the heads: {', '.join(chosen)}.", remedy="Compare with one of them."
        )
    collection = collect(workspace, task, encoder=encoder, progress=progress)
    notes, rows = list(collection.notes), list[dict[str, Any]]()
    values: dict[str, dict[str, NDArray[np.float64]]] = {}
    if collection.candidates is not None:
        ranked = padded(collection.candidates)
        values[GIVEN_ORDER] = measured(collection, ranked)
        rows.append({"head": GIVEN_ORDER, "title": "The run as it was given"})
    for done, head in enumerate(chosen):
        if progress is not None:
            progress(done, len(chosen))
        ready, said = _heard(lambda head=head: prepared(workspace, head, collection, seed=task.seed))  # type: ignore[misc]
        notes += [f"{head}: {each}" for each in said]
        ranked, cost = ranked_rows(ready, collection)
        values[head] = measured(collection, ranked)
        rows.append(_described(ready) | cost)
    for row in rows:
        row["measures"] = _with_intervals(values[row["head"]], task.seed)
    return {
        "corpus": task.corpus, "encoder": collection.key, "modality": collection.modality,
        "ranking": "whole corpus" if collection.candidates is None else "re-ranking of a given run",
        "documents": len(collection.ids), "queries": len(collection.query_ids), "depth": DEPTH, "seed": task.seed,
        "relevance": "judgements" if task.judgements else "same label", "notes": notes, "heads": rows,
        "differences": _differences(values, reference, task.seed),
    }  # fmt: skip


def prepared(workspace: Workspace, head: str, collection: Collection, *, seed: int = 0) -> Ready:
    """A head ready to be searched with. A kept head of another encoder or without the modality is an `InputError`."""
    if head == NONE:
        width = collection.vectors.shape[1]
        return Ready(
            head, "The vectors themselves", lambda x: x, "cosine", width, {"stored": 0, "used": 0}, "nothing"
        )
    if head.split(":")[0] in registry.HEADS:
        model, fitted = _drawn(head, collection, seed)
        title = grid.title(head)
    else:
        view = heads.find(workspace, head.removeprefix(grid.KEPT))
        heads.check_space(view, collection.key)
        model, fitted = heads.estimator(workspace, view.id).model_, "what it was trained on"
        title = f"{view.title}, kept as {view.name}"
    return Ready(
        head, title, _through(model, collection.modality), model.distance, model.latent_dim, model.parameter_count,
        fitted,
    )  # fmt: skip


def _drawn(head: str, collection: Collection, seed: int) -> tuple[Any, str]:
    """A head of the registry as its seed draws it, after what it takes from the corpus."""
    from qlatent.heads import arrays  # torch comes with the first head

    name, own = grid.parse(head)
    entry = registry.entry("head", name)
    cls = registry.config_class("head", name)
    common = {"input_dim": collection.vectors.shape[1], "modalities": (collection.modality,), "seed": seed}
    model = registry.resolve(entry.target)(registry.make_config(cls, common | own))
    model.normalise = "l2"
    model.prepare({collection.modality: arrays.as_inputs(model, collection.vectors)})
    closed = getattr(cls, "closed_form", False)
    return model.eval(), "the corpus, without labels" if closed else f"nothing: random weights of seed {seed}"


def _through(model: Any, modality: str) -> Latents:
    from qlatent.heads import arrays

    return lambda rows: arrays.transform(model, {modality: rows})[modality]


def _heard(work: Callable[[], Ready]) -> tuple[Ready, list[str]]:
    """What `work` gives, and its warnings as texts."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ready = work()
    return ready, [str(each.message) for each in caught]


def ranked_rows(ready: Ready, collection: Collection) -> tuple[Rows, dict[str, float]]:
    """Rows by rank (q, depth), -1 behind the last, and what a query costs."""
    documents, asked = ready.latents(collection.vectors), ready.latents(collection.asked)
    index = search.index(documents, ready.metric)
    cost = {"latency_ms": _latency(ready, index, collection.asked)}
    if collection.candidates is None:
        return index.top(asked, min(DEPTH, len(documents)), skip=collection.skip).rows, cost
    found = []
    for query, own, candidates in zip(asked, collection.skip, collection.candidates, strict=True):
        rows = np.sort(candidates[candidates != own])
        found.append(
            rows[search.top(documents[rows], query[None], max(1, len(rows)), metric=ready.metric).rows[0]]
        )
    return padded(found), cost


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
