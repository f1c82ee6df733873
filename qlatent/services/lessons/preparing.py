"""Make the data of lessons in a workspace, once: data sets, trainings, experiments and jobs. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from qlatent import registry
from qlatent.errors import InputError, QlatentError, RunError
from qlatent.services.experiments import experiments
from qlatent.services.experiments import grid as grids
from qlatent.services.experiments.grid import Experiment, Grid
from qlatent.services.lessons import jobs, material
from qlatent.services.lessons.jobs import Wanted
from qlatent.services.lessons.manifest import Training, fault, manifest
from qlatent.services.lessons.material import REMEDY
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import TrainSpec
from qlatent.services.training import sweeps
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import training_spec
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace
from qlatent.teaching.lesson import Lesson


@dataclass(frozen=True)
class Readiness:
    """How far encodings, trainings and jobs of a lesson are; `failed` has a line for each that will not end by itself.

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

    What is there already, by whomever it was made, is not made again. What has failed is tried again. What rests on
    something that is not finished is left out: see `go_on`.
    """
    wanted = _with_trainings(needs)
    for data in _all_data(wanted):
        material.prepare(workspace, data)
    able = [name for name in wanted if material.ready(workspace, _data_of(name))]
    known = sweeps.known(workspace)
    for name in able:
        if name in manifest().runs:
            _train(workspace, spec(workspace, name), known)
    for name in able:
        if name in manifest().experiments:
            experiments.start(workspace, _experiment(workspace, name))
    _start_jobs(workspace, wanted, again=True)


def go_on(workspace: Workspace, needs: Iterable[str] | None = None) -> None:
    """Queue what these names were waiting for: trainings on data that are encoded since, jobs of finished trainings."""
    wanted = _with_trainings(needs)
    encoded = {each for each in _all_data(wanted) if _is_encoded(each) and material.ready(workspace, each)}
    known = sweeps.known(workspace) if encoded else {}
    for name in wanted:
        if name in manifest().jobs or _data_of(name) not in encoded:
            continue
        if name in manifest().runs:
            _train(workspace, spec(workspace, name), known, again=False)
        elif _is_waiting(workspace, experiment := _experiment(workspace, name)):
            experiments.start(workspace, experiment)
    _start_jobs(workspace, wanted)


def _is_waiting(workspace: Workspace, experiment: Experiment) -> bool:
    """Whether trainings of an experiment were never queued, and none was stopped or has failed."""
    states = {cell.state for cell in grids.cells(workspace, experiment)}
    return "missing" in states and not states & {"failed", "interrupted", "stopped"}


def _start_jobs(workspace: Workspace, names: Iterable[str], *, again: bool = False) -> None:
    """Queue the jobs whose trainings have finished; `again`: also those that have failed."""
    for name in names:
        wanted = _wanted(workspace, name) if name in manifest().jobs else None
        if wanted is not None and not jobs.done(workspace, wanted):
            jobs.start(workspace, wanted, again=again)


def stop(workspace: Workspace, needs: Iterable[str]) -> None:
    """Stop what is being made for these names; what has finished is kept, and `prepare` goes on with the rest."""
    known = sweeps.known(workspace)
    names = _with_trainings(needs)
    for data in _all_data(names):
        material.stop(workspace, data)
    for name in names:
        if not material.ready(workspace, _data_of(name)):
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
    wanted = _with_trainings(needs)
    data = _all_data(wanted)
    able = {each for each in data if material.ready(workspace, each)}
    known = sweeps.known(workspace)
    parts = [_of_run(material.encoding(workspace, each)) for each in data if _is_encoded(each)]
    for name in wanted:
        if _data_of(name) not in able:
            parts.append(Readiness(0, _runs(name), 0, 0.0, ()))
        elif name in manifest().jobs:
            job = jobs.progress(workspace, _wanted(workspace, name))
            done = job.done + job.share
            parts.append(Readiness(int(job.done), 1, int(job.active), done, job.failed))
        elif name in manifest().experiments:
            parts.append(_told(workspace, name))
        else:
            parts.append(_of_run(known.get(training_key(spec(workspace, name)))))
    return Readiness(
        sum(each.finished for each in parts), sum(each.total for each in parts), sum(each.active for each in parts),
        sum(each.done for each in parts), tuple(line for each in parts for line in each.failed),
    )  # fmt: skip


def only_trainings(needs: Iterable[str]) -> bool:
    """Whether what has these names is made by trainings alone, without encodings and jobs."""
    names = _with_trainings(needs)
    return not set(names) & set(manifest().jobs) and not any(_is_encoded(each) for each in _all_data(names))


def _of_run(run: RunSummary | None) -> Readiness:
    if run is None:
        return Readiness(0, 1, 0, 0.0, ())
    finished = int(run.state == "finished")
    failed = (f"{run.name}: {run.message}",) if run.state in ("failed", "interrupted", "stopped") else ()
    return Readiness(finished, 1, int(run.active), run.progress if run.active else finished, failed)


def _told(workspace: Workspace, name: str) -> Readiness:
    """How far an experiment is."""
    told = experiments.progress(workspace, _experiment(workspace, name))
    finished = min(told.finished, told.measured)
    return Readiness(finished, told.total, told.active, finished + told.under_way, told.failed)


def _runs(name: str) -> int:
    """How many runs a name stands for."""
    grid = manifest().experiments.get(name)
    if grid is None:
        return 1
    heads = [registry.head_class(grids.parse(head)[0]) for head in grids.with_controls(grid.heads)]
    return sum(1 if head.deterministic else grid.seeds for head in heads)


def run_id(workspace: Workspace, name: str) -> str:
    """The id of the finished training of this name; `InputError` where it is not there yet."""
    manifest().check(name)
    training = manifest().runs.get(name)
    written = (
        f"{training.model_dump_json()} {material.identity(workspace, training.data)}" if training else ""
    )
    found = _finished(workspace, name, written)
    if not (workspace.runs_path / found).is_dir():  # removed since
        _finished.cache_clear()
        found = _finished(workspace, name, written)
    return found


@lru_cache(maxsize=256)
def _finished(workspace: Workspace, name: str, written: str) -> str:
    """The id; `written` is how the training and its data are written at present."""
    if name in manifest().runs and material.ready(workspace, _data_of(name)):
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
    return Wanted(name, job, run, material.dataset(workspace, _data_of(name)))


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


def _all_data(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_data_of(name) for name in names))


def _is_encoded(data: str) -> bool:
    return bool(manifest().data[data].encoder)


def spec(workspace: Workspace, name: str) -> TrainSpec:
    """The training of this name, whose data must be there."""
    training = manifest().runs[name]
    request = TrainingRequest(
        material.dataset(workspace, training.data), head=training.head, objective=training.objective,
        settings=training.settings, name=training.title or f"Lesson: {name}",
    )  # fmt: skip
    try:
        return training_spec(workspace, request)
    except QlatentError as err:  # a setting that the head does not have, vectors that do not fit
        raise fault(name, "runs", err.message, err.remedy) from err


def _train(
    workspace: Workspace, spec: TrainSpec, known: Mapping[str, RunSummary], *, again: bool = True
) -> None:
    """Queue a training, or (`again`) go on with it; of a class that opens a lesson at one moment, only one does it."""
    key = training_key(spec)
    run = known.get(key)
    if run is None:
        queue.start(workspace, spec, token=f"lesson {key}")
    elif again and not run.active and run.state != "finished":
        try:
            queue.resume(workspace, run.id)
        except RunError:
            if not listing.summary(workspace, run.id).active:
                raise


def _experiment(workspace: Workspace, name: str) -> Experiment:
    grid = manifest().experiments[name]
    asked = Grid(
        material.dataset(workspace, grid.data), heads=grid.heads, objectives=(grid.objective,), dims=(grid.dim,),
        seeds=grid.seeds, settings=grid.settings, name=grid.title,
    )  # fmt: skip
    try:
        return experiments.create(workspace, asked)
    except QlatentError as err:
        raise fault(name, "experiments", err.message, err.remedy) from err
