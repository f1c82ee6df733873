"""Read a lesson from its file: TOML front matter, then steps in Markdown with blocks for figure and question.

Every error names the line of the file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qlatent.errors import ConfigError
from qlatent.registry import did_you_mean, make_config
from qlatent.teaching.figures import FIGURES
from qlatent.teaching.lesson import FrontMatter, Lesson, LessonError, Step
from qlatent.teaching.questions import QUESTIONS

FENCE = "+++"
BLOCKS: dict[str, dict[str, type]] = {"figure": FIGURES, "question": QUESTIONS}
_HEADING = re.compile(r"^## +(?P<title>.+?) +\{#(?P<id>[a-z0-9][a-z0-9-]*)\} *$")
_PLACE = re.compile(r"\(at line (\d+), column \d+\)")
_TICKS = re.compile(r"^(```+)\s*(\S*)\s*$")


@dataclass(frozen=True)
class _Lines:
    """Consecutive lines of a lesson file; `first` is the number of the first one."""

    file: str
    first: int
    lines: Sequence[str]

    def error(self, message: str, line: int, remedy: str = "") -> LessonError:
        return LessonError(message, file=self.file, line=line, remedy=remedy)


def parse(text: str, *, name: str, file: str = "lesson.md") -> Lesson:
    """The lesson `name` in this text; anything that does not belong there raises `LessonError` with its line."""
    every = _Lines(file, 1, text.splitlines())
    front, rest = _front(every)
    about = _made(FrontMatter, _values(front), front)
    steps = tuple(_step(each) for each in _sections(rest))
    if not steps:
        raise every.error("there is no step.", rest.first, "Begin one with `## Title {#id}`.")
    seen: dict[str, Step] = {}
    for step in steps:
        if step.id in seen:
            raise every.error(f"the id {step.id!r} is that of line {seen[step.id].line}, too.", step.line)
        seen[step.id] = step
    return Lesson(name, about, steps)


def _front(every: _Lines) -> tuple[_Lines, _Lines]:
    """The front matter and what follows it."""
    lines = every.lines
    if not lines or lines[0].strip() != FENCE:
        raise every.error(f"expected {FENCE} before the front matter.", 1)
    ends = [number for number, line in enumerate(lines) if number and line.strip() == FENCE]
    if not ends:
        raise every.error(f"the front matter has no {FENCE} after it.", len(lines))
    end = ends[0]
    return _Lines(every.file, 2, lines[1:end]), _Lines(every.file, end + 2, lines[end + 1 :])


def _sections(rest: _Lines) -> list[_Lines]:
    """The steps, each with its heading as first line."""
    starts = []
    inside = ""
    for number, line in enumerate(rest.lines):
        inside = _fence(inside, line)
        if inside:
            continue
        if line.startswith("## "):
            starts.append(number)
        elif not starts and line.strip():
            raise rest.error(
                "text before the first step.", rest.first + number, "Begin a step with `## Title {#id}`."
            )
    ends = [*starts, len(rest.lines)][1:]
    return [
        _Lines(rest.file, rest.first + start, rest.lines[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _fence(inside: str, line: str) -> str:
    """The ticks of the code block that the next line is in, "" outside."""
    found = _TICKS.match(line)
    if found is None or (inside and (found[1] != inside or found[2])):
        return inside
    return "" if inside else found[1]


def _step(section: _Lines) -> Step:
    heading = _HEADING.match(section.lines[0])
    if heading is None:
        raise section.error(
            "a step's heading needs an id.", section.first, "Write `## Title {#id}`, the id in small letters."
        )
    text, blocks = _split(section)
    if not text:
        raise section.error("the step has no text.", section.first)
    made = {
        kind: _block(kind, block, BLOCKS[kind]) if block else None
        for kind in BLOCKS
        for block in [blocks.get(kind)]
    }
    return Step(
        heading["id"], heading["title"], text, made["figure"], made["question"], section.first,
        *(blocks[kind].first - 1 if kind in blocks else 0 for kind in BLOCKS),
    )  # fmt: skip


def _split(section: _Lines) -> tuple[str, dict[str, _Lines]]:
    """The text of a step, and its blocks by kind; other code blocks belong to the text."""
    text: list[str] = []
    blocks: dict[str, _Lines] = {}
    inside, kind, start = "", "", 0
    for number, line in enumerate(section.lines[1:], start=1):
        before, inside = inside, _fence(inside, line)
        place = section.first + number
        if inside and not before:
            kind, start = _TICKS.match(line)[2], number  # type: ignore[index]
            if kind in blocks:
                raise section.error(f"a step has at most one {kind}.", place, "Begin another step.")
        elif before and not inside and kind in BLOCKS:
            blocks[kind] = _Lines(section.file, section.first + start + 1, section.lines[start + 1 : number])
        if kind not in BLOCKS:
            text.append(line)
        if before and not inside:
            kind = ""
    if inside:
        raise section.error("the block is not closed.", section.first + start, f"End it with {inside}.")
    return "\n".join(text).strip(), blocks


def _block(kind: str, block: _Lines, known: dict[str, type]) -> Any:
    values = _values(block)
    name = values.get("kind")
    if name not in known:
        said = "has no kind" if name is None else f"is of the unknown kind {name!r}"
        raise block.error(f"the {kind} {said}.", _line_of("kind", block), did_you_mean(str(name), known))
    return _made(known[name], values, block)


def _values(block: _Lines) -> dict[str, Any]:
    try:
        return tomllib.loads("\n".join(block.lines))
    except tomllib.TOMLDecodeError as err:
        place = _PLACE.search(str(err))
        line = block.first + (int(place[1]) - 1 if place else max(0, len(block.lines) - 1))
        raise block.error(f"this is not TOML: {_PLACE.sub('', str(err)).strip()}.", line) from err


def _made(cls: type, values: dict[str, Any], block: _Lines) -> Any:
    try:
        return make_config(cls, values)
    except ConfigError as err:
        named = re.match(r"unknown key '([^']+)'|([A-Za-z_]+)", err.message)
        key = (named[1] or named[2]) if named else ""
        missing = err.message.startswith(f"{key}=") and key not in values and key != cls.__name__
        message = f"{key} is missing." if missing else err.message
        raise block.error(message, _line_of(key, block), err.remedy) from err


def _line_of(key: str, block: _Lines) -> int:
    """The line of a key in a block, else the one before its first line."""
    for number, line in enumerate(block.lines):
        if re.match(rf"\s*(\[\s*)?{re.escape(key)}\b", line):
            return block.first + number
    return block.first - 1
