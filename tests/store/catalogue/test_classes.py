"""Classes, students and answers in the catalogue, on SQLite and PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from qlatent.errors import AbsentError, InputError, StoreError
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import AnswerRecord, ClassRecord, ClassRun, StudentRecord
from tests.store.catalogue.test_database import at_revision

CLASS = ClassRecord("c", "Physics", "ABCDEF", "hash", "one", "start", "http://10.0.0.5:8501", 14, 100.0)
MIA = StudentRecord("s1", "c", "Mia", "hash of mia", "one", "start", 110.0, 110.0)
ANSWER = AnswerRecord("c", "s1", "one", "start", 1, {"input 0": 0.5}, True, 120.0)


def allow(*_: object) -> None:
    return None


def refuse(*_: object) -> None:
    raise InputError("no")


def test_what_was_stored_is_read_back(catalogue: Catalogue) -> None:
    classes = catalogue.classes
    classes.add(CLASS)
    assert (classes.one("c"), classes.by_code("ABCDEF"), classes.all()) == (CLASS, CLASS, [CLASS])
    classes.join(MIA, allow)
    assert classes.students("c") == [MIA] and classes.by_secret("hash of mia") == MIA
    classes.answer(ANSWER, allow)
    classes.answer(replace(ANSWER, answer="b", round=2, right=False), allow)
    assert classes.answers("c") == [ANSWER, replace(ANSWER, answer="b", round=2, right=False)]
    assert classes.answers("c", step="other") == []
    for asked in (130.0, 140.0):
        classes.add_run(ClassRun("c", "s1", "r1", True, asked))
    assert classes.runs("c") == [ClassRun("c", "s1", "r1", True, 140.0)]
    assert (classes.made("r1"), classes.made("r2")) == (True, False)
    classes.delete("c")
    assert classes.all() == [] and classes.students("c") == [] and classes.answers("c") == []


def test_a_countdown_is_kept_with_the_ends_of_rounds(catalogue: Catalogue) -> None:
    classes = catalogue.classes
    classes.add(CLASS)
    assert (classes.one("c").countdown, classes.one("c").deadlines) == (0, {})
    changed = classes.change("c", lambda _: {"countdown": 30, "deadlines": {"one/start": 1_700_000_030.25}})
    assert classes.one("c") == changed == replace(
        CLASS, countdown=30, deadlines={"one/start": 1_700_000_030.25}, revision=1
    )  # fmt: skip


def test_a_class_of_before_there_were_countdowns_has_none(url: str) -> None:
    at_revision(url, "0011")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO classes (id, name, code, teacher, lesson, step, frozen, phases, revision, address, "
                "keep_days, opened) "
                "VALUES ('c', 'Physics', 'ABCDEF', 'hash', 'one', 'start', FALSE, '{}', 3, '', 14, 1.0)"
            )
        )
    engine.dispose()
    with closing(Catalogue(url)) as opened:
        found = opened.classes.one("c")
    assert (found.revision, found.countdown, found.deadlines) == (3, 0, {})


def test_a_training_that_others_asked_for_is_left_and_ones_own_stays_noted(catalogue: Catalogue) -> None:
    classes = catalogue.classes
    classes.add(CLASS)
    classes.join(MIA, allow)
    classes.join(replace(MIA, id="s2", nickname="Bo", secret="hash of bo"), allow)
    for student, run, made in (("s1", "r1", True), ("s2", "r1", True), ("s1", "r2", False)):
        classes.add_run(ClassRun("c", student, run, made, 120.0))
    assert classes.leave_run("c", "s1", "r1")  # Bo waits for it
    assert [(each.student_id, each.run_id) for each in classes.runs("c")] == [("s2", "r1"), ("s1", "r2")]
    assert not classes.leave_run("c", "s2", "r1") and classes.wanted("r1")
    assert classes.leave_run("c", "s1", "r2") and not classes.wanted("r2")  # no class has made it


def test_a_change_counts_and_starts_from_what_is_there(catalogue: Catalogue) -> None:
    classes = catalogue.classes
    classes.add(CLASS)
    classes.join(MIA, allow)
    classes.change_student("s1", step="far", state={"frame": 3})
    for step in ("a", "b"):
        classes.change("c", lambda now, step=step: {"phases": now.phases | {step: "first"}})
    assert classes.one("c").phases == {"a": "first", "b": "first"} and classes.revision("c") == 2
    brought = classes.bring("c", lesson="two", step="x")
    (mia,) = classes.students("c")
    assert (brought.lesson, brought.step, brought.revision) == ("two", "x", 3)
    assert (mia.lesson, mia.step, mia.state) == ("two", "x", {})
    with pytest.raises(InputError):
        classes.change("c", refuse)  # type: ignore[arg-type]
    assert classes.revision("c") == 3


def test_what_is_refused_is_not_stored(catalogue: Catalogue) -> None:
    classes = catalogue.classes
    classes.add(CLASS)
    with pytest.raises(StoreError, match="already"):
        classes.add(replace(CLASS, id="d"))
    with pytest.raises(InputError):
        classes.join(MIA, refuse)
    classes.join(MIA, allow)
    with pytest.raises(InputError):
        classes.answer(ANSWER, refuse)
    assert classes.answers("c") == []
    with pytest.raises(AbsentError):
        classes.answer(replace(ANSWER, student_id="nobody"), allow)
    with pytest.raises(AbsentError):
        classes.one("nothing")
