"""A picture with its augmented views, and how alike the first is to others."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

import numpy as np
import pandas as pd

from qlatent.notebooks.display import Html, Part
from qlatent.services.lessons import figures, views
from qlatent.services.lessons.views import ViewsShown
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import ViewsFigure

WIDTH = 120  # of a picture


def pictures(workspace: Workspace, figure: ViewsFigure) -> Iterable[Part]:
    found = figures.shown(workspace, figure)
    assert isinstance(found, ViewsShown)
    shown = [(found.picture, found.item), (views.webp(found.first), "First view")]
    yield Html("".join(_picture(content, name, WIDTH) for content, name in shown if content))
    alike = "Fidelity" if figure.by == "state" else "Cosine"
    lines = [
        {
            "": _picture(views.webp(each.pixels), "", 44),
            "View": escape(views.name(each, found.item)),
            alike: f"{each.similarity:.3f}",
            **({} if each.share is None else {"Share": f"{each.share:.1%}"}),
        }
        for each in found.others
    ]
    yield Html(pd.DataFrame(lines).to_html(index=False, escape=False))
    yield f"Of all {2 * found.count} views, {found.partner_first:.1%} have their partner as the most alike."
    if found.apart is not None and found.kinds is not None:
        means = {"tr ρ²": found.apart.own, "tr σ²": found.apart.others, "tr ρσ": found.apart.cross}
        yield "**Means over all pictures**"
        yield pd.DataFrame([means]).round(3)
        yield "**Hilbert–Schmidt distance between kinds**"
        names = found.kinds.names
        yield pd.DataFrame(np.round(found.kinds.distances, 3), columns=names, index=pd.Index(names))


def _picture(content: bytes, name: str, width: int) -> str:
    address = f"data:image/webp;base64,{base64.b64encode(content).decode()}"
    return f'<img src="{address}" width="{width}" alt="{escape(name)}" title="{escape(name)}">'
