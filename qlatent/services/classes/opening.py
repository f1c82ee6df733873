"""Open, find and close classes, and delete those that are over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlencode

from qlatent.errors import AbsentError, InputError, QlatentError
from qlatent.services.classes import secrets
from qlatent.services.runs import listing, queue
from qlatent.store.catalogue.records import ClassRecord
from qlatent.store.workspace import Workspace

__all__ = [
    "ClassRecord", "Opened", "check_open", "close", "found", "is_teacher", "link", "listed", "one", "open_class",
    "reopen", "revision", "sweep",
]  # fmt: skip

KEEP_DAYS = 14
_DAY = 24 * 3600.0
_NAME = 80


@dataclass(frozen=True)
class Opened:
    """A class that was just opened; the teacher's `secret` is not kept anywhere else."""

    record: ClassRecord
    secret: str


def open_class(
    workspace: Workspace,
    *,
    name: str,
    lesson: str,
    step: str,
    address: str = "",
    keep_days: int = KEEP_DAYS,
) -> Opened:
    """Open a class on a step of a lesson. `address` is where students reach the server, such as http://10.0.0.5:8501.

    What its students did is deleted `keep_days` days after it is closed, or after anybody was last there.
    """
    name = " ".join(name.split())
    if not name or len(name) > _NAME:
        raise InputError(f"A class has a name of 1 to {_NAME} characters.", remedy="Choose a short name.")
    secret, taken = secrets.secret(), {each.code for each in workspace.catalogue.classes.all()}
    code = next(code for code in iter(secrets.code, None) if code not in taken)
    record = ClassRecord(
        id=f"class-{code.lower()}", name=name, code=code, teacher=secrets.hashed(secret), lesson=lesson, step=step,
        address=address.rstrip("/"), keep_days=keep_days, opened=time.time(),
    )  # fmt: skip
    workspace.catalogue.classes.add(record)
    return Opened(record, secret)


def found(workspace: Workspace, code: str) -> ClassRecord:
    """The class with a code as somebody typed it, open or over; an unknown code raises `InputError`."""
    record = workspace.catalogue.classes.by_code(secrets.typed(code))
    if record is None:
        raise InputError(
            f"There is no class with the code {code.strip()[:20]!r}.",
            remedy="Compare the code with the one on the teacher's screen.",
        )
    return record


def listed(workspace: Workspace) -> list[ClassRecord]:
    """All classes, last opened first."""
    return workspace.catalogue.classes.all()


def one(workspace: Workspace, class_id: str) -> ClassRecord:
    """A class as it is now; an unknown id raises `AbsentError`."""
    return workspace.catalogue.classes.one(class_id)


def revision(workspace: Workspace, class_id: str) -> int:
    """How often the teacher has changed something; an unknown id raises `AbsentError`."""
    return workspace.catalogue.classes.revision(class_id)


def check_open(record: ClassRecord) -> None:
    """Raise `InputError` if the class is over."""
    if record.closed is not None:
        raise InputError(
            f"The class {record.name!r} is over.",
            remedy="Every lesson can be walked alone, too; ask the teacher if the class should go on.",
        )


def close(workspace: Workspace, class_id: str) -> ClassRecord:
    """End a class: nobody joins or answers any more. Answers stay for `keep_days` days."""
    return workspace.catalogue.classes.change(
        class_id, lambda record: {"closed": record.closed or time.time()}
    )


def reopen(workspace: Workspace, class_id: str) -> ClassRecord:
    """Go on with a class that was closed."""
    return workspace.catalogue.classes.change(class_id, lambda _: {"closed": None})


def is_teacher(record: ClassRecord, secret: str) -> bool:
    """Whether this is the secret of the class's teacher."""
    return bool(secret) and secrets.matches(secret, record.teacher)


def link(record: ClassRecord, **secret: str) -> str:
    """The link to a class: for students to join, or a personal one with `me=` or `teacher=` a secret."""
    return f"{record.address}/learn?{urlencode({'class': record.code, **secret})}"


def sweep(workspace: Workspace, *, now: float | None = None) -> list[str]:
    """Delete classes whose days are over, with what their students did; returns their ids.

    A training that only such classes asked for goes to the bin; one that still computes is stopped, and goes the next
    time.
    """
    moment, classes = time.time() if now is None else now, workspace.catalogue.classes
    ended = [each for each in classes.all() if moment > _kept_until(workspace, each)]
    if not ended:
        return []
    kept = {asked.run_id for each in classes.all() if each not in ended for asked in classes.runs(each.id)}
    deleted = []
    for each in ended:
        runs = {asked.run_id for asked in classes.runs(each.id) if asked.made} - kept
        gone = [_remove(workspace, run) for run in sorted(runs)]  # all of them, whatever the first one says
        if all(gone):
            classes.delete(each.id)
            deleted.append(each.id)
    return deleted


def _kept_until(workspace: Workspace, record: ClassRecord) -> float:
    """The time until which a class is kept; one that nobody has closed is kept while students come."""
    if record.closed is not None:
        return record.closed + record.keep_days * _DAY
    seen = [each.seen for each in workspace.catalogue.classes.students(record.id)]
    return max([record.opened, *seen]) + max(record.keep_days, 1) * _DAY


def _remove(workspace: Workspace, run: str) -> bool:
    """Remove a training; False if it has to be stopped first."""
    try:
        if listing.summary(workspace, run).active:
            queue.stop(workspace, run)
        queue.remove(workspace, run)
    except AbsentError:
        return True  # somebody removed it
    except QlatentError:
        return False
    return True
