"""How a step stands, and the link that reopens exactly that: every value is written, also those it began with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from qlatent.errors import InputError
from qlatent.teaching.figures import STATE, CircuitFigure, Figure
from qlatent.teaching.lesson import Lesson, Step
from qlatent.ui.shell.formatting import cut

VERSION = "1"
NONE = "-"  # written where there is no item, no chosen view and no camera
PLACE = ("v", "lesson", "step")
MAPS = ("map", "linked", "ways")  # what is seen through a camera
FIELDS = {kind: (*fields, "camera") if kind in MAPS else fields for kind, fields in STATE.items()}
"""What a link says of each kind of figure."""
NUMBERS: dict[str, Callable[[str], float]] = {
    **dict.fromkeys(("frame", "gate", "seed", "seeds", "layers"), int),
    "temperature": float,
}
BEGIN = "Open the step as it begins, and go on from there."


@dataclass(frozen=True)
class Standing:
    """A step as it stands: its figure in its present state, and the camera as `latent_map.cameras` writes it."""

    figure: Figure | None
    camera: str = ""


def query(lesson: Lesson, step: Step, standing: Standing) -> dict[str, str]:
    """What stands in the URL of a step in this state."""
    fields = FIELDS[standing.figure.kind] if standing.figure else ()
    said = {name: _written(_value(standing, name)) for name in fields}
    return dict(zip(PLACE, (VERSION, lesson.id, step.id), strict=True)) | said


def link(page: str, lesson: Lesson, step: Step, standing: Standing) -> str:
    """The whole address; `page` is that of the page, with or without a query."""
    return f"{page.split('?')[0]}?{urlencode(query(lesson, step, standing))}"


def read(lesson: Lesson, asked: Mapping[str, str]) -> tuple[Step, Standing]:
    """The step that a link names, by default the first, and how it is to stand.

    What the step does not have, is out of range or is of another version raises `InputError`. Bounds that depend on
    data, such as the number of frames, are found when the figure is drawn.
    """
    if (version := asked.get("v", VERSION)) != VERSION:
        raise InputError(
            f"This link is of version {cut(version, limit=20)!r}; this program opens version {VERSION}.",
            remedy="Open the lesson from the list.",
        )
    step = lesson.step(asked["step"]) if asked.get("step") else lesson.steps[0]
    figure = step.figure
    given = {name: text for name, text in asked.items() if name not in PLACE}
    fields = FIELDS[figure.kind] if figure else ()
    if unknown := [name for name in given if name not in fields]:
        names = " and ".join(repr(cut(name, limit=40)) for name in unknown)
        raise InputError(f"This link names {names}, which this step does not have.", remedy=BEGIN)
    camera = given.pop("camera", NONE).removeprefix(NONE)
    if figure is None:
        return step, Standing(None)
    return step, Standing(_with(figure, given), camera)


def _with(figure: Figure, given: Mapping[str, str]) -> Figure:
    found = figure
    for name, text in given.items():
        value = _parsed(figure, name, text)
        try:
            found = replace(found, **{name: value})
        except ValidationError:
            raise refused(name, text) from None
    return found


def refused(name: str, text: object) -> InputError:
    """The error for a value that a step cannot have."""
    return InputError(
        f"This link asks for {name} = {cut(str(text), limit=40)}, which this step does not have.",
        remedy=BEGIN,
    )


def _value(standing: Standing, name: str) -> Any:
    return standing.camera if name == "camera" else getattr(standing.figure, name)


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{number:g}" for name, number in value.items()) or NONE
    return f"{value:g}" if isinstance(value, float) else str(value) or NONE


def _parsed(figure: Figure, name: str, text: str) -> Any:
    if name == "angles":
        return _angles(figure, text)
    if name in NUMBERS:
        try:
            return NUMBERS[name](text)
        except ValueError:
            raise refused(name, text) from None
    return "" if text == NONE else text


def _angles(figure: Figure, text: str) -> dict[str, float]:
    """The angles in a link; only those can be named that the step gives or lets move."""
    assert isinstance(figure, CircuitFigure)
    found = dict(figure.angles)
    for part in text.split(",") if text not in ("", NONE) else ():
        name, _, number = part.rpartition(":")
        if name not in {*figure.move, *figure.angles}:
            raise refused("angles", text)
        try:
            found[name] = float(number)
        except ValueError:
            raise refused("angles", text) from None
    return found


@dataclass(frozen=True)
class Stand:
    """Where the figure of a step stands now, and how it is changed; `height` is that of its map or sphere."""

    now: Callable[[], Standing]
    put: Callable[[Standing], None]
    height: int = 440

    @property
    def figure(self) -> Any:
        """The figure in its present state."""
        return self.now().figure

    def change(self, *, camera: str | None = None, **fields: Any) -> None:
        """Change fields of the figure, or the camera."""
        before = self.now()
        after = replace(before.figure, **fields) if fields and before.figure else before.figure
        self.put(Standing(after, before.camera if camera is None else camera))
