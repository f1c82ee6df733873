"""Every lesson walked in a real browser: each step is drawn, and its question is answered right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from qlatent.services.lessons import answering, preparing, walking
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.teaching.lesson import Step
from tests.browser.conftest import Server, press
from tests.carried_out import in_process

QUIET = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the trainings of all lessons."""
    with open_workspace(tmp_path_factory.mktemp("lessons") / "workspace") as workspace:
        with in_process():
            preparing.prepare(workspace, {name for each in library().lessons for name in each.about.needs})
        yield workspace


def answer(page: Any, workspace: Workspace, step: Step, here: str) -> None:
    """Answer right, as a person does: choose, type, move, or open the item of a link."""
    assert step.question is not None
    right = walking.tried(step.question, answering.truth(workspace, step))[0]
    question = page.locator(".st-key-learn_question")
    if step.question.kind == "choice":
        place = list(step.question.options).index(str(right[0]))  # type: ignore[union-attr]
        question.get_by_role("radio").nth(place).check(force=True)
    elif step.question.kind == "number":
        question.get_by_role("textbox").fill(str(right[len(right) // 2]))
    else:
        values = right[0]
        said = {"item": values}
        if not isinstance(values, str):
            said = {"angles": ",".join(f"{name}:{value:g}" for name, value in values.items())}  # type: ignore[union-attr]
        page.goto(f"{here}&{urlencode(said)}")
    if step.question.kind != "gate":
        press(page.locator(".st-key-learn_answer button"))


@pytest.mark.slow
@pytest.mark.parametrize("name", [each.id for each in library().lessons])
def test_a_lesson_is_walked_to_its_end(
    prepared: Workspace, serve: Callable[[Path], Server], page: Any, name: str
) -> None:
    server, lesson = serve(prepared.path), library().lesson(name)
    for number, step in enumerate(lesson.steps, start=1):
        here = f"{server.url}/learn?{urlencode({'v': '1', 'lesson': name, 'step': step.id})}"
        page.goto(here)
        page.get_by_text(f"step {number} of {len(lesson.steps)}").wait_for()
        if step.question is not None:
            page.locator(".st-key-learn_question").wait_for()
            page.wait_for_function(QUIET)
            answer(page, prepared, step, here)
            page.get_by_text("Right:").first.wait_for()
        page.wait_for_function(QUIET)
        assert not page.get_by_text("Something went wrong").count()
