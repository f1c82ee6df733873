"""Facts about contrast: how alike augmented views are, NT-Xent of one of them, and the distance of circuit states.

What is compared is given, not taken from the switches of the figure, since a question names its picture.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from qlatent.services.lessons import views
from qlatent.services.lessons.stage import Stage
from qlatent.services.lessons.views import ViewsShown
from qlatent.services.runs import listing
from qlatent.teaching.answers import Chosen, Quantity
from qlatent.teaching.figures import ViewsFigure


def most_alike(stage: Stage, *, item: str, by: str = "vector", at: str = "end") -> Chosen:
    """Which of the seven other views is most like the first one of an item: of the "same" picture, or an "other"."""
    shown = _shown(stage, item=item, by=by, at=at)
    nearest = max(shown.others, key=lambda each: each.similarity)
    return Chosen("same" if nearest.item == item else "other")


def partner_first(stage: Stage, *, by: str, at: str, edges: list[float]) -> Chosen:
    """Between which edges the share of all views lies, in per cent, whose partner is the most alike of all.

    "under_<edge>", or "over_<last edge>".
    """
    share = 100 * _shown(stage, by=by, at=at).partner_first
    below = [edge for edge in edges if share < edge]
    return Chosen(f"under_{below[0]:g}" if below else f"over_{edges[-1]:g}")


def loss_of_view(stage: Stage, *, item: str, by: str = "vector", temperature: float = 0.07) -> Quantity:
    """NT-Xent of the first view of an item among those shown, −ln(share of the second); exact up to two digits."""
    loss = _shown(stage, item=item, by=by, temperature=temperature).loss
    assert loss is not None  # states have no share
    return Quantity(loss, 0.01)


def uninformed_loss(stage: Stage, *, pictures: int) -> Quantity:
    """NT-Xent where all views are equally alike: ln(2N − 1) for N pictures; exact up to two digits."""
    return Quantity(math.log(2 * pictures - 1), 0.01)


def heldout_loss(stage: Stage, *, at: str = "first") -> Quantity:
    """The loss of the held-out pictures at the "first", "lowest" or "last" evaluation; exact up to two digits."""
    found = listing.evaluations(stage.workspace, stage.run())["total"]
    return Quantity(float({"first": found[0], "lowest": found.min(), "last": found[-1]}[at]), 0.01)


def states_apart(stage: Stage, *, at: str = "end") -> Quantity:
    """The mean Hilbert–Schmidt distance of views in the circuit; as exact as from three parts of three digits."""
    return Quantity(views.apart(stage, _figure(stage, at=at).run).distance, 0.002)


def nearest_kind(stage: Stage, *, of: str, at: str = "end") -> Chosen:
    """The kind whose mean state is nearest to that of another, by Hilbert–Schmidt distance."""
    found = views.kinds(stage, _figure(stage, at=at))
    place = found.names.index(of)
    away = np.where(np.arange(len(found.names)) == place, np.inf, found.distances[place])
    return Chosen(found.names[int(away.argmin())])


def _figure(stage: Stage, **state: Any) -> ViewsFigure:
    assert isinstance(stage.figure, ViewsFigure)
    return replace(stage.figure, **state)


def _shown(stage: Stage, **state: Any) -> ViewsShown:
    return views.shown(stage, _figure(stage, **state))
