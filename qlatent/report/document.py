"""Writes the sections of a report as one self-contained HTML file and as Markdown."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

# An interval [0.1, 0.2] and a name such as acqua_twin need no escape.
_MARKS = re.compile(r"([\\`*<>|~$&#]|\[(?![-+\d])|\](?=[(\[:])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")


@dataclass(frozen=True)
class Part:
    """One section of a report: a heading, a lead, and a table, a figure, a list or code."""

    heading: str
    lead: str = ""
    table: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None
    figure: Any = None
    picture: str = ""  # path of the figure as an image, for Markdown
    points: Sequence[str] = ()
    code: str = ""
    thumbnail: bytes | None = None  # a WebP image, in the HTML file only

    @property
    def thumbnail_address(self) -> str:
        """The thumbnail as a data URL; "" without one."""
        if self.thumbnail is None:
            return ""
        return f"data:image/webp;base64,{base64.b64encode(self.thumbnail).decode()}"


def write(folder: Path, name: str, title: str, made: Sequence[Part]) -> list[Path]:
    """Write the parts as `name`.html and `name`.md into `folder`; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    page, text = folder / f"{name}.html", folder / f"{name}.md"
    page.write_text(as_html(title, made), encoding="utf-8")
    text.write_text(as_markdown(title, made), encoding="utf-8")
    return [page, text]


def version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def number(value: float, *, sign: bool = False) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def as_markdown(title: str, made: Sequence[Part]) -> str:
    """The parts as Markdown; a figure is shown if it has a picture, else the text points to the HTML."""
    text = [f"# {escaped(title)}"]
    for part in made:
        if part.heading:
            text.append(f"## {escaped(part.heading)}")
        if part.lead and (part.figure is None or part.picture):
            text.append(escaped(part.lead))
        if part.table is not None:
            columns, rows = part.table
            cells = [[_markdown_cell(cell) for cell in row] for row in [columns, *rows]]
            cells.insert(1, ["---"] * len(columns))
            text.append("\n".join("| " + " | ".join(row) + " |" for row in cells))
        if part.points:
            text.append("\n".join(f"- {escaped(point)}" for point in part.points))
        if part.code:
            text.append(f"```text\n{part.code}\n```")
        if part.picture:
            text.append(f"![{escaped(part.heading)}]({part.picture})")
        elif part.figure is not None and part.heading:
            text.append("*(a figure: see the HTML file)*")
    return "\n\n".join(text) + "\n"


def escaped(text: str) -> str:
    """A text on one line with Markdown punctuation escaped; names such as acqua_twin stay unchanged."""
    line = " ".join(str(text).split())
    line = re.sub(_MARKS, r"\\\1", line)
    return re.sub(r"(?i)(https?|www)(?=://|\.)", "\\1\u2060", line)  # a word joiner: no link is made of it


def _markdown_cell(cell: str) -> str:
    text = str(cell)
    return f"**{escaped(text[2:-2])}**" if _is_bold(text) else escaped(text)


def as_html(title: str, made: Sequence[Part]) -> str:
    """The parts as one HTML file that loads nothing from elsewhere."""
    return _TEMPLATES.get_template("document.html.jinja").render(
        title=title, parts=zip(made, _figures(made), strict=True)
    )


def _figures(made: Sequence[Part]) -> Iterator[Markup | None]:
    """Each part's figure as HTML; the first one brings plotly's script for all."""
    script: str | bool = "inline"
    for part in made:
        if part.figure is None:
            yield None
            continue
        yield Markup(part.figure.to_html(full_html=False, include_plotlyjs=script))
        script = False


def _bold(cell: str) -> Markup:
    text = str(cell)
    return Markup("<b>{}</b>").format(text[2:-2]) if _is_bold(text) else escape(text)


def _is_bold(text: str) -> bool:
    return text.startswith("**") and text.endswith("**") and len(text) > len("****")


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters["bold"] = _bold
