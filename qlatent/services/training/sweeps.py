"""Many trainings at once that make one table: queue them, follow them, stop them. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from qlatent.errors import RunError
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunView
from qlatent.services.runs.specs import TrainSpec
from qlatent.services.training.training_key import training_keys
from qlatent.store.workspace import Workspace


class Place(Protocol):
    """One training of a table: what it is to do, and the run that does it."""

    @property
    def spec(self) -> TrainSpec: ...
    @property
    def run(self) -> RunView | None: ...


def known(workspace: Workspace) -> dict[str, RunView]:
    """The best run of each training there is: finished ones first, then those under way, then the newest."""
    order = {"finished": 0, "running": 1, "queued": 2}
    listed = sorted(listing.list_runs(workspace, "train"), key=lambda run: order.get(run.state, 3))
    known: dict[str, RunView] = {}
    for run, key in zip(listed, training_keys(workspace, listed), strict=True):
        if key:
            known.setdefault(key, run)
    return known


def start(workspace: Workspace, table: Sequence[Place], *, workers: int) -> None:
    """Queue what was not begun, wake what stopped or failed, and let `workers` processes work."""
    for place in table:
        if place.run is None:
            queue.enqueue(workspace, place.spec)
        elif not place.run.active and place.run.state != "finished":
            queue.resume(workspace, place.run.id, workers=workers)
    queue.dispatch(workspace, workers)


@dataclass(frozen=True)
class Told:
    """How far a table is: trainings in all and finished, steps done of all, and a line for each that failed."""

    total: int
    finished: int
    done: float
    failed: tuple[str, ...]
    active: bool


def progress(workspace: Workspace, table: Sequence[Place], *, finished: set[str] | None = None) -> Told:
    """How far the trainings of the table are.

    `finished` takes the ids of finished runs, which are not looked up again where it is given once more.
    """
    known = set() if finished is None else finished
    listed = ids(table)
    views = listing.views(workspace, [each for each in listed if each not in known])
    known.update(view.id for view in views if view.state == "finished")
    failed = [
        f"{view.name}: {view.message}" for view in views if view.state in ("failed", "interrupted", "stopped")
    ]
    ended = sum(each in known for each in listed)
    under_way = sum(view.progress for view in views if view.id not in known)
    return Told(len(table), ended, ended + under_way, tuple(failed), any(view.active for view in views))


def stop(workspace: Workspace, ids: Iterable[str]) -> None:
    """Ask those of these runs to stop that are under way or wait."""
    for run in listing.views(workspace, ids):
        if run.active:
            with suppress(RunError):  # it has just ended
                queue.stop(workspace, run.id)


def ids(table: Sequence[Place]) -> list[str]:
    """Those of the runs that the places have."""
    return [place.run.id for place in table if place.run is not None]
