"""Students of a class: they join with a nickname, and come back by a personal link."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass

from qlatent.errors import InputError
from qlatent.services.classes import opening, secrets
from qlatent.store.catalogue.records import ClassRecord, StudentRecord
from qlatent.store.workspace import Workspace

__all__ = ["Joined", "StudentRecord", "check_present", "join", "remove", "returning"]

NICKNAME = 24
_JOINER = "\u200d"  # joins emoji to one, such as a scientist; invisible by itself
MOST = 200
"""Students of one class."""


@dataclass(frozen=True)
class Joined:
    """A student who just joined; the `secret` of the personal link is not kept anywhere else."""

    student: StudentRecord
    secret: str


def join(workspace: Workspace, code: str, nickname: str) -> Joined:
    """Join a class by its code; the student lands on the class's step.

    An unknown code, a class that is over or full, and a nickname that is taken raise `InputError`.
    """
    record, name, secret = opening.found(workspace, code), _nickname(nickname), secrets.secret()
    now = time.time()
    student = StudentRecord(
        id=f"s-{secrets.secret()}", class_id=record.id, nickname=name, secret=secrets.hashed(secret),
        lesson=record.lesson, step=record.step, joined=now, seen=now,
    )  # fmt: skip

    def allowed(now: ClassRecord, there: list[StudentRecord]) -> None:
        opening.check_open(now)
        present = {_same(each.nickname) for each in there if each.removed is None}
        if len(present) >= MOST:
            raise InputError(f"The class has {MOST} students already.", remedy="Ask the teacher.")
        if _same(name) in present:
            other = next(f"{name} {n}" for n in range(2, MOST + 3) if _same(f"{name} {n}") not in present)
            raise InputError(
                f"There is a {name} in this class already.",
                remedy=f"If that is you, open your personal link, or ask the teacher to remove {name}. "
                f"Otherwise take another name, such as {other}.",
            )

    workspace.catalogue.classes.join(student, allowed)
    return Joined(student, secret)


def returning(workspace: Workspace, secret: str) -> StudentRecord:
    """The student of a personal link; an unknown one, and that of a removed student, raise `InputError`."""
    student = workspace.catalogue.classes.by_secret(secrets.hashed(secret))
    if student is None:
        raise InputError(
            "This personal link leads to no class any more.", remedy="Join with the class's code again."
        )
    check_present(student)
    return student


def check_present(student: StudentRecord) -> None:
    """Raise `InputError` if the student was removed from the class."""
    if student.removed is not None:
        raise InputError("The teacher has removed you from the class.", remedy="You can join again.")


def remove(workspace: Workspace, student_id: str) -> StudentRecord:
    """Remove a student from a class; the nickname is free again, and joining again is allowed."""
    classes = workspace.catalogue.classes
    student = classes.change_student(student_id, removed=time.time())
    classes.change(student.class_id, lambda _: {})  # so that the student's session notices
    return student


def _same(name: str) -> str:
    """What names have in common that look alike: case, width and the way in which accents are encoded do not count."""
    folded = unicodedata.normalize("NFKC", name.replace(_JOINER, "")).casefold()
    return unicodedata.normalize("NFKC", folded)


def _nickname(typed: str) -> str:
    shown = "".join(each if each.isprintable() or each == _JOINER else " " for each in typed)
    name = unicodedata.normalize("NFC", " ".join(shown.split()))
    if len(name) > NICKNAME or not any(unicodedata.category(each)[0] in "LNPS" for each in name):
        raise InputError(
            f"A nickname has 1 to {NICKNAME} characters; this one has {len(name)}.",
            remedy="Type a short name that the teacher knows.",
        )
    return name
