"""A class on the page Learn: joining, every phase of a question for students, teacher and projector, and its end."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from qlatent.services.classes import answering, joining, opening, walking
from qlatent.services.classes.joining import Joined
from qlatent.services.classes.opening import Opened
from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.ui.learn import preparation
from qlatent.ui.shell import page

Open = Callable[..., AppTest]
LESSON, NUMBER, CHOICE, LAST = "03-qubits", "rest", "which", "which"
TELLING = "0.77342"  # an answer that nothing else on the page contains


@dataclass(frozen=True)
class Class:
    """A class on a step that needs no training, and its pages."""

    workspace: Workspace
    opened: Opened
    page: Open

    @property
    def code(self) -> str:
        return self.opened.record.code

    def teacher(self, view: str = "") -> AppTest:
        return self.page(
            **{"class": self.code, "teacher": self.opened.secret} | ({"view": view} if view else {})
        )

    def student(self, who: Joined) -> AppTest:
        return self.page(**{"class": self.code, "me": who.secret})

    def join(self, name: str) -> Joined:
        return joining.join(self.workspace, self.code, name)

    def phase(self, *phases: walking.Phase, step: str = NUMBER) -> None:
        for to in phases:
            walking.set_phase(self.workspace, self.opened.record.id, lesson=LESSON, step=step, to=to)

    def give(self, who: Joined, answer: str, *, step: str = NUMBER) -> None:
        answering.give(self.workspace, who.student, lesson=LESSON, step=step, answer=answer, right=False)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("classes"))


@pytest.fixture
def room(workspace: Workspace, opened: Open, monkeypatch: pytest.MonkeyPatch) -> Class:
    monkeypatch.setattr(preparation, "prepared", lambda *_: True)
    made = opening.open_class(
        workspace, name="Physics", lesson=LESSON, step=NUMBER, address="http://10.0.0.5:8501"
    )
    path: Path = workspace.path
    return Class(workspace, made, lambda **choices: opened(path, "learn", **choices))


def told(at: AppTest) -> str:
    """Everything that was sent to the browser."""
    return "".join(str(each.proto) for each in at._tree if hasattr(each, "proto"))


def shows(at: AppTest, key: str) -> bool:
    return any(key in getattr(each.proto, "id", "") for each in at._tree if hasattr(each, "proto"))


def test_a_student_joins_and_lands_on_the_classs_step(room: Class) -> None:
    walking.bring(room.workspace, room.opened.record.id, lesson=LESSON, step="two")
    at = room.page(**{"class": room.code.lower()})
    at.text_input(key="class_nickname").set_value(" ")
    at.button(key="class_join_go").click().run()
    assert "1 to 24 characters" in at.error[0].proto.title
    at.text_input(key="class_nickname").set_value("=cmd|'/C calc'!A0")
    at.button(key="class_join_go").click().run()
    assert "step 3 of 8" in told(at) and at.query_params["me"]
    again = room.page(**{"class": room.code})
    again.text_input(key="class_nickname").set_value("=CMD|'/C calc'!a0")
    again.button(key="class_join_go").click().run()
    assert "in this class already" in again.error[0].proto.title


def test_a_question_goes_through_its_phases(room: Class) -> None:
    mia, bo = room.join("Mia"), room.join("Bo")
    at = room.student(mia)
    room.phase("first")
    room.give(bo, TELLING)
    at.run()
    at.text_input[0].set_value("0.5")
    at.button(key="learn_answer").click().run()
    assert "Your answer is taken" in told(at) and not at.success  # collected, and not judged
    assert TELLING not in told(at) and TELLING not in told(room.teacher("projector"))
    teacher = room.teacher()
    assert "Answered: 2 of 2 present" in told(teacher) and TELLING in told(teacher)

    teacher.button(key="class_phase_shown").click().run()
    at.run()
    assert TELLING in told(at) and "not taken at the moment" in told(at)
    assert TELLING in told(room.teacher("projector"))

    teacher.button(key="class_phase_second").click().run()
    room.give(bo, TELLING + "9")
    at.run()
    assert TELLING in told(at) and TELLING + "9" not in told(
        at
    )  # the round that is over, not the one that runs
    assert TELLING + "9" not in told(room.teacher("projector"))
    at.text_input[0].set_value("0,5")
    at.button(key="learn_answer").click().run()
    assert "Your answer is taken" in told(at)

    teacher.run()
    teacher.button(key="class_phase_solved").click().run()
    at.run()
    assert "Right" in at.success[0].proto.title and TELLING + "9" in told(at)
    lines = answering.table(room.workspace, room.opened.record.id)
    assert list(lines["round"]) == [1, 1, 2, 2] and list(lines["right"]) == [False, True, False, True]


def test_the_projector_goes_on_by_its_buttons_and_asks_nobody(room: Class) -> None:
    at = room.teacher("projector")
    assert room.code[:3] in told(at) and any("8501" in each.value for each in at.markdown)
    assert not at.text_input and not [each for each in at.button if each.key == "learn_answer"]
    at.button(key="class_on").click().run()
    assert walking.phase(opening.one(room.workspace, room.opened.record.id), LESSON, NUMBER) == "first"
    at.button(key="class_next").click().run()
    assert opening.one(room.workspace, room.opened.record.id).step == "turn"
    at.button(key="class_back").click().run()
    assert at.button(key="class_back").disabled
    at.button(key="class_projector_end").click().run()
    assert at.title[0].value == "Physics"


def test_a_countdown_is_seen_by_all_and_closes_the_round(room: Class) -> None:
    mia, bo = room.join("Mia"), room.join("Bo")
    teacher = room.teacher()
    assert teacher.selectbox(key="class_countdown").value == 0
    teacher.button(key="class_phase_first").click().run()
    assert "left to answer" not in told(room.student(mia)) + told(teacher)
    teacher.selectbox(key="class_countdown").set_value(30).run()  # while the round runs
    pages = [room.student(mia), room.teacher("projector"), teacher]
    assert all(re.search("(29|30) s left to answer", told(each)) for each in pages)
    pages[0].text_input[0].set_value(TELLING)
    pages[0].button(key="learn_answer").click().run()
    past = {f"{LESSON}/{NUMBER}": time.time() - 1}
    room.workspace.catalogue.classes.change(room.opened.record.id, lambda _: {"deadlines": past})
    for each in pages:
        each.run()
        assert "The time is up" in told(each) and "left to answer" not in told(each) and not each.text_input
    assert "Your answer is taken" in told(pages[0]) and "No answer was given in time" in told(
        room.student(bo)
    )
    teacher.button(key="class_phase_shown").click().run()
    assert "The time is up" not in told(teacher)


def test_the_preview_judges_and_stores_nothing(room: Class) -> None:
    at = room.teacher("preview")
    at.text_input[0].set_value("0.5")
    at.button(key="learn_answer").click().run()
    assert "Right" in at.success[0].proto.title
    at.button(key="learn_next").click().run()
    assert "step 1 of 8" in told(at)  # the class stays where it is
    room.phase("first")
    at.run()
    at.text_input[0].set_value("0.5")
    at.button(key="learn_answer").click().run()
    assert "Your answer is taken" in told(at) and not at.success
    assert answering.table(room.workspace, room.opened.record.id).empty


def test_a_frozen_student_cannot_walk_ahead_and_is_fetched_back(room: Class) -> None:
    mia = room.join("Mia")
    at, teacher, other = room.student(mia), room.teacher(), room.teacher()
    at.button(key="learn_next").click().run()
    assert "step 2 of 8" in told(at)
    teacher.toggle(key="class_frozen").set_value(True).run()
    at.run()
    assert "step 1 of 8" in told(at) and "stay here" in told(at)
    at.button(key="learn_next").click().run()
    assert "stay on this step" in at.error[0].proto.title and "step 1 of 8" in told(at)
    assert other.run().toggle(key="class_frozen").value  # the teacher's other window shows it
    other.toggle(key="class_frozen").set_value(False).run()
    at.button(key="learn_next").click().run()
    assert "step 2 of 8" in told(at)


def test_the_teacher_sees_how_far_the_class_is(room: Class) -> None:
    ahead, elsewhere = room.join("Ann"), room.join("Bo")
    room.join("Cy")
    walking.go(room.workspace, ahead.student, lesson=LESSON, step="two")
    walking.go(room.workspace, elsewhere.student, lesson="09-flat", step="uphill")
    told = [each.value for each in room.teacher().caption]
    assert any(each.endswith("**step 1: 1** · step 3: 1 · elsewhere: 1") for each in told), told


def test_who_was_removed_is_told_so_and_joins_again(room: Class) -> None:
    mia = room.join("Mia")
    at, teacher = room.student(mia), room.teacher()
    teacher.button(key=f"class_remove_{mia.student.id}").click().run()
    at.run()
    assert "removed you" in at.error[0].proto.title
    at.text_input(key="class_nickname").set_value("Mia")
    at.button(key="class_join_go").click().run()
    assert "step 1 of 8" in told(at)


def test_answers_and_step_come_back_with_the_personal_link(room: Class) -> None:
    mia = room.join("Mia")
    at = room.student(mia)
    at.text_input[0].set_value("0.25")
    at.button(key="learn_answer").click().run()
    assert "Not quite" in at.warning[0].proto.title
    device = room.student(mia)
    assert "Your answer: **0\\\\.25**" in told(device) and "Not quite" in device.warning[0].proto.title


@pytest.mark.parametrize("typed", ["a half", "nan", "inf", "1e999", "", "=1+1", "٣ apples"])
def test_an_answer_that_is_no_number_is_refused_and_not_stored(room: Class, typed: str) -> None:
    at = room.student(room.join("Mia"))
    at.text_input[0].set_value(typed)
    at.button(key="learn_answer").click().run()
    assert "is not a number" in at.error[0].proto.title
    assert answering.table(room.workspace, room.opened.record.id).empty


def test_an_answer_that_cannot_be_stored_is_not_taken(room: Class) -> None:
    at = room.student(room.join("Mia"))
    engine = page._open(str(room.workspace.path.resolve())).catalogue.classes._database._writable()
    event.listen(engine, "checkout", impatient)
    with closing(sqlite3.connect(room.workspace.path / "catalogue.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # holds the database, as a backup may
        at.text_input[0].set_value("0.5")
        at.button(key="learn_answer").click().run()
    event.remove(engine, "checkout", impatient)
    assert "was not stored" in at.error[0].proto.title and "catalogue" not in told(at) and not at.success
    at.button(key="learn_answer").click().run()  # what was typed is still there
    assert "Right" in at.success[0].proto.title


def impatient(connection: sqlite3.Connection, *_: object) -> None:
    connection.execute("PRAGMA busy_timeout = 20")


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"class": "NOBODY"}, "no class with the code"),
        ({"class": "NOBODY", "teacher": "x"}, "no class with the code"),
        ({"teacher": "guessed"}, "not the link of this class"),
        ({"me": "guessed"}, "leads to no class"),
    ],
)
def test_a_link_that_leads_nowhere_says_so(room: Class, choices: dict[str, str], said: str) -> None:
    at = room.page(**{"class": room.code} | choices)
    assert said in at.error[0].proto.title
    if "me" not in choices:
        at.button(key="class_leave").click().run()
        assert at.title[0].value == "Learn" and not at.error


def test_a_class_that_is_over_takes_nobody_and_shows_its_steps(room: Class) -> None:
    at, teacher = room.student(room.join("Mia")), room.teacher()
    teacher.button(key="class_close").click().run()
    teacher.button(key="class_close").click()  # a dialog is open while its button is pressed
    teacher.button(key="class_close_yes").click().run()
    assert "Go on with it" in told(teacher) and not [
        each for each in teacher.button if each.key == "class_bring"
    ]
    screen = room.teacher("projector")
    assert "This class is over" in told(screen) and screen.button(key="class_next").disabled
    at.run()
    assert "This class is over" in told(at)
    at.text_input[0].set_value("0.5")
    at.button(key="learn_answer").click().run()
    assert "is over" in at.error[0].proto.title
    late = room.page(**{"class": room.code})
    assert "is over" in late.error[0].proto.title and not late.text_input
    teacher.button(key="class_reopen").click().run()
    at.button(key="learn_answer").click().run()
    assert "Right" in at.success[0].proto.title


def test_whoever_types_the_address_finds_the_form_for_the_code_above_the_lessons(room: Class) -> None:
    at = room.page()
    assert at.text_input(key="class_code")
    keys = [each.key for each in at.button]
    assert keys.index("class_code_go") < keys.index("learn_open_01-latent-space")
    at.text_input(key="class_code").set_value("nobody")
    at.button(key="class_code_go").click().run()
    assert "no class with the code" in at.error[0].proto.title
    at.text_input(key="class_code").set_value(f"{room.code[:3].lower()} {room.code[3:]}")
    at.button(key="class_code_go").click().run()
    assert at.title[0].value == "Physics" and at.text_input(key="class_nickname")


def test_names_and_answers_run_in_no_spreadsheet(room: Class) -> None:
    room.give(room.join("=cmd|' /C calc'!A0"), "@SUM(1)", step=CHOICE)
    made = answering.table(room.workspace, room.opened.record.id)
    assert csv_of(made).splitlines()[1].startswith("'=cmd|' /C calc'!A0,03-qubits,which,1,'@SUM(1),False,")
    assert "=cmd" not in csv_of(answering.table(room.workspace, room.opened.record.id, nicknames=False))


def test_a_class_on_a_lesson_without_its_trainings_waits_for_them(
    room: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    walking.bring(room.workspace, room.opened.record.id, lesson="01-latent-space", step="far")
    at = room.student(room.join("Mia"))
    assert "Preparing this lesson" in told(at) and not at.error
    assert "Preparing this lesson" in told(room.teacher("projector"))


def test_a_class_whose_days_are_over_is_gone_for_open_pages_too(room: Class) -> None:
    at, teacher = room.student(room.join("Mia")), room.teacher()
    closed = opening.close(room.workspace, room.opened.record.id).closed
    assert closed is not None
    opening.sweep(room.workspace, now=closed + 15 * 24 * 3600)
    for tab in (at, teacher):
        tab.run()
        assert "no class with the code" in tab.error[0].proto.title
        tab.button(key="class_leave").click().run()
        assert tab.title[0].value == "Learn"


def test_a_class_on_a_lesson_that_broke_goes_on_with_another(
    room: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = room.student(room.join("Mia"))
    room.workspace.catalogue.classes.bring(room.opened.record.id, lesson="00-gone", step="start")
    teacher = room.teacher()
    for tab in (at.run(), teacher):
        assert "no lesson" in tab.error[0].proto.title
    lessons = teacher.selectbox(key="class_lesson_00-gone")
    lessons.set_value(lessons.options[2]).run()
    teacher.button(key="class_bring").click().run()
    assert not teacher.error and "step 1 of" in told(teacher)
    assert not at.run().error
