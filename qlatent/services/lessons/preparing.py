"""Make the data of lessons in a workspace, once: data sets, trainings, experiments and jobs. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from qlatent.errors import InputError, QlatentError, RunError
from qlatent.services.datasets import datasets
from qlatent.services.datasets.import_records import Preview
from qlatent.services.experiments import experiments
from qlatent.services.experiments.grid import Experiment, Grid
from qlatent.services.lessons import jobs
from qlatent.services.lessons.jobs import Wanted
from qlatent.services.lessons.manifest import Training, fault, folder_of, manifest
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import TrainSpec
from qlatent.services.training import sweeps
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import training_spec
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace
from qlatent.teaching.lesson import Lesson

REMEDY = "Prepare the lesson first (`qlatent lessons prepare`)."


@dataclass(frozen=True)
class Readiness:
    """How far the trainings and jobs of a lesson are; `failed` has one line for each that will not end by itself.

    `done` is `finished` and the shares of those that run.
    """

    finished: int
    total: int
    active: int
    done: float
    failed: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether everything is there."""
        return self.finished == self.total


def prepare(workspace: Workspace, needs: Iterable[str] | None = None) -> None:
    """Store the data of these trainings, experiments and jobs (None: of all lessons) and queue what is missing.

    What is there already, by whomever it was made, is not made again. What has failed is tried again. A job is queued
    once its training has finished: see `go_on`.
    """
    wanted = _with_trainings(needs)
    for name in wanted:
        _store(workspace, _data_of(name))
    known = sweeps.known(workspace)
    for name in wanted:
        if name in manifest().runs:
            _train(workspace, spec(workspace, name), known)
    for name in wanted:
        if name in manifest().experiments:
            experiments.start(workspace, _experiment(workspace, name))
    go_on(workspace, wanted, again=True)


def go_on(workspace: Workspace, needs: Iterable[str] | None = None, *, again: bool = False) -> None:
    """Queue the jobs of these names whose trainings have finished since; `again`: also those that have failed."""
    for name in _with_trainings(needs):
        wanted = _wanted(workspace, name) if name in manifest().jobs else None
        if wanted is not None and not jobs.done(workspace, wanted):
            jobs.start(workspace, wanted, again=again)


def stop(workspace: Workspace, needs: Iterable[str]) -> None:
    """Stop what is being made for these names; what has finished is kept, and `prepare` goes on with the rest."""
    known = sweeps.known(workspace)
    for name in _with_trainings(needs):
        if dataset_id(workspace, _data_of(name)) is None:
            continue
        if name in manifest().jobs:
            wanted = _wanted(workspace, name)
            if wanted is not None:
                jobs.stop(workspace, wanted)
        elif name in manifest().experiments:
            experiments.stop(workspace, _experiment(workspace, name))
        elif (run := known.get(training_key(spec(workspace, name)))) is not None and run.active:
            with suppress(RunError):  # it has ended meanwhile
                queue.stop(workspace, run.id)


def prepare_each(workspace: Workspace, lessons: Iterable[Lesson]) -> dict[str, str]:
    """Prepare lessons one by one; for each that cannot be prepared, such as one with unusable data, why."""
    problems: dict[str, str] = {}
    for lesson in lessons:
        try:
            prepare(workspace, lesson.about.needs)
        except QlatentError as err:
            problems[lesson.id] = str(err)
    return problems


def readiness(workspace: Workspace, needs: Iterable[str] | None = None) -> Readiness:
    """How far what has these names is (None: what all lessons need); nothing is started."""
    known = sweeps.known(workspace)
    finished = total = active = 0
    under_way = 0.0
    failed: list[str] = []
    for name in _with_trainings(needs):
        if dataset_id(workspace, _data_of(name)) is None:
            total += 1
        elif name in manifest().jobs:
            job = jobs.progress(workspace, _wanted(workspace, name))
            total, finished, active = total + 1, finished + job.done, active + job.active
            under_way += job.share
            failed += job.failed
        elif name in manifest().experiments:
            told = experiments.progress(workspace, _experiment(workspace, name))
            total, finished = total + told.total, finished + min(told.finished, told.measured)
            active, under_way = active + told.active, under_way + told.under_way
            failed += told.failed
        else:
            run = known.get(training_key(spec(workspace, name)))
            total, finished = total + 1, finished + (run is not None and run.state == "finished")
            if run is not None and run.active:
                active, under_way = active + 1, under_way + run.progress
            if run is not None and run.state in ("failed", "interrupted", "stopped"):
                failed.append(f"{run.name}: {run.message}")
    return Readiness(finished, total, active, finished + under_way, tuple(failed))


def dataset_id(workspace: Workspace, name: str) -> str | None:
    """The id of a lesson's data set in this workspace, or None if it is not there."""
    found = workspace.catalogue.find_import(_fingerprint(workspace, name), dataset=None)
    return found.dataset_id if found and workspace.items.has(found.dataset_id) else None


def run_id(workspace: Workspace, name: str) -> str:
    """The id of the finished training of this name; `InputError` where it is not there yet."""
    manifest().check(name)
    training = manifest().runs.get(name)
    written = f"{training.model_dump_json()} {_fingerprint(workspace, training.data)}" if training else ""
    found = _finished(workspace, name, written)
    if not (workspace.runs_path / found).is_dir():  # removed since
        _finished.cache_clear()
        found = _finished(workspace, name, written)
    return found


@lru_cache(maxsize=256)
def _finished(workspace: Workspace, name: str, written: str) -> str:
    """The id; `written` is how the training and its data are written at present."""
    if name in manifest().runs and dataset_id(workspace, _data_of(name)) is not None:
        run = sweeps.known(workspace).get(training_key(spec(workspace, name)))
        if run is not None and run.state == "finished":
            return run.id
    raise InputError(f"The training {name!r} of this lesson is not there yet.", remedy=REMEDY)


def job_id(workspace: Workspace, name: str) -> str:
    """The id of the job of this name, which is done; `InputError` where it is not there yet."""
    manifest().check(name)
    wanted = _wanted(workspace, name) if name in manifest().jobs else None
    found = jobs.done(workspace, wanted) if wanted else None
    if found is None:
        raise InputError(f"The job {name!r} of this lesson is not there yet.", remedy=REMEDY)
    return found


def _wanted(workspace: Workspace, name: str) -> Wanted | None:
    """What a job is to do; None until its training has finished."""
    job = manifest().jobs[name]
    try:
        run = run_id(workspace, job.run)
    except InputError:
        return None
    return Wanted(name, job, run, _dataset(workspace, _data_of(name)))


def experiment(workspace: Workspace, name: str) -> Experiment:
    """The experiment of this name, finished and measured; `InputError` where it is not yet."""
    manifest().check(name)
    if name in manifest().experiments and readiness(workspace, (name,)).ready:
        return _experiment(workspace, name)
    raise InputError(f"The experiment {name!r} of this lesson is not finished yet.", remedy=REMEDY)


def _data_of(name: str) -> str:
    names = manifest()
    known: Mapping[str, Training | object] = {**names.runs, **names.experiments}
    return str(known[names.jobs[name].run if name in names.jobs else name].data)  # type: ignore[union-attr]


def _with_trainings(needs: Iterable[str] | None) -> tuple[str, ...]:
    return manifest().with_trainings(manifest().names if needs is None else needs)


def _source(name: str) -> list[str]:
    return [str(folder_of(name) / file) for file in manifest().data[name].files]


def _fingerprint(workspace: Workspace, name: str) -> str:
    source = _source(name)
    changed = tuple(Path(each).stat().st_mtime_ns if Path(each).exists() else 0 for each in source)
    return _seen(workspace, name, tuple(source), changed).fingerprint


@lru_cache(maxsize=16)
def _seen(workspace: Workspace, name: str, source: tuple[str, ...], changed: tuple[int, ...]) -> Preview:
    """The files of a data set, read to their end; one that cannot be read in whole raises `InputError`."""
    try:
        seen = datasets.preview(workspace, list(source))
    except InputError as err:
        raise fault(name, "data", err.message, err.remedy, key="files") from err
    if seen.problem:
        raise fault(name, "data", seen.problem.message, seen.problem.remedy, key="files")
    if seen.refusals:
        first = seen.refusals[0]
        rows = seen.good + seen.refused
        said = f"{seen.refused} of {rows} rows cannot be used; the first is row {first.row}: {first.reason}"
        raise fault(name, "data", said, "Correct these rows, or take them away.", key="files")
    return seen


def _store(workspace: Workspace, name: str) -> None:
    if dataset_id(workspace, name) is not None:
        return
    try:
        datasets.store(
            workspace, datasets.preview(workspace, _source(name)), name=manifest().data[name].title
        )
    except InputError as err:  # pictures are decoded only now
        raise fault(name, "data", err.message, err.remedy, key="files") from err


def _dataset(workspace: Workspace, name: str) -> str:
    found = dataset_id(workspace, name)
    if found is None:
        raise InputError(f"The data {manifest().data[name].title!r} is not there.", remedy=REMEDY)
    return found


def spec(workspace: Workspace, name: str) -> TrainSpec:
    """The training of this name, whose data must be there."""
    training = manifest().runs[name]
    request = TrainingRequest(
        _dataset(workspace, training.data), head=training.head, objective=training.objective,
        settings=training.settings, name=training.title or f"Lesson: {name}",
    )  # fmt: skip
    try:
        return training_spec(workspace, request)
    except QlatentError as err:  # a setting that the head does not have, vectors that do not fit
        raise fault(name, "runs", err.message, err.remedy) from err


def _train(workspace: Workspace, spec: TrainSpec, known: Mapping[str, RunSummary]) -> None:
    """Queue a training, or go on with it; of a class that opens a lesson at the same moment, only one does it."""
    key = training_key(spec)
    run = known.get(key)
    if run is None:
        queue.start(workspace, spec, token=f"lesson {key}")
    elif not run.active and run.state != "finished":
        try:
            queue.resume(workspace, run.id)
        except RunError:
            if not listing.summary(workspace, run.id).active:
                raise


def _experiment(workspace: Workspace, name: str) -> Experiment:
    grid = manifest().experiments[name]
    asked = Grid(
        _dataset(workspace, grid.data), heads=grid.heads, objectives=(grid.objective,), dims=(grid.dim,),
        seeds=grid.seeds, settings=grid.settings, name=grid.title,
    )  # fmt: skip
    try:
        return experiments.create(workspace, asked)
    except QlatentError as err:
        raise fault(name, "experiments", err.message, err.remedy) from err
