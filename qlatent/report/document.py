"""Writes the sections of a report as one self-contained HTML file and as Markdown."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

STYLE = """body{font:16px/1.55 system-ui,sans-serif;color:#1c2130;max-width:1080px;margin:2rem auto;padding:0 1rem}
h1,h2{line-height:1.2}table{border-collapse:collapse;font-size:.86rem;margin:.6rem 0}
th,td{text-align:left;padding:.3rem .7rem;border-bottom:1px solid #dfe2ea;white-space:nowrap}
.wide{overflow-x:auto}caption,.said{color:#5a6072;text-align:left}b{color:#3f51c7}
pre{background:#f4f5f9;padding:.8rem;overflow-x:auto;font-size:.8rem;line-height:1.25}"""


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
    bold = text.startswith("**") and text.endswith("**") and len(text) > len("****")
    return f"**{escaped(text[2:-2])}**" if bold else escaped(text)


def as_html(title: str, made: Sequence[Part]) -> str:
    """The parts as one HTML file that loads nothing from elsewhere."""
    body = [f"<h1>{html.escape(title)}</h1>"]
    plotly = True  # with the first figure, once
    for part in made:
        if part.heading:
            body.append(f"<h2>{html.escape(part.heading)}</h2>")
        if part.lead:
            body.append(f'<p class="said">{html.escape(part.lead)}</p>')
        if part.table is not None:
            body.append(_html_table(*part.table))
        if part.points:
            body.append("<ul>" + "".join(f"<li>{html.escape(point)}</li>" for point in part.points) + "</ul>")
        if part.code:
            body.append(f"<pre>{html.escape(part.code)}</pre>")
        if part.figure is not None:
            body.append(part.figure.to_html(full_html=False, include_plotlyjs="inline" if plotly else False))
            plotly = False
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        + "\n".join(body)
        + "</body></html>\n"
    )


def _html_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    lines_ = ["".join(f"<td>{_bold(cell)}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines_)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _bold(cell: str) -> str:
    safe = html.escape(str(cell))
    return f"<b>{safe[2:-2]}</b>" if safe.startswith("**") and safe.endswith("**") else safe
