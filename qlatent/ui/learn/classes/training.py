"""How a student trains with a seed of her own: in turns, and what a classmate has trained is shown at once."""

from __future__ import annotations

from qlatent.services.classes import trainings
from qlatent.services.classes.joining import StudentRecord
from qlatent.services.lessons import variations
from qlatent.services.runs.listing import RunSummary
from qlatent.services.workspaces import Workspace
from qlatent.ui.learn.trainer import AGAIN, Trainer

ORIGIN = {
    "own": "",
    "class": "Somebody in your class had trained it before, so it was shown at once.",
    "others": AGAIN,
}


def of_student(workspace: Workspace, student: StudentRecord) -> Trainer:
    """The trainer of a student; what she asked for is in the database."""

    def seeds(name: str) -> dict[int, RunSummary]:
        found = [(variations.seed_of(workspace, name, run), run) for run in trainings.own(workspace, student)]
        return {seed: run for seed, run in found if seed is not None}

    def train(name: str, seed: int) -> RunSummary:
        return trainings.train(workspace, student, variations.spec(workspace, name, seed))

    def under_way() -> list[RunSummary]:
        return [run for run in trainings.own(workspace, student) if run.active]

    def leave(run: RunSummary) -> None:
        trainings.leave(workspace, student, run.id)

    def origin(run: RunSummary) -> str:
        return ORIGIN[trainings.whose(workspace, student, run)]

    return Trainer(seeds, train, lambda name, seed, run: None, under_way, leave, origin)
