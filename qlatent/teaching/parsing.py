"""Read a lesson from its file: TOML front matter, then steps in Markdown with blocks for figure and question.

Every error names the line of the file.
"""

from __future__ import annotations

import re
from typing import Any

from qlatent.errors import ConfigError
from qlatent.registry import did_you_mean, make_config
from qlatent.teaching.figures import FIGURES
from qlatent.teaching.lesson import FrontMatter, Lesson, Step
from qlatent.teaching.lines import Lines, line_of, values
from qlatent.teaching.questions import QUESTIONS

FENCE = "+++"
BLOCKS: dict[str, dict[str, type]] = {"figure": FIGURES, "question": QUESTIONS}
_HEADING = re.compile(r"^## +(?P<title>.+?) +\{#(?P<id>[a-z0-9][a-z0-9-]*)\} *$")
_TICKS = re.compile(r"^(```+)\s*(\S*)\s*$")


def parse(text: str, *, name: str, file: str = "lesson.md") -> Lesson:
    """The lesson `name` in this text; anything that does not belong there raises `LessonError` with its line."""
    every = Lines(file, 1, text.splitlines())
    front, rest = _front(every)
    about = _made(FrontMatter, values(front), front)
    steps = tuple(_step(each) for each in _sections(rest))
    if not steps:
        raise every.error("there is no step.", rest.first, "Begin one with `## Title {#id}`.")
    seen: dict[str, Step] = {}
    for step in steps:
        if step.id in seen:
            raise every.error(f"the id {step.id!r} is that of line {seen[step.id].line}, too.", step.line)
        seen[step.id] = step
    return Lesson(name, about, steps)


def _front(every: Lines) -> tuple[Lines, Lines]:
    """The front matter and what follows it."""
    lines = every.lines
    if not lines or lines[0].strip() != FENCE:
        raise every.error(f"expected {FENCE} before the front matter.", 1)
    ends = [number for number, line in enumerate(lines) if number and line.strip() == FENCE]
    if not ends:
        raise every.error(f"the front matter has no {FENCE} after it.", len(lines))
    end = ends[0]
    return Lines(every.file, 2, lines[1:end]), Lines(every.file, end + 2, lines[end + 1 :])


def _sections(rest: Lines) -> list[Lines]:
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
        Lines(rest.file, rest.first + start, rest.lines[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _fence(inside: str, line: str) -> str:
    """The ticks of the code block that the next line is in, "" outside."""
    found = _TICKS.match(line)
    if found is None or (inside and (found[1] != inside or found[2])):
        return inside
    return "" if inside else found[1]


def _step(section: Lines) -> Step:
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
    lines = {kind: block.first - 1 for kind, block in blocks.items()}
    return Step(
        heading["id"], heading["title"], text, made["figure"], made["question"], section.first,
        figure_line=lines.get("figure", 0), question_line=lines.get("question", 0),
    )  # fmt: skip


def _split(section: Lines) -> tuple[str, dict[str, Lines]]:
    """The text of a step, and its blocks by kind; other code blocks belong to the text."""
    text: list[str] = []
    blocks: dict[str, Lines] = {}
    inside, kind, start = "", "", 0
    for number, line in enumerate(section.lines[1:], start=1):
        before, inside = inside, _fence(inside, line)
        place = section.first + number
        if inside and not before:
            kind, start = _TICKS.match(line)[2], number  # type: ignore[index]
            if kind in blocks:
                raise section.error(f"a step has at most one {kind}.", place, "Begin another step.")
        elif before and not inside and kind in BLOCKS:
            blocks[kind] = Lines(section.file, section.first + start + 1, section.lines[start + 1 : number])
        if kind not in BLOCKS:
            text.append(line)
        if before and not inside:
            kind = ""
    if inside:
        raise section.error("the block is not closed.", section.first + start, f"End it with {inside}.")
    return "\n".join(text).strip(), blocks


def _block(kind: str, block: Lines, known: dict[str, type]) -> Any:
    given = values(block)
    name = given.get("kind")
    if name not in known:
        said = "has no kind" if name is None else f"is of the unknown kind {name!r}"
        raise block.error(f"the {kind} {said}.", line_of("kind", block), did_you_mean(str(name), known))
    return _made(known[name], given, block)


def _made(cls: type, given: dict[str, Any], block: Lines) -> Any:
    try:
        return make_config(cls, given)
    except ConfigError as err:
        named = re.match(r"unknown key '([^']+)'|([A-Za-z_]+)", err.message)
        key = (named[1] or named[2]) if named else ""
        missing = err.message.startswith(f"{key}=") and key not in given and key != cls.__name__
        message = f"{key} is missing." if missing else err.message
        raise block.error(message, line_of(key, block), err.remedy) from err
