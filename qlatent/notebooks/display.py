"""What cells of a notebook show: figures, tables and sentences, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go


@dataclass(frozen=True)
class Html:
    """A part that is written as HTML, on white, since its colours are those for a light page."""

    content: str

    def _repr_html_(self) -> str:
        return f'<div style="overflow-x: auto; background: #fff; padding: 8px">{self.content}</div>'


Part = Any
"""A Plotly figure, a table (DataFrame), `Html`, or Markdown (a string)."""


class Shown:
    """What a cell shows; `parts` are there for whoever wants to go on with them, such as a Plotly figure."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(_light(part) for part in parts)

    def _ipython_display_(self) -> None:
        from IPython.display import Markdown, display  # whoever calls this has it

        for part in self.parts:
            display(Markdown(part) if isinstance(part, str) else part)

    def __repr__(self) -> str:
        return "\n\n".join(
            f"({type(part).__name__})" if isinstance(part, go.Figure | Html) else str(part)
            for part in self.parts
        )


@dataclass(frozen=True)
class Said:
    """What is said to an answer in Markdown; `right` is None if there was none, or one that cannot be one."""

    right: bool | None
    text: str

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text.replace("**", "")


def _light(part: Part) -> Part:
    """Figures on white, which can be read in a dark notebook, too."""
    if isinstance(part, go.Figure):
        part.update_layout(template="plotly_white", paper_bgcolor="#fff", plot_bgcolor="#fff")
    return part
