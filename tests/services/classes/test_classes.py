"""A class from opening to its end, as its teacher and students use it."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.services.classes import answering, joining, opening, presence, secrets, walking
from qlatent.services.classes.opening import Opened
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.store.catalogue.records import StudentRecord


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder: Path = tmp_path_factory.mktemp("classes")
    return open_workspace(folder)


@pytest.fixture
def opened(shared: Workspace) -> Opened:
    return opening.open_class(
        shared, name=" Physics  11b ", lesson="one", step="start", address="http://10.0.0.5:8501/"
    )


def joined(workspace: Workspace, opened: Opened, name: str = "Mia") -> StudentRecord:
    return joining.join(workspace, opened.record.code, name).student


def answered(workspace: Workspace, who: StudentRecord, answer: object, *, right: bool = False) -> None:
    answering.give(workspace, who, lesson="one", step="start", answer=answer, right=right)


def tally(workspace: Workspace, opened: Opened) -> dict[int, answering.Tally]:
    return answering.tallies(workspace, opened.record.id, lesson="one", step="start")


def counted(workspace: Workspace, opened: Opened) -> tuple[int, int]:
    return answering.counted(workspace, opened.record.id, lesson="one", step="start")


def phase(workspace: Workspace, opened: Opened, to: walking.Phase) -> None:
    walking.set_phase(workspace, opened.record.id, lesson="one", step="start", to=to)


def test_links_carry_secrets_that_are_kept_as_hashes(shared: Workspace, opened: Opened) -> None:
    code, record = opened.record.code, opened.record
    assert opening.link(record) == f"http://10.0.0.5:8501/learn?class={code}"
    assert opening.link(record, teacher=opened.secret).endswith(f"class={code}&teacher={opened.secret}")
    assert len(code) == 6 and set(code) <= set(secrets.LETTERS)
    assert opening.is_teacher(record, opened.secret) and not opening.is_teacher(record, "")
    assert opened.secret not in str(dataclasses.asdict(record))
    assert opening.found(shared, f" {code[:3].lower()}-{code[3:]} ") == record
    with pytest.raises(InputError, match="no class with the code 'ZZZ'"):
        opening.found(shared, "ZZZ")


def test_a_nickname_is_one_students_until_she_is_removed(shared: Workspace, opened: Opened) -> None:
    mia = joining.join(shared, opened.record.code, "  Mia ")
    assert joining.returning(shared, mia.secret) == mia.student
    with pytest.raises(InputError, match="There is a MIA in this class already") as told:
        joined(shared, opened, "MIA")
    assert "such as MIA 2" in told.value.remedy
    for alike in ("ｍｉａ", "M\u200dia", "\tMia\n"):
        with pytest.raises(InputError, match="in this class already"):
            joined(shared, opened, alike)
    assert joined(shared, opened, "Zoe\u0308").nickname == "Zo\u00eb"
    with pytest.raises(InputError, match="in this class already"):
        joined(shared, opened, "ZO\u00cb")
    scientist = "\U0001f469\u200d\U0001f52c"
    assert joined(shared, opened, scientist).nickname == scientist
    joining.remove(shared, mia.student.id)
    with pytest.raises(InputError, match="removed you"):
        joining.returning(shared, mia.secret)
    with pytest.raises(InputError, match="removed you"):
        answered(shared, mia.student, "a")
    assert joined(shared, opened).nickname == "Mia"
    for wrong in ("", " \n", "x" * 25, "\u200b", "\u200d", "\u0301", "\u202e"):
        with pytest.raises(InputError, match="1 to 24 characters"):
            joined(shared, opened, wrong)
    with pytest.raises(InputError, match="leads to no class"):
        joining.returning(shared, "guessed")


def test_latecomers_land_on_the_classs_step_and_a_frozen_class_stays(
    shared: Workspace, opened: Opened
) -> None:
    mia = joined(shared, opened)
    mia = walking.go(shared, mia, lesson="one", step="later")
    assert mia.step == "later" and walking.keep(shared, mia, {"frame": 2}).state == {"frame": 2}
    before = shared.catalogue.classes.revision(opened.record.id)
    walking.bring(shared, opened.record.id, lesson="two", step="x")
    assert shared.catalogue.classes.revision(opened.record.id) == before + 1
    bo = joined(shared, opened, "Bo")
    places = [(each.lesson, each.step) for each in shared.catalogue.classes.students(opened.record.id)]
    assert places == [("two", "x"), ("two", "x")] and bo.step == "x"
    bo = walking.go(shared, bo, lesson="two", step="y")
    walking.freeze(shared, opened.record.id, frozen=True)
    bo = shared.catalogue.classes.students(opened.record.id)[1]
    assert bo.step == "x"  # who had walked ahead is brought back
    with pytest.raises(InputError, match="stay on this step"):
        walking.go(shared, bo, lesson="two", step="y")
    assert walking.keep(shared, bo, {"frame": 1}).state == {"frame": 1}


def test_who_moves_a_figure_or_presses_next_while_everyone_is_brought_elsewhere_is_there_too(
    shared: Workspace, opened: Opened
) -> None:
    mia = joined(shared, opened)  # as her page was drawn
    walking.bring(shared, opened.record.id, lesson="two", step="x")
    for now in (walking.keep(shared, mia, {"frame": 3}), walking.go(shared, mia, lesson="one", step="next")):
        assert (now.lesson, now.step, now.state) == ("two", "x", {})


def test_two_rounds_are_kept_and_counted(shared: Workspace, opened: Opened) -> None:
    mia, bo = joined(shared, opened), joined(shared, opened, "Bo")
    phase(shared, opened, "first")
    answered(shared, mia, "a")
    answered(shared, mia, "b")  # she thinks again before the answers are shown
    answered(shared, bo, "c", right=True)
    phase(shared, opened, "shown")
    with pytest.raises(InputError, match="not taken"):
        answered(shared, mia, "c", right=True)
    phase(shared, opened, "second")
    assert counted(shared, opened) == (0, 2)
    answered(shared, mia, "c", right=True)
    assert counted(shared, opened) == (1, 2)
    assert tally(shared, opened) == {
        1: answering.Tally((("b", 1), ("c", 1)), 2, 1) if tally(shared, opened)[1].answers[0][0] == "b"
        else answering.Tally((("c", 1), ("b", 1)), 2, 1),
        2: answering.Tally((("c", 1),), 1, 1),
    }  # fmt: skip
    with pytest.raises(InputError, match="cannot become"):
        phase(shared, opened, "first")
    phase(shared, opened, "solved")
    phase(shared, opened, "solved")  # a second press
    assert counted(shared, opened) == (2, 2)
    shared.catalogue.classes.change_student(bo.id, seen=time.time() - 31)  # her laptop sleeps
    assert counted(shared, opened) == (1, 1)
    assert {number: each.answer for number, each in answering.own(shared, mia, lesson="one", step="start").items()} == {
        1: "b", 2: "c",
    }  # fmt: skip


def test_a_countdown_closes_a_round_and_only_the_next_one_has_time_again(
    shared: Workspace, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    mia, at = joined(shared, opened), time.time()
    clock = {"now": at}
    monkeypatch.setattr(time, "time", lambda: clock["now"])

    def ends() -> float | None:
        return walking.deadline(shared.catalogue.classes.one(opened.record.id), "one", "start")

    phase(shared, opened, "first")
    assert ends() is None  # off unless it is switched on
    phase(shared, opened, "")
    walking.set_countdown(shared, opened.record.id, 30)
    assert ends() is None
    phase(shared, opened, "first")
    clock["now"] = at + 10
    phase(shared, opened, "first")  # a second press does not begin anew
    assert ends() == at + 30
    clock["now"] = at + 30
    answered(shared, mia, "a")
    clock["now"] = at + 30.5
    with pytest.raises(InputError, match="time is up"):
        answered(shared, mia, "b")
    assert tally(shared, opened)[1].answers == (("a", 1),)
    walking.set_countdown(shared, opened.record.id, 60)  # more time
    assert ends() == at + 90.5
    answered(shared, mia, "b")
    phase(shared, opened, "shown")
    assert ends() is None
    phase(shared, opened, "second")
    assert ends() == at + 90.5
    walking.set_countdown(shared, opened.record.id, 0)
    clock["now"] = at + 1000
    answered(shared, mia, "c")
    with pytest.raises(InputError, match="no countdown of 45 s"):
        walking.set_countdown(shared, opened.record.id, 45)


def test_where_answers_are_checked_at_once_the_first_one_counts(shared: Workspace, opened: Opened) -> None:
    mia, bo = joined(shared, opened), joined(shared, opened, "Bo")
    answered(shared, mia, 3.0)
    answered(shared, mia, 4.0, right=True)
    answered(shared, bo, 3.0)
    assert tally(shared, opened) == {1: answering.Tally(((3.0, 2),), 2, 0)}
    joining.remove(shared, bo.id)
    assert tally(shared, opened) == {1: answering.Tally(((3.0, 1),), 1, 0)}


def test_an_answer_that_crosses_the_teachers_press_is_refused(
    shared: Workspace, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    mia = joined(shared, opened)
    phase(shared, opened, "first")
    classes = shared.catalogue.classes
    store = classes.answer

    def crossed(
        *arguments: object,
    ) -> None:  # the press comes after the round was looked up, before the answer is kept
        phase(shared, opened, "shown")
        phase(shared, opened, "second")
        store(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(classes, "answer", crossed)
    with pytest.raises(InputError, match="not taken"):
        answered(shared, mia, "a")
    assert classes.answers(opened.record.id) == []


def test_answers_are_exported_with_and_without_names(shared: Workspace, opened: Opened) -> None:
    for name in ("Mia", "Bo"):
        answered(shared, joined(shared, opened, name), {"input 0": 0.5}, right=name == "Bo")
    told = answering.table(shared, opened.record.id)
    assert list(told.student) == ["Mia", "Bo"] and list(told.right) == [False, True]
    assert told.answer[0] == '{"input 0": 0.5}'
    assert set(answering.table(shared, opened.record.id, nicknames=False).student) == {
        "student 1",
        "student 2",
    }


def test_who_is_silent_for_thirty_seconds_is_not_there(shared: Workspace, opened: Opened) -> None:
    mia, bo = joined(shared, opened), joined(shared, opened, "Bo")
    now = time.time()
    presence.saw(shared, bo.id, now=now + 100)
    presence.saw(shared, bo.id, now=now + 109)  # not written: it is less than ten seconds later
    students = shared.catalogue.classes.students(opened.record.id)
    assert students[1].seen == now + 100
    found = presence.attendance(students, now=now + 130)
    assert [[each.id for each in group] for group in (found.present, found.silent)] == [[bo.id], [mia.id]]
    assert presence.attendance(students, now=now + 130.1).present == ()


def test_a_class_that_is_over_takes_nothing_and_goes_after_its_days(
    shared: Workspace, opened: Opened
) -> None:
    mia = joined(shared, opened)
    closed = opening.close(shared, opened.record.id).closed
    assert closed is not None and opening.close(shared, opened.record.id).closed == closed
    for attempt in (lambda: joined(shared, opened, "Bo"), lambda: answered(shared, mia, "a")):
        with pytest.raises(InputError, match="is over"):
            attempt()
    days = opened.record.keep_days * 24 * 3600
    assert opened.record.id not in opening.sweep(shared, now=closed + days)
    assert opened.record.id in opening.sweep(shared, now=closed + days + 1)
    with pytest.raises(InputError, match="no class with the code"):
        opening.found(shared, opened.record.code)


def test_a_class_that_nobody_closes_is_kept_while_students_come(shared: Workspace, opened: Opened) -> None:
    mia, day = joined(shared, opened), 24 * 3600.0
    seen = opened.record.opened + 40 * day
    presence.saw(shared, mia.id, now=seen)
    assert opened.record.id not in opening.sweep(shared, now=seen + 14 * day)
    assert opened.record.id in opening.sweep(shared, now=seen + 14 * day + 1)
    brief = opening.open_class(shared, name="Brief", lesson="one", step="start", keep_days=0).record
    assert brief.id not in opening.sweep(shared, now=brief.opened + 3600)  # it is going on
    closed = opening.close(shared, brief.id).closed
    assert closed is not None and brief.id in opening.sweep(shared, now=closed + 1)
