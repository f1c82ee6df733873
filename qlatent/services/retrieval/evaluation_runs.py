"""Run a retrieval evaluation as a queued run, with copies of its input files. Torch-free."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlatent import registry
from qlatent.errors import ConfigError, InputError
from qlatent.ingest.judgements.files import read_judgements, read_queries, read_run
from qlatent.services.experiments import grid
from qlatent.services.heads import kept_heads
from qlatent.services.retrieval.collection import Task, modality_of, unencoded
from qlatent.services.retrieval.searched_heads import NONE, config, is_drawn
from qlatent.services.runs import listing, queue, specs
from qlatent.services.runs.job import Job
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import EncodeWith, Encoding, RetrievalEvaluation, expected
from qlatent.services.vectors import stored
from qlatent.settings import settings
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.types import Cancelled, Progress

if TYPE_CHECKING:
    from qlatent.encoders.base import AbstractEncoder
    from qlatent.services.retrieval.evaluation import Evaluation

KIND = "retrieval_evaluation"
READERS: dict[str, Callable[[Path], object]] = {
    "queries": read_queries, "judgements": read_judgements, "run": read_run,
}  # fmt: skip
PARTS = 1000  # units of progress
ENCODING = 500  # of these, for encoding queries without vectors, if there are any


@dataclass(frozen=True)
class Request:
    """A request to evaluate heads, in the form of `retrieval.evaluate`, on a dataset.

    `files` are uploaded files by role: queries (or `queries`, the id of a dataset), judgements, run. `encoder` and
    `settings` are the name and settings of the corpus encoder, which uploaded queries may need.
    """

    corpus: str
    heads: tuple[str, ...]
    encoder_key: str = ""
    queries: str = ""
    files: Mapping[str, Path] = field(default_factory=dict)
    encoder: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    against: str = ""
    seed: int = 0
    name: str = ""


def start(workspace: Workspace, request: Request, *, token: str = "") -> str:
    """Queue an evaluation, with copies of its files, and start it if there is room; returns the run's id.

    `token` as in `runs.enqueue`.
    """
    return queue.start(workspace, spec(workspace, request), inputs=request.files, token=token)


def spec(workspace: Workspace, request: Request) -> RetrievalEvaluation:
    """The spec of the run; unreadable files, wrong heads and missing vectors raise before anything is queued."""
    record = workspace.catalogue.dataset(request.corpus)
    key = request.encoder_key or stored.choose(workspace, request.corpus)
    _check_files(workspace, request, key)
    if not request.heads:
        raise ConfigError(
            "No head was chosen.",
            remedy=f"Choose at least one; {NONE!r} stands for the uncompressed vectors.",
        )
    for head in request.heads:
        _check_head(workspace, head, request, key)
    if request.encoder:
        registry.make_config(registry.config_class("encoder", request.encoder), request.settings)
    heads_said = f"{len(request.heads)} head{'s' * (len(request.heads) > 1)}"
    return RetrievalEvaluation(
        name=request.name or f"{heads_said} on {record.name}",
        created=time.time(),
        dataset=request.corpus,
        encoder=key,
        heads=request.heads,
        queries=request.queries,
        files={role: file.name for role, file in request.files.items()},
        encode_with=EncodeWith(encoder=request.encoder, settings=dict(request.settings))
        if request.encoder
        else None,
        against=request.against,
        seed=request.seed,
        threads=settings().threads,
        device=settings().device,
    )


def _check_files(workspace: Workspace, request: Request, key: str) -> None:
    stored.widths(workspace, request.corpus, key)
    asked = bool(request.queries or "queries" in request.files)
    if asked != ("judgements" in request.files):
        raise InputError(
            "Queries and judgements are needed together.",
            remedy="Pass both, or neither to use labels.",
        )
    if request.queries:
        stored.widths(workspace, request.queries, key)
    for role, file in request.files.items():
        READERS[role](file)


def _check_head(workspace: Workspace, head: str, request: Request, key: str) -> None:
    if head == NONE:
        return
    if not is_drawn(head):
        kept_heads.check_space(kept_heads.find(workspace, head.removeprefix(grid.KEPT)), key)
        return
    modality = modality_of(workspace, request.corpus, key)
    config(head, stored.widths(workspace, request.corpus, key)[modality], modality, request.seed)


def execute(
    workspace: Workspace, folder: RunFolder, *, progress: Progress, should_stop: Callable[[], bool]
) -> dict[str, Any] | None:
    """Evaluate, and save metrics and first ranks in the run folder; None if stopped before the end.

    A resumed run evaluates all heads again; encoded queries keep their vectors.
    """
    from qlatent.services.retrieval import evaluation

    asked = expected(specs.of(folder), RetrievalEvaluation)
    brought = {role: str(folder.input(role) or "") for role in READERS}
    task = Task(
        asked.dataset, asked.queries or brought["queries"], brought["judgements"], brought["run"],
        asked.encoder, asked.seed,
    )  # fmt: skip
    told = _Progress(progress, should_stop)
    try:
        told(0, 1)
        encoder = _encoder(workspace, asked, folder.input("queries"))
        told.phases = 2 if encoder else 1
        found = evaluation.judged(
            workspace, task, heads=asked.heads, against=asked.against, encoder=encoder, progress=told
        )
    except Cancelled:
        return None
    folder.write_ranked(_ranked(found))
    folder.write_figures(found.document)
    return found.document


class _Progress:
    """Reports progress in thousandths: encoding of queries, where needed, then ranking."""

    def __init__(self, progress: Progress, should_stop: Callable[[], bool]) -> None:
        self.phases, self._progress, self._should_stop = 1, progress, should_stop
        self._encoded = False

    def __call__(self, done: int, total: int | None) -> None:
        if self._should_stop():
            raise Cancelled
        share = done / total if total else 0.0
        if self.phases == 1 or self._encoded:
            first = ENCODING if self.phases > 1 else 0
            self._progress(first + int((PARTS - first) * share), PARTS)
            return
        self._progress(int(ENCODING * share), PARTS)
        self._encoded = share >= 1.0


def _encoder(
    workspace: Workspace, asked: RetrievalEvaluation, queries: Path | None
) -> AbstractEncoder | None:
    """The encoder for uploaded queries; None if all of them have vectors."""
    from qlatent.services.vectors import encoding

    given = asked.encode_with
    if queries is None or given is None:
        return None
    if not unencoded(workspace, read_queries(queries).texts.values(), asked.encoder):
        return None
    return encoding.make_encoder(given.encoder, given.settings)


def _ranked(found: Evaluation) -> dict[str, Any]:
    """The first documents of every query by head with gains and NDCG@10; each document is listed once."""
    from qlatent.metrics.retrieval.relevance import MAIN

    ids = found.collection.ids
    used = {row: place for place, row in enumerate(dict.fromkeys(
        row for ranked in found.first.values() for row in ranked.ravel().tolist() if row >= 0
    ))}  # fmt: skip
    return {
        "queries": found.collection.query_ids,
        "documents": [ids[row] for row in used],
        "places": {
            head: [[used[row] for row in each if row >= 0] for each in ranked.tolist()]
            for head, ranked in found.first.items()
        },
        "gains": {head: found.collection.relevance.gains(ranked) for head, ranked in found.first.items()},
        "values": {head: measures[MAIN] for head, measures in found.values.items()},
        "relevant": [int((each > 0).sum()) for each in found.collection.relevance.ideal],
    }


# --- reading ----------------------------------------------------------------------------------------------


def evaluations(workspace: Workspace) -> list[RunSummary]:
    """All evaluations, newest first."""
    return listing.list_runs(workspace, KIND)


def files(run: RunSummary) -> dict[str, str]:
    """The names of the uploaded files of an evaluation, by role."""
    return run.spec.files if isinstance(run.spec, RetrievalEvaluation) else {}


def encoder_of(workspace: Workspace, key: str) -> tuple[str, dict[str, Any]] | None:
    """Name and settings of the encoder with this key, from the newest run that used it, or None."""
    for run in listing.list_runs(workspace, "encode"):
        if isinstance(run.spec, Encoding) and listing.metrics(workspace, run.id).get("encoder") == key:
            return run.spec.encoder, dict(run.spec.settings)
    return None


def askers(workspace: Workspace, dataset: str) -> int:
    """Number of items that share their label with another: the possible queries under relevance by labels."""
    counts = Counter(workspace.items.table(dataset, columns=["label"])["label"].to_pylist())
    return sum(count for label, count in counts.items() if label and count > 1)


def carry_out(workspace: Workspace, job: Job) -> str:
    """Run an evaluation; returns the final state."""
    found = execute(workspace, job.folder, progress=job.progress, should_stop=job.should_stop)
    return "stopped" if found is None else job.finish(documents=found["documents"], queries=found["queries"])
