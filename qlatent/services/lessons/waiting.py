"""Wait until what lessons show is trained, where there is no page to follow it. Torch-free."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from qlatent.errors import InputError, RunError
from qlatent.services.lessons import preparing, variations
from qlatent.services.runs import listing, queue
from qlatent.store.workspace import Workspace
from qlatent.teaching.lesson import Lesson

POLL = 0.5  # seconds
TRIES = 4  # encodings, then trainings on them; what somebody else has trained is measured after that


Told = Callable[[float, int], None]
"""Hears how many trainings are done, where a running one counts in part, and how many there are."""


def made(workspace: Workspace, lessons: Iterable[Lesson], told: Told) -> dict[str, str]:
    """Make what is missing and wait for it; for each lesson that is not ready then, why."""
    given, problems = list(lessons), dict[str, str]()
    for _ in range(TRIES):
        problems |= preparing.prepare_each(workspace, [each for each in given if each.id not in problems])
        names = (name for each in given if each.id not in problems for name in each.about.needs)
        needs = tuple(dict.fromkeys(names))
        while (found := preparing.readiness(workspace, needs)).active:
            told(found.done, found.total)
            preparing.go_on(workspace, needs)
            queue.go_on(workspace)
            time.sleep(POLL)
        if found.ready:
            return problems
    for each in given:
        if each.id not in problems and not (found := preparing.readiness(workspace, each.about.needs)).ready:
            left = f"{found.total - found.finished} trainings did not finish."
            problems[each.id] = " ".join([left, *found.failed])
    return problems


def varied(workspace: Workspace, name: str, seed: int, told: Told) -> None:
    """Train `name` with this seed, unless somebody has, and wait for it.

    A training that no seed changes raises `InputError`, one that fails `RunError`.
    """
    if not variations.varies(workspace, name):
        raise InputError(
            f"No seed changes {name!r}: nothing of it is learned step by step.", remedy="Leave the seed at 0."
        )
    run = variations.train(workspace, name, seed)
    while run.active:
        told(run.progress, 1)
        queue.go_on(workspace)
        time.sleep(POLL)
        run = listing.summary(workspace, run.id)
    if run.state != "finished":
        raise RunError(f"{run.name} {run.message}.", remedy="Ask for it again, and it goes on.")
