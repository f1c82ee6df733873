"""Write a lesson as a notebook: the same texts, figures and questions, in cells that run."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlatent.errors import InputError
from qlatent.notebooks import questions
from qlatent.teaching.figures import STATE, CircuitFigure, Figure
from qlatent.teaching.lesson import Lesson, Step
from qlatent.teaching.questions import ChoiceQuestion

if TYPE_CHECKING:
    from nbformat import NotebookNode

ENDING, MIME = ".ipynb", "application/x-ipynb+json"
WIDTH = 92
INTRODUCTION = """\
# {title}

About {minutes} minutes. Afterwards you can

{after}

Run the cells one after the other (Shift and Enter). The first one trains what the lesson shows, once. Where the \
text tells you to move or to click something, change the values in the cell of the figure and run it again. Write \
your answers in place of the three dots: what is true is computed when you ask, from the figure as it stands."""
OPEN = """\
from qlatent.notebooks import open_lesson

lesson = open_lesson("{id}")  # add workspace="…" for another folder than that of the app
lesson"""
MEANT = {
    "seed": "0 is the lesson's; another one is trained first",
    "view": 'of "image", "text", "both" and "laid"; "": what shows most',
    "frame": "0 is the first, -1 the last",
    "colour": '"norm" or "label"',
    "item": "the name of an item, to see its neighbours",
    "seeds": "how many of the trainings are counted",
    "gate": "after how many gates, -1: all",
    "angles": "in radians",
    "by": '"vector", "projection" (what NT-Xent sees) or "state"',
    "at": '"start" or "end" of the training',
    "temperature": "from 0.01 to 100",
    "layout": '"dressed" has CNOTs, "product" has none',
    "layers": "from 1 to 10, where qubits are counted",
}
"""What the values that can be changed mean; the names are those of `teaching.figures.STATE`."""
MEANT_BY_KIND = {
    "ways": {
        "frame": "0 is exact, then come the jobs, -1 is the last",
        "colour": '"moved" or "label"',
        "item": "the name of an item, to see its way alone",
    },
    "views": {"item": "the name of a picture whose views are kept"},
    "gradients": {"by": '"qubits" or "layers"'},
}


def text(lesson: Lesson) -> str:
    """The lesson as the text of a notebook file (nbformat 4.5), without outputs."""
    import nbformat  # needed by those alone who export

    return nbformat.writes(notebook(lesson)) + "\n"


def write(lesson: Lesson, out: Path, *, force: bool = False) -> None:
    """Write the lesson to a file that ends with .ipynb; one that is there is replaced only by `force`.

    Somebody's answers may be in it. Another ending or a folder that is not there raises `InputError`, too.
    """
    if out.suffix != ENDING:
        raise InputError(
            f"Cannot write {out.name}: got the extension {out.suffix!r}.", remedy=f"Use {ENDING}."
        )
    if not out.resolve().parent.is_dir():
        raise InputError(f"There is no folder {out.resolve().parent}.", remedy="Create it first.")
    if out.exists() and not force:
        raise InputError(
            f"{out} is there already, perhaps with answers.", remedy="Choose another name, or add --force."
        )
    out.write_text(text(lesson), encoding="utf-8")


def write_all(lessons: Sequence[Lesson], folder: Path, *, force: bool = False) -> dict[str, Path]:
    """Write each lesson to a file named by its id; returns the files. Nothing is written if one may not be replaced."""
    files = {lesson.id: folder / f"{lesson.id}{ENDING}" for lesson in lessons}
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"{folder} is a file.", remedy="Name a folder for all lessons, or one lesson for this file."
        )
    if there := [file.name for file in files.values() if file.exists() and not force]:
        raise InputError(
            f"{folder} has {', '.join(there)} already, perhaps with answers.",
            remedy="Choose another folder, or add --force.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for lesson in lessons:
        write(lesson, files[lesson.id], force=force)
    return files


def notebook(lesson: Lesson) -> NotebookNode:
    """The lesson as a notebook: one cell that opens it, then a text, a figure and a question for each step."""
    from nbformat import v4

    after = "\n".join(f"- {each}" for each in lesson.about.after)
    head = INTRODUCTION.format(title=lesson.title, minutes=lesson.about.minutes, after=after)
    opened = OPEN.format(id=lesson.id)
    cells = [v4.new_markdown_cell(head, id="introduction"), v4.new_code_cell(opened, id="open")]
    for step in lesson.steps:
        name = step.id[:48]  # nbformat allows 64 characters in all
        cells.append(v4.new_markdown_cell(f"## {step.title}\n\n{step.text}", id=f"{name}-text"))
        if step.figure is not None:
            cells.append(v4.new_code_cell(_figure(step, step.figure), id=f"{name}-figure"))
        if step.question is not None:
            cells.append(v4.new_code_cell(_question(step), id=f"{name}-question"))
    made = v4.new_notebook(cells=cells)
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "title": lesson.title,
    }
    return made


def _figure(step: Step, figure: Figure) -> str:
    """The call that draws the figure, with everything that can be changed written down."""
    values = {name: getattr(figure, name) for name in STATE[figure.kind]}
    if isinstance(figure, CircuitFigure):
        values["angles"] = _angles(figure)
        if not figure.move and not figure.angles:
            del values["angles"]
    if not values:
        return f"lesson.figure({_source(step.id)})"
    lines = [f"    {name}={_source(value)},  # {_meant(figure, name)}" for name, value in values.items()]
    return "\n".join(["lesson.figure(", f"    {_source(step.id)},", *lines, ")"])


def _angles(figure: CircuitFigure) -> dict[str, float]:
    """The angles of a circuit, also those at 0 that can be moved; of a trained one they are not known here."""
    still = {} if figure.run else {name: 0.0 for name in figure.move if name not in figure.angles}
    return figure.angles | still


def _meant(figure: Figure, name: str) -> str:
    if name == "angles" and isinstance(figure, CircuitFigure) and figure.run and figure.move:
        return f"in radians, such as {_source(dict.fromkeys(figure.move, 0.5))}; others as they were trained"
    return (MEANT | MEANT_BY_KIND.get(figure.kind, {}))[name]


def _question(step: Step) -> str:
    """The question as a comment, a place for the answer, and the check."""
    question = step.question
    assert question is not None
    lines = [question.ask]
    if isinstance(question, ChoiceQuestion):
        lines += [f"    {each}" for each in questions.options(question)]
    asked = [part for line in lines for part in textwrap.wrap(line, WIDTH, subsequent_indent=_indent(line))]
    commented = "\n".join(f"# {line}" for line in asked)
    return f"{commented}\n\nanswer = ...  # {questions.how(step)}\nlesson.check({_source(step.id)}, answer)"


def _indent(line: str) -> str:
    return " " * 9 if line.startswith(" ") else ""


def _source(value: Any) -> str:
    """A value as Python source with double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_source(key)}: {_source(each)}" for key, each in value.items()) + "}"
    return repr(value)
