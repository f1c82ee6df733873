"""Queue, follow and stop the trainings of a sweep. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from qlatent.errors import RunError
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import TrainSpec
from qlatent.services.training.training_key import training_keys
from qlatent.store.workspace import Workspace


class Place(Protocol):
    """One training of a sweep: its spec, and its run if there is one."""

    @property
    def spec(self) -> TrainSpec: ...
    @property
    def run(self) -> RunSummary | None: ...


def known(workspace: Workspace) -> dict[str, RunSummary]:
    """The best run of each training by its key: finished runs first, then active ones, then the newest."""
    order = {"finished": 0, "running": 1, "queued": 2}
    listed = sorted(listing.list_runs(workspace, "train"), key=lambda run: order.get(run.state, 3))
    known: dict[str, RunSummary] = {}
    for run, key in zip(listed, training_keys(workspace, listed), strict=True):
        if key:
            known.setdefault(key, run)
    return known


def start(workspace: Workspace, table: Sequence[Place], *, workers: int) -> None:
    """Queue missing trainings, resume stopped and failed ones, and start up to `workers` processes."""
    for place in table:
        if place.run is None:
            queue.enqueue(workspace, place.spec)
        elif not place.run.active and place.run.state != "finished":
            queue.resume(workspace, place.run.id, workers=workers)
    queue.dispatch(workspace, workers)


@dataclass(frozen=True)
class SweepProgress:
    """Progress of a sweep: total and finished trainings, steps done and in total, one line per failure."""

    total: int
    finished: int
    done: float
    failed: tuple[str, ...]
    active: bool


def progress(
    workspace: Workspace, table: Sequence[Place], *, finished: set[str] | None = None
) -> SweepProgress:
    """The progress of the sweep's trainings.

    `finished` collects the ids of finished runs; pass it again to skip looking them up.
    """
    known = set() if finished is None else finished
    listed = ids(table)
    views = listing.summaries(workspace, [each for each in listed if each not in known])
    known.update(view.id for view in views if view.state == "finished")
    failed = [
        f"{view.name}: {view.message}" for view in views if view.state in ("failed", "interrupted", "stopped")
    ]
    ended = sum(each in known for each in listed)
    under_way = sum(view.progress for view in views if view.id not in known)
    return SweepProgress(
        len(table), ended, ended + under_way, tuple(failed), any(view.active for view in views)
    )


def stop(workspace: Workspace, ids: Iterable[str]) -> None:
    """Request those of these runs that are active or queued to stop."""
    for run in listing.summaries(workspace, ids):
        if run.active:
            with suppress(RunError):  # it has ended in the meantime
                queue.stop(workspace, run.id)


def ids(table: Sequence[Place]) -> list[str]:
    """The ids of the runs of these places."""
    return [place.run.id for place in table if place.run is not None]
