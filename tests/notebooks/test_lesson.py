"""What the cells of a notebook call: figures in their states, and answers that are judged as in the app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from qlatent.errors import ConfigError, InputError
from qlatent.notebooks import OpenLesson, figures, open_lesson
from qlatent.notebooks.display import Html, Shown
from qlatent.services.lessons.library import library
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import FIGURES, CircuitFigure


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


@pytest.fixture
def qubits(workspace: Workspace) -> OpenLesson:
    """A lesson whose first steps show circuits that need no training."""
    return OpenLesson(workspace, library().lesson("03-qubits"))


def heights(shown: Shown) -> list[float]:
    """⟨Z⟩ of each qubit, from the table under the arrows."""
    (table,) = (part for part in shown.parts if isinstance(part, pd.DataFrame))
    return [float(value) for value in table["⟨Z⟩"]]


def test_every_kind_of_figure_is_drawn() -> None:
    assert set(figures.DRAWN) == set(FIGURES)


@pytest.mark.parametrize("angle", [0.0, 0.5, -1.2])
def test_an_angle_moves_the_arrow(qubits: OpenLesson, angle: float) -> None:
    shown = qubits.figure("turn", angles={"input 0": angle})
    assert heights(shown) == [pytest.approx(-np.sin(angle), abs=5e-4)]  # H, then RY
    (sphere,) = (part for part in shown.parts if isinstance(part, go.Figure))
    (arrow,) = (trace for trace in sphere.data if trace.meta == "wire")
    assert arrow.z[1] == pytest.approx(-np.sin(angle))
    assert f"*input 0* = {angle:.2f}" in shown.parts[-1]


def test_a_circuit_is_drawn_up_to_its_gate(workspace: Workspace) -> None:
    figure = CircuitFigure(kind="circuit", layout="dressed", qubits=2, gate=3)
    drawing, told, state, gates = figures.draw(workspace, figure).parts
    assert isinstance(drawing, Html) and 'class="gate now" data-gate="3"' in drawing.content
    assert told.startswith("The state after gate 3 of ")
    (bars,) = (trace for trace in state.data if trace.type == "bar" and len(trace.x) == 4)
    np.testing.assert_allclose(bars.y, 0.25, atol=1e-12)  # H on both, then a turn by 0
    assert isinstance(gates, Html) and "<details>" in gates.content


def test_a_question_is_about_the_figure_as_it_was_drawn_last(qubits: OpenLesson) -> None:
    assert qubits.check("rest", 0.5).right  # H: as much 0 as 1
    qubits.figure("rest", angles={"input 0": -np.pi / 2})  # now up is down: always 0
    assert qubits.check("rest", 0).right and not qubits.check("rest", 0.5).right
    qubits.figure("rest")
    assert qubits.check("rest", 0.5).right


def test_answers_are_written_as_letters_numbers_and_angles(qubits: OpenLesson) -> None:
    right = qubits.check("which", "a")
    question = qubits.lesson.step("which").question
    assert question is not None and right.right and right.text.endswith(question.explain)
    assert right.text.startswith("**Right: Their input angles**")
    wrong = qubits.check("which", "B")
    assert wrong.right is False and "Not quite. It is: Their input angles" in wrong.text
    assert qubits.check("which", "Their input angles").right
    assert qubits.check("turn", 0.5236).right
    assert qubits.check("turn", {"input 0": 0.5236}).right
    assert not qubits.check("turn", -0.5236).right
    assert qubits.check("rest", "0,5").right


@pytest.mark.parametrize("nothing", [..., None, ""])
def test_no_answer_says_what_is_asked(qubits: OpenLesson, nothing: object) -> None:
    said = qubits.check("which", nothing)
    assert said.right is None
    assert "What differs?" in said.text and 'Write "A", "B", "C" or "D".' in said.text


@pytest.mark.parametrize(
    ("step", "answer", "why"),
    [
        ("which", "E", "There is no option 'E'. The options: A, B, C, D."),
        ("rest", "half", "'half' is not a number."),
        ("turn", "far", "'far' is no angle."),
        ("turn", {"weight 0": 1.0}, "These angles cannot be moved here."),
        ("rest", [1, 2], "is not a number."),
    ],
)
def test_what_cannot_be_an_answer_gets_a_sentence(
    qubits: OpenLesson, step: str, answer: object, why: str
) -> None:
    said = qubits.check(step, answer)
    assert said.right is None and why in said.text


def test_a_state_that_a_figure_cannot_have_is_refused(qubits: OpenLesson) -> None:
    with pytest.raises(ConfigError, match="unknown key 'angle' did you mean 'angles'"):
        qubits.figure("turn", angle={"input 0": 0.5})
    with pytest.raises(ConfigError, match=r"less than or equal to 6\.3"):
        qubits.figure("turn", angles={"input 0": 7.0})
    with pytest.raises(InputError, match="There is no gate 99"):
        qubits.figure("turn", gate=99)
    with pytest.raises(InputError, match="has no angle 'input 7'"):
        qubits.figure("turn", angles={"input 7": 0.5})
    with pytest.raises(InputError, match="has no step 'turns'"):
        qubits.figure("turns")
    with pytest.raises(InputError, match="has no figure"):
        qubits.figure("which")
    assert not qubits.check("turn", 0).right  # and what was refused did not stay


def test_a_refused_state_is_a_line_and_no_traceback(qubits: OpenLesson) -> None:
    with pytest.raises(InputError) as refused:
        qubits.figure("turn", gate=99)
    (line,) = refused.value._render_traceback_()
    assert line.startswith("InputError: There is no gate 99. The last one is ")


def test_an_unknown_lesson_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean '03-qubits'"):
        open_lesson("03-qubit", workspace=tmp_path / "workspace")
    assert not (tmp_path / "workspace").exists()
