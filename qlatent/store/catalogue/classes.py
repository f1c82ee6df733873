"""Classes that follow lessons: the class, its students, their answers and the trainings that they asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from qlatent.errors import AbsentError, StoreError
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import AnswerRecord, ClassRecord, ClassRun, StudentRecord

_CLASSES, _STUDENTS = schema.classes, schema.class_students
_ANSWERS, _RUNS = schema.class_answers, schema.class_runs
_ANSWER = [column for column in _ANSWERS.c if column.name != "id"]

Change = Callable[[ClassRecord], Mapping[str, Any]]
"""What a class's record becomes, from what it is; may raise to leave it as it is."""


class Classes:
    """The classes of a catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- classes ------------------------------------------------------------------------------------------

    def add(self, record: ClassRecord) -> None:
        """Add a class; a taken id or code raises `StoreError`."""
        self._add(_CLASSES, asdict(record), f"class with the code {record.code}")

    def all(self) -> list[ClassRecord]:
        """All classes, last opened first."""
        rows = self._database.rows(select(_CLASSES).order_by(_CLASSES.c.opened.desc(), _CLASSES.c.id))
        return [ClassRecord(**row._mapping) for row in rows]

    def one(self, class_id: str) -> ClassRecord:
        """One class; an unknown id raises `AbsentError`."""
        return ClassRecord(**self._one(select(_CLASSES).where(_CLASSES.c.id == class_id), "class")._mapping)

    def by_code(self, code: str) -> ClassRecord | None:
        """The class with this code, open or over; None if there is none."""
        rows = self._database.rows(select(_CLASSES).where(_CLASSES.c.code == code))
        return ClassRecord(**rows[0]._mapping) if rows else None

    def revision(self, class_id: str) -> int:
        """How many changes the teacher has made; an unknown id raises `AbsentError`."""
        return int(self._one(select(_CLASSES.c.revision).where(_CLASSES.c.id == class_id), "class")[0])

    def change(self, class_id: str, change: Change) -> ClassRecord:
        """Change a class from its present state, in one transaction, and count its revision on."""
        with self._database.writing() as connection:
            before = _class(connection, class_id)
            values = {**change(before), "revision": before.revision + 1}
            connection.execute(update(_CLASSES).where(_CLASSES.c.id == class_id).values(values))
            return _class(connection, class_id)

    def bring(self, class_id: str, *, lesson: str, step: str) -> ClassRecord:
        """Put the class and all its students on a step, in one transaction, and count the revision on."""
        place = {"lesson": lesson, "step": step}
        with self._database.writing() as connection:
            before = _class(connection, class_id)
            values = {**place, "revision": before.revision + 1}
            connection.execute(update(_CLASSES).where(_CLASSES.c.id == class_id).values(values))
            elsewhere = ~((_STUDENTS.c.lesson == lesson) & (_STUDENTS.c.step == step))
            moved = update(_STUDENTS).where(_STUDENTS.c.class_id == class_id, elsewhere)
            connection.execute(moved.values(**place, state={}))
            return _class(connection, class_id)

    def delete(self, class_id: str) -> None:
        """Delete a class with its students and answers, for good."""
        with self._database.writing() as connection:
            connection.execute(delete(_CLASSES).where(_CLASSES.c.id == class_id))

    # --- students -----------------------------------------------------------------------------------------

    def join(
        self, student: StudentRecord, allowed: Callable[[ClassRecord, list[StudentRecord]], None]
    ) -> None:
        """Add a student unless `allowed`, which is given the class and its students, raises."""
        with self._database.writing() as connection:
            of_class = select(_STUDENTS).where(_STUDENTS.c.class_id == student.class_id)
            there = [StudentRecord(**row._mapping) for row in connection.execute(of_class)]
            allowed(_class(connection, student.class_id), there)
            connection.execute(insert(_STUDENTS).values(asdict(student)))

    def students(self, class_id: str) -> list[StudentRecord]:
        """The students of a class in the order in which they joined, removed ones too."""
        query = select(_STUDENTS).where(_STUDENTS.c.class_id == class_id)
        rows = self._database.rows(query.order_by(_STUDENTS.c.joined, _STUDENTS.c.id))
        return [StudentRecord(**row._mapping) for row in rows]

    def by_secret(self, secret: str) -> StudentRecord | None:
        """The student with the hash of a secret; None if there is none."""
        rows = self._database.rows(select(_STUDENTS).where(_STUDENTS.c.secret == secret))
        return StudentRecord(**rows[0]._mapping) if rows else None

    def change_student(self, student_id: str, **values: Any) -> StudentRecord:
        """Change a student's place, state, time last seen or removal; an unknown id raises `AbsentError`."""
        here = _STUDENTS.c.id == student_id
        with self._database.writing() as connection:
            connection.execute(update(_STUDENTS).where(here).values(values))
            row = connection.execute(select(_STUDENTS).where(here)).first()
        if row is None:
            raise _absent("student")
        return StudentRecord(**row._mapping)

    def move_student(self, before: StudentRecord, **values: Any) -> StudentRecord:
        """Change a student who is still on the step of `before`, and return how the student stands now.

        Who has been brought elsewhere meanwhile stays there; an unknown id raises `AbsentError`.
        """
        here = _STUDENTS.c.id == before.id
        there = (_STUDENTS.c.lesson == before.lesson) & (_STUDENTS.c.step == before.step)
        with self._database.writing() as connection:
            connection.execute(update(_STUDENTS).where(here, there).values(values))
            row = connection.execute(select(_STUDENTS).where(here)).first()
        if row is None:
            raise _absent("student")
        return StudentRecord(**row._mapping)

    # --- answers ------------------------------------------------------------------------------------------

    def answer(self, record: AnswerRecord, allowed: Callable[[ClassRecord, StudentRecord], None]) -> None:
        """Store an answer unless `allowed`, which is given the class and the student as they are now, raises."""
        with self._database.writing() as connection:
            row = connection.execute(select(_STUDENTS).where(_STUDENTS.c.id == record.student_id)).first()
            if row is None:
                raise _absent("student")
            allowed(_class(connection, record.class_id), StudentRecord(**row._mapping))
            connection.execute(insert(_ANSWERS).values(asdict(record)))

    def answers(
        self, class_id: str, *, lesson: str = "", step: str = "", student: str = ""
    ) -> list[AnswerRecord]:
        """The answers of a class in order, or those of one lesson, step or student."""
        query = select(*_ANSWER).where(_ANSWERS.c.class_id == class_id).order_by(_ANSWERS.c.id)
        wanted = {_ANSWERS.c.lesson: lesson, _ANSWERS.c.step: step, _ANSWERS.c.student_id: student}
        query = query.where(*(column == value for column, value in wanted.items() if value))
        return [AnswerRecord(**row._mapping) for row in self._database.rows(query)]

    # --- trainings ----------------------------------------------------------------------------------------

    def add_run(self, record: ClassRun) -> None:
        """Note that a student asked for a training; asking twice is once."""
        values = asdict(record)
        same = [_RUNS.c[name] == values[name] for name in ("class_id", "student_id", "run_id")]
        with self._database.writing() as connection:
            if connection.execute(update(_RUNS).where(*same).values(asked=record.asked)).rowcount == 0:
                connection.execute(insert(_RUNS).values(values))

    def runs(self, class_id: str, *, student: str = "") -> list[ClassRun]:
        """The trainings that a class or a student asked for, oldest first."""
        query = select(_RUNS).where(_RUNS.c.class_id == class_id).order_by(_RUNS.c.asked, _RUNS.c.run_id)
        if student:
            query = query.where(_RUNS.c.student_id == student)
        return [ClassRun(**row._mapping) for row in self._database.rows(query)]

    def leave_run(self, class_id: str, student_id: str, run_id: str) -> bool:
        """Note that a student asks for a training no longer; returns whether it is another's, too.

        It is if anybody else of any class asked for it, or if no class started it. Otherwise the note stays, so that
        the training goes with the class.
        """
        here = _RUNS.c.run_id == run_id
        own = here & (_RUNS.c.class_id == class_id) & (_RUNS.c.student_id == student_id)
        with self._database.writing() as connection:
            notes = connection.execute(select(_RUNS.c.student_id, _RUNS.c.made).where(here)).all()
            shared = any(each.student_id != student_id for each in notes) or not any(
                each.made for each in notes
            )
            if shared:
                connection.execute(delete(_RUNS).where(own))
            return shared

    def wanted(self, run_id: str) -> bool:
        """Whether a student of any class asked for this training."""
        return bool(self._database.rows(select(_RUNS.c.run_id).where(_RUNS.c.run_id == run_id)))

    def made(self, run_id: str) -> bool:
        """Whether a class started this training."""
        return bool(self._database.rows(select(_RUNS.c.run_id).where(_RUNS.c.run_id == run_id, _RUNS.c.made)))

    # --- helpers ------------------------------------------------------------------------------------------

    def _add(self, table: Any, values: Mapping[str, Any], what: str) -> None:
        try:
            with self._database.writing() as connection:
                connection.execute(insert(table).values(values))
        except IntegrityError as err:
            raise StoreError(f"There is already a {what}.", remedy="Try again.") from err

    def _one(self, query: Any, what: str) -> Row[Any]:
        rows = self._database.rows(query)
        if not rows:
            raise _absent(what)
        return rows[0]


def _class(connection: Connection, class_id: str) -> ClassRecord:
    row = connection.execute(select(_CLASSES).where(_CLASSES.c.id == class_id).with_for_update()).first()
    if row is None:
        raise _absent("class")
    return ClassRecord(**row._mapping)


def _absent(what: str) -> AbsentError:
    return AbsentError(f"There is no such {what} any more.", remedy="Ask the teacher for the class's link.")
