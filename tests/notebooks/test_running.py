"""An exported lesson runs from the file alone, in a workspace that does not exist yet."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from qlatent.notebooks import writing
from qlatent.services.lessons.library import library
from tests.notebooks.kernels import assert_runs, kernel, outputs, text

OWN = """\
+++
title = "Own"
minutes = 1
after = ["b"]
+++

## Up {#up}

Look.

```question
kind = "choice"
ask = "Where?"
answer = "up"
explain = "There."
[options]
up = "Up"
down = "Down"
```
"""


@pytest.mark.slow
def test_the_first_cell_trains_what_the_lesson_shows_and_says_how_far_it_is(tmp_path: Path) -> None:
    writing.write(library().lesson("07-fidelity"), tmp_path / "lesson.ipynb")
    cells = [
        each.source for each in nbformat.read(tmp_path / "lesson.ipynb", 4).cells if each.cell_type == "code"
    ]
    with kernel(tmp_path / "workspace") as client:
        opened = outputs(client, cells[0])
        assert_runs(opened, cells[0])
        said = "".join(each.text for each in opened if each.output_type == "stream")
        name = f"Similarity as fidelity (7 steps, workspace {tmp_path / 'workspace'})"
        assert [each.data["text/plain"] for each in opened if each.output_type == "execute_result"] == [name]
        assert "Trainings: " in said and " of 2 " in said and "left" in said
        again = outputs(client, cells[0])
        assert not [each for each in again if each.output_type == "stream"]  # found again
        drawn = outputs(client, next(each for each in cells if each.startswith("lesson.figure")))
        assert_runs(drawn, "the first figure")
        own = tmp_path / "workspace" / "lessons" / "own"
        own.mkdir(parents=True)
        (own / "lesson.md").write_text(OWN, encoding="utf-8")
        cell = 'open_lesson("own").check("up", "a")'
        assert text(outputs(client, cell)).startswith("**Right: Up**")  # a lesson of the workspace
        (refused,) = outputs(client, 'open_lesson("own").figure("up")')
        assert refused.traceback == ["InputError: The step 'up' has no figure."]
