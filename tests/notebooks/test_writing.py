"""Lessons as notebooks: valid files with the same texts, figures and questions."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import nbformat
import pytest

from qlatent.errors import InputError
from qlatent.notebooks import writing
from qlatent.services.lessons.library import library
from qlatent.teaching.figures import FIGURES, STATE
from qlatent.teaching.lesson import Lesson
from qlatent.teaching.parsing import parse

LESSONS = {lesson.id: lesson for lesson in library().lessons}
TEXT = """\
+++
title = "A"
minutes = 1
after = ["b"]
+++

## Turn it {#turn}

Look at the *arrow*.

```figure
kind = "bloch"
layout = "dressed"
gate = 2
angles = { "weight 0" = 0.5 }
move = ["input 0"]
```

```question
kind = "choice"
ask = "Up or \\"down\\"?"
answer = "up"
explain = "It is."
[options]
up = "Up"
down = "Down"
```
"""


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_a_notebook_is_valid_and_has_every_text_figure_and_question(lesson: Lesson) -> None:
    notebook = nbformat.reads(writing.text(lesson), 4)
    nbformat.validate(notebook)
    sources = [(each.cell_type, each.source) for each in notebook.cells]
    texts = [source for kind, source in sources if kind == "markdown"][1:]
    assert texts == [f"## {step.title}\n\n{step.text}" for step in lesson.steps]
    code = [source for kind, source in sources if kind == "code"]
    for source in code:
        ast.parse(source)
    assert sum("lesson.figure(" in each for each in code) == sum(
        step.figure is not None for step in lesson.steps
    )
    assert sum("answer = ..." in each for each in code) == lesson.questions
    assert len(code) == 1 + sum("lesson." in each for each in code[1:])


def test_the_state_and_the_options_stand_in_the_cells() -> None:
    cells = {each.id: each.source for each in writing.notebook(parse(TEXT, name="a")).cells}
    assert list(cells) == ["introduction", "open", "turn-text", "turn-figure", "turn-question"]
    assert 'open_lesson("a")' in cells["open"]
    assert cells["turn-figure"] == (
        'lesson.figure(\n    "turn",\n    gate=2,  # after how many gates, -1: all\n'
        '    angles={"weight 0": 0.5, "input 0": 0.0},  # in radians\n)'
    )
    assert cells["turn-question"] == (
        '# Up or "down"?\n#     A ▲  Up\n#     B ◆  Down\n\n'
        'answer = ...  # Write "A" or "B".\nlesson.check("turn", answer)'
    )


def test_all_that_can_be_changed_is_explained() -> None:
    assert set(STATE) == set(FIGURES)
    for kind, fields in STATE.items():
        assert set(fields) <= {each.name for each in dataclasses.fields(FIGURES[kind])}
        assert set(fields) <= set(writing.MEANT)


def test_a_notebook_that_is_there_is_replaced_only_on_purpose(tmp_path: Path) -> None:
    lesson, out = LESSONS["03-qubits"], tmp_path / "lesson.ipynb"
    out.write_text("my answers", encoding="utf-8")
    with pytest.raises(InputError, match="there already, perhaps with answers"):
        writing.write(lesson, out)
    assert out.read_text(encoding="utf-8") == "my answers"
    writing.write(lesson, out, force=True)
    assert out.read_text(encoding="utf-8") == writing.text(lesson)


def test_what_cannot_be_written_is_refused_with_a_sentence(tmp_path: Path) -> None:
    lesson = LESSONS["03-qubits"]
    with pytest.raises(InputError, match=r"got the extension '\.html'\. Use \.ipynb"):
        writing.write(lesson, tmp_path / "lesson.html")
    with pytest.raises(InputError, match="There is no folder"):
        writing.write(lesson, tmp_path / "none" / "lesson.ipynb")


def test_all_lessons_are_written_to_a_folder_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "lessons"
    files = writing.write_all(list(LESSONS.values()), folder)
    assert [each.name for each in files.values()] == [f"{name}.ipynb" for name in LESSONS]
    files["09-flat"].unlink()
    with pytest.raises(InputError, match=r"has 01-latent-space\.ipynb"):
        writing.write_all(list(LESSONS.values()), folder)
    assert not files["09-flat"].exists()
    with pytest.raises(InputError, match="is a file"):
        writing.write_all(list(LESSONS.values()), files["03-qubits"])
