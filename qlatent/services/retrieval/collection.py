"""Load a retrieval collection: vectors of a corpus and of queries from one encoder, and their relevance.

The corpus is a dataset. Queries are a dataset, or a file whose texts take their vectors from the embedding store.
Relevance comes from a file of judgements, or from labels: then every item is a query, and the others of its label
are relevant. Mismatches are counted in `notes`; a complete mismatch raises `InputError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qlatent.encoders.base import AbstractEncoder
from qlatent.errors import InputError
from qlatent.ingest.judgements.files import Judgements, read_judgements, read_queries, read_run
from qlatent.services.vectors import encoding, stored
from qlatent.store.workspace import Workspace
from qlatent.types import Progress, content_hash

LABEL_QUERIES = 2000  # most query items under relevance by labels
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Task:
    """An evaluation task. `queries` is a dataset's id or a file; without it and `judgements`, labels give relevance.

    `run` is a file with the candidates of each query; only these are ranked. Without it, the whole corpus is ranked.
    """

    corpus: str
    queries: str = ""
    judgements: str = ""
    run: str = ""
    encoder_key: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Judged:
    """Relevance by judgements: per query, corpus row → gain. `ideal` has the gains of all its judged documents."""

    by_row: list[dict[int, float]]
    ideal: list[NDArray[np.float64]]

    def gains(self, rows: Rows) -> NDArray[np.float64]:
        """The gains of ranked rows (q, depth); 0 for row -1."""
        found = np.zeros(rows.shape)
        for place, (known, ranked) in enumerate(zip(self.by_row, rows.tolist(), strict=True)):
            found[place] = [known.get(row, 0.0) for row in ranked]
        return found


@dataclass(frozen=True)
class Labelled:
    """Relevance by labels: every other item with the query's label is relevant."""

    codes: Rows  # (n,) of the corpus; -1 for none
    asked: Rows  # (q,) of the queries
    ideal: list[NDArray[np.float64]]

    def gains(self, rows: Rows) -> NDArray[np.float64]:
        """The gains of ranked rows (q, depth); 0 for row -1."""
        return np.logical_and(self.codes[rows] == self.asked[:, None], rows >= 0).astype(np.float64)


Relevance = Judged | Labelled


@dataclass(frozen=True)
class Collection:
    """Vectors of the corpus (n, d) and of the judged queries (q, d), and their relevance."""

    key: str
    modality: str
    ids: list[str]
    vectors: NDArray[np.float32]
    query_ids: list[str]
    asked: NDArray[np.float32]
    relevance: Relevance
    skip: Rows  # (q,) the query's own row in the corpus, or -1
    candidates: list[Rows] | None = None  # corpus rows from the given run, in its order
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Asked:
    ids: list[str]
    vectors: NDArray[np.float32]


def collect(
    workspace: Workspace,
    task: Task,
    *,
    encoder: AbstractEncoder | None = None,
    progress: Progress | None = None,
) -> Collection:
    """Load the collection of a task; `encoder`, which must be the corpus's, encodes query texts without vectors."""
    if bool(task.judgements) != bool(task.queries):
        raise InputError(
            "Queries and judgements belong together.",
            remedy="Pass both, or neither to use labels.",
        )
    key = task.encoder_key or stored.choose(workspace, task.corpus, preferred=encoder.key if encoder else "")
    modality = modality_of(workspace, task.corpus, key)
    ids, labels, matrix, notes = _corpus(workspace, task.corpus, key, modality)
    if not task.queries:
        return _by_labels(task, (key, modality), ids, labels, matrix, notes)
    asked = _queries(workspace, task, key, encoder, notes, progress)
    if asked.vectors.shape[1] != matrix.shape[1]:
        raise InputError(
            f"Query vectors have width {asked.vectors.shape[1]}, corpus vectors {matrix.shape[1]}.",
            remedy="Encode both with the same encoder.",
        )
    judgements = read_judgements(task.judgements)
    notes += judgements.notes
    return _by_judgements(task, (key, modality), ids, matrix, asked, judgements, notes)


def modality_of(workspace: Workspace, dataset: str, key: str) -> str:
    found = list(stored.widths(workspace, dataset, key))
    return "text" if "text" in found else found[0]


def _corpus(
    workspace: Workspace, dataset: str, key: str, modality: str
) -> tuple[list[str], list[str | None], NDArray[np.float32], list[str]]:
    table = workspace.items.table(dataset, columns=["id", "label"])
    ids, labels = (table[name].to_pylist() for name in ("id", "label"))
    matrix = stored.read(workspace, dataset, key, modalities=(modality,))[modality]
    whole = stored.whole(matrix)
    rows = np.flatnonzero(whole)
    left = len(ids) - len(rows)
    notes = [f"{left} documents without a {modality} vector left out"] if left else []
    return [ids[row] for row in rows], [labels[row] for row in rows], matrix[whole], notes


def _queries(
    workspace: Workspace, task: Task, key: str, encoder: AbstractEncoder | None, notes: list[str],
    progress: Progress | None,
) -> _Asked:  # fmt: skip
    """The ids and vectors of all queries."""
    if task.queries in {record.id for record in workspace.catalogue.datasets()}:
        modality = modality_of(workspace, task.queries, key)
        ids, _, matrix, said = _corpus(workspace, task.queries, key, modality)
        notes += [each.replace("documents", "queries") for each in said]
        return _Asked(ids, matrix)
    if not Path(task.queries).is_file():
        raise InputError(
            f"{task.queries!r} is neither a dataset here nor a file.",
            remedy="List datasets with `qlatent datasets`.",
        )
    read = read_queries(task.queries)
    notes += read.notes
    missing = unencoded(workspace, read.texts.values(), key)
    if missing:
        _encode(workspace, read.texts, key, encoder, missing, progress)
    hashes = [content_hash(text) for text in read.texts.values()]
    return _Asked(list(read.texts), workspace.items.embeddings(key, "text", hashes))


def unencoded(workspace: Workspace, texts: Iterable[str], key: str) -> int:
    """Number of distinct texts without a vector of this encoder."""
    return len(workspace.items.missing(key, "text", [content_hash(text) for text in texts]))


def _encode(
    workspace: Workspace, texts: dict[str, str], key: str, encoder: AbstractEncoder | None, missing: int,
    progress: Progress | None,
) -> None:  # fmt: skip
    if encoder is None or encoder.key != key:
        has = "no encoder was given" if encoder is None else f"the encoder given is {encoder.key}"
        raise InputError(
            f"{missing} queries have no vectors of {key} yet, and {has}.",
            remedy="Pass the encoder of the corpus, with the same settings.",
        )
    encoding.encode_texts(workspace, texts, encoder=encoder, progress=progress)


def _by_labels(
    task: Task, space: tuple[str, str], ids: list[str], labels: Sequence[str | None],
    matrix: NDArray[np.float32], notes: list[str],
) -> Collection:  # fmt: skip
    if task.run:
        raise InputError(
            "A run can only be re-ranked by judgements.", remedy="Pass queries and judgements too."
        )
    names = {label: code for code, label in enumerate(dict.fromkeys(each for each in labels if each))}
    codes = np.array([names[each] if each else -1 for each in labels], dtype=np.int64)
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    fit = np.flatnonzero(np.logical_and(codes >= 0, np.append(sizes, 0)[codes] > 1))
    if not len(fit):
        raise InputError(
            f"No two items of {task.corpus!r} have the same label.", remedy="Pass queries and judgements."
        )
    if len(fit) < len(ids):
        notes.append(f"{len(ids) - len(fit)} items whose label no other item has do not ask")
    if len(fit) > LABEL_QUERIES:
        drawn = np.sort(np.random.default_rng(task.seed).choice(fit, LABEL_QUERIES, replace=False))
        notes.append(f"{LABEL_QUERIES:,} of {len(fit):,} items ask, drawn by seed {task.seed}")
        fit = drawn
    ideal = [np.ones(sizes[codes[row]] - 1) for row in fit]
    return Collection(
        *space, ids, matrix, [ids[row] for row in fit], matrix[fit], Labelled(codes, codes[fit], ideal), fit,
        notes=notes,
    )  # fmt: skip


def _by_judgements(
    task: Task, space: tuple[str, str], ids: list[str], matrix: NDArray[np.float32], asked: _Asked,
    judgements: Judgements, notes: list[str],
) -> Collection:  # fmt: skip
    row_of = {name: row for row, name in enumerate(ids)}
    notes += _misfits(asked, judgements, row_of)
    given = read_run(task.run) if task.run else None
    places = [place for place, name in enumerate(asked.ids) if name in judgements.gains]
    candidates = None
    if given is not None:
        notes += given.notes
        places, listed, said = _candidates(
            [(place, asked.ids[place]) for place in places], given.documents, row_of
        )
        candidates, notes = listed, notes + said
    whole = stored.whole(asked.vectors)
    judged = [judgements.gains[asked.ids[place]] for place in places]
    if not whole[places].all():
        raise InputError(
            f"{int((~whole[places]).sum())} judged queries have no vector.", remedy="Encode them."
        )
    relevance = Judged(
        [{row_of[name]: gain for name, gain in each.items() if name in row_of} for each in judged],
        [np.array(list(each.values())) for each in judged],
    )
    none = sum(1 for each in relevance.ideal if not (each > 0).any())
    if none:
        notes.append(f"{none} queries without a relevant document left out of the means")
    own = [row_of.get(asked.ids[place], -1) if task.queries == task.corpus else -1 for place in places]
    return Collection(
        *space, ids, matrix, [asked.ids[place] for place in places], asked.vectors[places], relevance,
        np.array(own, dtype=np.int64), candidates, notes,
    )  # fmt: skip


def _misfits(asked: _Asked, judgements: Judgements, row_of: dict[str, int]) -> list[str]:
    """Notes that count mismatches of judgements and collection; a complete mismatch raises `InputError`."""
    known = [name for name in asked.ids if name in judgements.gains]
    pairs = [(name, gain) for each in judgements.gains.values() for name, gain in each.items()]
    absent = [(name, gain) for name, gain in pairs if name not in row_of]
    if not known or len(absent) == len(pairs):
        what = "queries" if not known else "documents"
        there = (asked.ids if not known else list(row_of))[:1]
        named = next(iter(judgements.gains)) if not known else pairs[0][0]
        sizes = len(judgements.gains), len(asked.ids), len(pairs), len(row_of)
        counts = "{} judged, {} here".format(*(sizes[:2] if not known else sizes[2:]))
        raise InputError(
            f"The judgements name none of the {what} ({counts}): they say {named!r}, and there is "
            f"{there[0] if there else 'none'!r}.",
            remedy="Use the judgements of this collection, or correct the ids.",
        )
    notes = []
    if len(known) < len(asked.ids):
        notes.append(f"{len(asked.ids) - len(known)} of {len(asked.ids)} queries without judgements left out")
    if len(known) < len(judgements.gains):
        notes.append(f"judgements of {len(judgements.gains) - len(known)} queries that are not here left out")
    if absent:
        relevant = sum(1 for _, gain in absent if gain > 0)
        notes.append(
            f"{len(absent)} of {len(pairs)} judgements name documents that the corpus lacks, "
            f"{relevant} of them relevant: these count as not found"
        )
    return notes


def _candidates(
    judged: list[tuple[int, str]], documents: dict[str, list[str]], row_of: dict[str, int]
) -> tuple[list[int], list[Rows], list[str]]:
    """The queries of the run, their candidates as corpus rows, and notes on mismatches."""
    kept = [(place, name) for place, name in judged if name in documents]
    listed = [
        np.array([row_of[each] for each in documents[name] if each in row_of], np.int64) for _, name in kept
    ]
    total = sum(len(documents[name]) for _, name in kept)
    absent = total - sum(map(len, listed))
    if not kept or absent == total:
        what, named, here = (
            (f"none of the {len(judged)} judged queries", next(iter(documents)), judged[0][1])
            if not kept
            else (f"no document of the corpus ({total} candidates, {len(row_of)} documents)",
                  next(iter(documents[kept[0][1]])), next(iter(row_of)))
        )  # fmt: skip
        raise InputError(
            f"The run ranks {what}: it says {named!r}, and there is {here!r}.",
            remedy="Use a run of this collection, or correct the ids.",
        )
    notes = []
    if len(kept) < len(judged):
        notes.append(f"{len(judged) - len(kept)} judged queries that the run does not have left out")
    if absent:
        notes.append(f"{absent} of {total} candidates of the run are not in the corpus and were left out")
    return [place for place, _ in kept], listed, notes
