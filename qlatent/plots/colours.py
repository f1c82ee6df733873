"""Defines colours that people with any common colour vision can distinguish, on light and dark backgrounds."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence

RAMP = [
    (0.0, "#44377F"), (0.14, "#38588B"), (0.29, "#2B768E"), (0.43, "#22928B"),
    (0.57, "#2CAD7F"), (0.71, "#5AC664"), (0.86, "#9FD939"), (1.0, "#EAE527"),
]  # fmt: skip
"""Viridis without its darkest sixth, which would vanish on a dark page."""

CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A6FD1", "#B8A800")
"""Okabe and Ito's colours, the two weakest replaced."""

STAGES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of the arrows to each stage of a way after the first."""

OTHER, GREY, GRID, CLEAR = "#9A9A9A", "rgba(128,132,145,.9)", "rgba(128,132,145,.18)", "rgba(0,0,0,0)"
MARK = "#D55E00"
"""Colour of the picked item; player.js uses it too."""
REST = "other"


def plain(text: str, *, limit: int = 60) -> str:
    """Foreign text escaped for Plotly: tags, entities and formulas stay plain text."""
    return html.escape(" ".join(text.split())[:limit]).replace("$", "&#36;")


def grouped(labels: Sequence[str | None], *, top: int = len(CATEGORIES)) -> tuple[list[str], list[str]]:
    """Labels with all but the `top` most frequent replaced by "other", and the groups, most frequent first."""
    counts = Counter(label for label in labels if label)
    groups = [label for label, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:top]]
    kept = set(groups)
    assigned = [label if label in kept else REST for label in labels]
    return assigned, groups + ([REST] if REST in assigned and REST not in kept else [])
