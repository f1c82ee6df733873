"""Many trainings at once that make one table: queue them, follow them, stop them. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from qlatent.errors import RunError
from qlatent.services import plan, runs
from qlatent.services.plan import Spec
from qlatent.services.runs import RunView
from qlatent.store.workspace import Workspace


class Place(Protocol):
    """One training of a table: what it is to do, and the run that does it."""

    @property
    def spec(self) -> Spec: ...
    @property
    def run(self) -> RunView | None: ...


def known(workspace: Workspace) -> dict[str, RunView]:
    """The best run of each training there is: finished ones first, then those under way, then the newest."""
    order = {"finished": 0, "running": 1, "queued": 2}
    listed = sorted(runs.list_runs(workspace, "train"), key=lambda run: order.get(run.state, 3))
    known: dict[str, RunView] = {}
    for run in listed:
        if run.spec:
            known.setdefault(plan.same_training(run.spec), run)
    return known


def start(workspace: Workspace, table: Sequence[Place], *, workers: int) -> None:
    """Queue what was not begun, wake what stopped or failed, and let `workers` processes work."""
    for place in table:
        if place.run is None:
            runs.enqueue(workspace, place.spec)
        elif not place.run.active and place.run.state != "finished":
            runs.resume(workspace, place.run.id, workers=workers)
    runs.dispatch(workspace, workers)


@dataclass(frozen=True)
class Told:
    """How far a table is: trainings in all and finished, steps done of all, and a line for each that failed."""

    total: int
    finished: int
    done: float
    failed: tuple[str, ...]
    active: bool


def progress(workspace: Workspace, table: Sequence[Place]) -> Told:
    """How far the trainings of the table are."""
    views = [runs.view(workspace, place.run.id) for place in table if place.run is not None]
    failed = [
        f"{view.name}: {view.message}" for view in views if view.state in ("failed", "interrupted", "stopped")
    ]
    finished = sum(view.state == "finished" for view in views)
    done = sum(view.progress for view in views)
    return Told(len(table), finished, done, tuple(failed), any(view.active for view in views))


def stop(workspace: Workspace, table: Sequence[Place]) -> None:
    """Ask every training that is under way or waits to stop."""
    for place in table:
        if place.run is not None and runs.view(workspace, place.run.id).active:
            with suppress(RunError):  # it has just ended
                runs.stop(workspace, place.run.id)
