"""A teacher and four students in real browsers: join, answer, reveal, bring everyone, and a restart in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from qlatent.services.classes import answering, opening
from qlatent.services.lessons import preparing
from qlatent.services.lessons.library import library
from qlatent.store.workspace import Workspace
from qlatent.teaching.questions import ChoiceQuestion
from tests.browser.conftest import PATIENCE, Server, press

pytestmark = pytest.mark.slow
NAMES = ("Mia", "Bo", "Cy", "Dee")
LESSON = library().lessons[0]
STEP, AFTER = next(
    (step, LESSON.steps[place + 1])
    for place, step in enumerate(LESSON.steps[:-1])
    if isinstance(step.question, ChoiceQuestion)
)
OPTIONS = list(STEP.question.options) if isinstance(STEP.question, ChoiceQuestion) else []


@pytest.fixture
def tabs(browser: Any) -> Iterator[Callable[[str], Any]]:
    """A tab of a browser of its own for each person."""
    contexts = []

    def tab(address: str, **screen: int) -> Any:
        context = browser.new_context(viewport={"width": 1280, "height": 720} | screen)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        return page

    yield tab
    for context in contexts:
        context.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with what the lesson needs."""
    with Workspace.open(tmp_path / "workspace") as opened:
        preparing.prepare(opened, LESSON.about.needs)
        ends = time.monotonic() + PATIENCE / 1000
        while not preparing.readiness(opened, LESSON.about.needs).ready:
            assert time.monotonic() < ends, preparing.readiness(opened, LESSON.about.needs)
            time.sleep(0.2)
        yield opened


def key(page: Any, name: str, inside: str = "") -> Any:
    return page.locator(f".st-key-{name} {inside}".strip()).first


def answer(page: Any, option: str) -> None:
    """Choose and press until the answer shows as taken: the page may be drawn anew just then."""
    taken = page.get_by_text("Your answer is taken")
    for _ in range(10):
        page.locator(".st-key-learn_question").get_by_role("radio").nth(OPTIONS.index(option)).check(
            force=True
        )
        press(page.locator(".st-key-learn_answer button"))
        with suppress(PlaywrightTimeout):
            taken.wait_for(timeout=15_000)
            return
    taken.wait_for()


def test_a_class_answers_discusses_and_goes_on_through_a_restart(
    workspace: Workspace,
    serve: Callable[..., Server],
    tabs: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QLATENT_CLASSES_ONLY", "1")
    server = serve(workspace.path)
    opened = opening.open_class(workspace, name="Physics", lesson=LESSON.id, step=STEP.id, address=server.url)
    record = opened.record
    teacher = tabs(opening.link(record, teacher=opened.secret))
    students = []
    for name in NAMES:
        page = tabs(opening.link(record))
        key(page, "class_nickname", "input").fill(name)
        press(key(page, "class_join_go", "button"))
        key(page, "learn_question").wait_for()
        students.append(page)
    teacher.get_by_text("4 students present").wait_for()

    again = tabs(opening.link(record))  # two with one name
    key(again, "class_nickname", "input").fill("mia")
    press(key(again, "class_join_go", "button"))
    again.get_by_text("There is a mia in this class already").wait_for()
    again.context.close()

    press(key(teacher, "class_phase_first", "button"))
    for page in students:
        key(page, "learn_answer", "button").get_by_text("Answer").wait_for()
    for page, option in zip(students, [OPTIONS[0], OPTIONS[0], OPTIONS[1], OPTIONS[1]], strict=True):
        answer(page, option)
        page.get_by_text("Your answer is taken").wait_for()
        assert not page.locator(".st-key-class_chart").count()  # nobody sees how others answered
        assert not page.get_by_text("Not quite").count()
    teacher.get_by_text("Answered: 4 of 4 present").wait_for()

    projector = tabs(f"{opening.link(record, teacher=opened.secret)}&view=projector")
    projector.get_by_text("4 of 4 students answered").wait_for()
    in_view(projector, "learn_question", "class_join")
    press(key(teacher, "class_phase_shown", "button"))
    key(projector, "class_chart").wait_for()
    in_view(projector, "learn_question", "class_chart", "class_join")
    assert key(projector, "class_join", "img").bounding_box()["width"] >= 200  # to be read from the last row
    projector.keyboard.press("ArrowRight")
    projector.get_by_text(AFTER.title).first.wait_for()
    projector.keyboard.press("ArrowLeft")
    key(projector, "class_chart").wait_for()
    projector.context.close()
    for page in students:
        key(page, "class_chart").wait_for()
        page.get_by_text("Answers are not taken at the moment").wait_for()

    places = [page.url for page in students]
    server.stop()
    answered = answering.tallies(workspace, record.id, lesson=LESSON.id, step=STEP.id)
    assert answered[1].answered == 4
    again = serve(workspace.path, port=int(server.url.rsplit(":", 1)[1]))
    assert again.url == server.url
    key(teacher, "class_phase_second", "button").wait_for()
    press(key(teacher, "class_phase_second", "button"))
    right = answering_right(workspace)
    for page in students:
        page.wait_for_function("() => !document.body.innerText.includes('Answers are not taken')")
        answer(page, right)
        page.get_by_text("Your answer is taken").wait_for()
    press(key(teacher, "class_phase_solved", "button"))
    for page in students:
        page.get_by_text("Right:").wait_for()
    assert answering.tallies(workspace, record.id, lesson=LESSON.id, step=STEP.id)[2].right == 4

    began = time.monotonic()
    press(key(teacher, "learn_next", "button"))
    for page in students:
        page.get_by_text(AFTER.title).first.wait_for()
    print(f"everyone there after {time.monotonic() - began:.1f} s")

    device = tabs(places[0])  # Mia changes the device
    device.get_by_text(AFTER.title).first.wait_for()
    device.get_by_text("Mia").first.wait_for()
    press(key(teacher, "class_close", "button"))
    press(key(teacher, "class_close_yes", "button"))
    students[1].get_by_text("This class is over").wait_for()
    students[1].goto(f"{server.url}/data")  # students reach lessons alone
    students[1].get_by_text("Join a class").wait_for()
    assert not students[1].get_by_text("Upload").count()


def in_view(page: Any, *names: str) -> None:
    """All of these are on a screen of 1280 × 720 without scrolling, and nothing is wider than the screen."""
    for name in names:
        box = key(page, name).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 720, (name, box)
        assert box["x"] >= 0 and box["x"] + box["width"] <= 1280, (name, box)


def answering_right(workspace: Workspace) -> str:
    from qlatent.services.lessons import answering as lessons

    found = lessons.truth(workspace, STEP)
    return str(getattr(found, "option", ""))
