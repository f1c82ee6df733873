"""Trainings of students: one at a time each, and equal ones are computed once for the whole class."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from qlatent.errors import InputError, RunError
from qlatent.services.classes import joining, opening
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import TrainSpec
from qlatent.services.training import sweeps
from qlatent.services.training.training_key import training_key
from qlatent.store.catalogue.records import ClassRecord, ClassRun, StudentRecord
from qlatent.store.workspace import Workspace


def train(workspace: Workspace, student: StudentRecord, spec: TrainSpec) -> RunSummary:
    """The training of this spec: the one that somebody asked for before, or a new one in the queue.

    A student whose training has not ended yet has to wait for it or stop it, else `InputError`.
    """
    record = workspace.catalogue.classes.one(student.class_id)
    opening.check_open(record)
    joining.check_present(student)
    key = training_key(spec)
    known = sweeps.known(workspace).get(key)
    classes = workspace.catalogue.classes
    if known is None or known.state != "finished":
        _check_none_under_way(workspace, student, known)
    if known is not None:
        run, made = known.id, classes.made(known.id)
        if not known.active and known.state != "finished":
            queue.resume(workspace, run)  # from its last checkpoint
    else:
        owner = _owner(record, student)
        run, made = queue.start(workspace, spec, token=f"class {key}", owner=owner), True
    classes.add_run(ClassRun(student.class_id, student.id, run, made, time.time()))
    return listing.summary(workspace, run)


def _check_none_under_way(workspace: Workspace, student: StudentRecord, asked: RunSummary | None) -> None:
    for each in own(workspace, student):
        if each.active and (asked is None or each.id != asked.id):
            raise InputError(
                f"Your training {each.name!r} has not ended yet.", remedy="Wait for it, or cancel it first."
            )


def own(workspace: Workspace, student: StudentRecord) -> list[RunSummary]:
    """The trainings that a student asked for, oldest first."""
    asked = [each.run_id for each in workspace.catalogue.classes.runs(student.class_id, student=student.id)]
    listed = {each.id: each for each in listing.list_runs(workspace, "train")} if asked else {}
    return [listed[each] for each in asked if each in listed]


def leave(workspace: Workspace, student: StudentRecord, run_id: str) -> bool:
    """Let a student wait no longer for a training; returns whether it was stopped, since nobody else asked for it."""
    if workspace.catalogue.classes.leave_run(student.class_id, student.id, run_id):
        return False
    with suppress(RunError):  # it has just ended
        queue.stop(workspace, run_id)
    return True


def wanted(workspace: Workspace, run_id: str) -> bool:
    """Whether a student of any class has asked for a training."""
    return workspace.catalogue.classes.wanted(run_id)


Whose = Literal["own", "class", "others"]


def whose(workspace: Workspace, student: StudentRecord, run: RunSummary) -> Whose:
    """Who started a training: the student, somebody else of the class, or somebody outside of it."""
    record = workspace.catalogue.classes.one(student.class_id)
    if run.owner == _owner(record, student):
        return "own"
    return "class" if run.owner.endswith(_owner(record)) else "others"


@dataclass(frozen=True)
class UnderWay:
    """How many trainings of a class run, and how many wait in the queue."""

    running: int
    waiting: int


def under_way(workspace: Workspace, class_id: str) -> UnderWay:
    """The trainings that students of a class wait for; one that several wait for counts once."""
    asked = {each.run_id for each in workspace.catalogue.classes.runs(class_id)}
    listed = [each for each in listing.list_runs(workspace, "train") if each.id in asked] if asked else []
    return UnderWay(
        sum(each.state == "running" for each in listed), sum(each.state == "queued" for each in listed)
    )


def _owner(record: ClassRecord, student: StudentRecord | None = None) -> str:
    """Whose turn a student's training takes: nicknames are unique within a class, and codes among classes."""
    return f"{student.nickname if student else ''} ({record.code})"
