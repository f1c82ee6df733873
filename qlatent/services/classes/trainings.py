"""Trainings of students: one at a time each, and equal ones are computed once for the whole class."""

from __future__ import annotations

import time

from qlatent.errors import InputError
from qlatent.services.classes import joining, opening
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.training import sweeps
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import training_spec
from qlatent.services.training.training_key import training_key
from qlatent.store.catalogue.records import ClassRun, StudentRecord
from qlatent.store.workspace import Workspace


def train(workspace: Workspace, student: StudentRecord, request: TrainingRequest) -> RunSummary:
    """The training of these settings and seed: the one that somebody asked for before, or a new one in the queue.

    A student whose training has not ended yet has to wait for it or stop it, else `InputError`.
    """
    record = workspace.catalogue.classes.one(student.class_id)
    opening.check_open(record)
    joining.check_present(student)
    spec = training_spec(workspace, request)
    key = training_key(spec)
    known = sweeps.known(workspace).get(key)
    classes = workspace.catalogue.classes
    if known is not None and (known.active or known.state == "finished"):
        run, made = known.id, classes.made(known.id)
    else:
        if under_way := [each for each in own(workspace, student) if each.active]:
            raise InputError(
                f"Your training {under_way[0].name!r} has not ended yet.",
                remedy="Wait for it, or stop it first.",
            )
        if known is not None:  # stopped or failed: it goes on from its last checkpoint
            run, made = known.id, classes.made(known.id)
            queue.resume(workspace, run)
        else:
            owner = f"{student.nickname} ({record.code})"
            run, made = queue.start(workspace, spec, token=f"class {key}", owner=owner), True
    classes.add_run(ClassRun(student.class_id, student.id, run, made, time.time()))
    return listing.summary(workspace, run)


def own(workspace: Workspace, student: StudentRecord) -> list[RunSummary]:
    """The trainings that a student asked for, oldest first."""
    asked = [each.run_id for each in workspace.catalogue.classes.runs(student.class_id, student=student.id)]
    listed = {each.id: each for each in listing.list_runs(workspace, "train")} if asked else {}
    return [listed[each] for each in asked if each in listed]


def stop(workspace: Workspace, student: StudentRecord, run_id: str) -> bool:
    """Stop a student's training unless somebody else of the class waits for it, too; returns whether it was stopped."""
    asked = [each for each in workspace.catalogue.classes.runs(student.class_id) if each.run_id == run_id]
    if {each.student_id for each in asked} != {student.id}:
        return False
    queue.stop(workspace, run_id)
    return True
