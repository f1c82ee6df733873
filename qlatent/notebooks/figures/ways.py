"""The ways of items over jobs: the map with arrows, what each job has kept, and the numbers of one item."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from qlatent.notebooks.display import Html, Part
from qlatent.plots import hardware as hardware_plots
from qlatent.plots import ways as plots
from qlatent.services.hardware import placing, results
from qlatent.services.lessons import figures
from qlatent.services.lessons.figures import WaysShown
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import WaysFigure


def ways(workspace: Workspace, figure: WaysFigure) -> Iterable[Part]:
    found = figures.shown(workspace, figure)
    assert isinstance(found, WaysShown)
    placed, opened = found.placed, None
    if figure.item:
        opened = placed.ids.index(figure.item)
    chosen = None if opened is None else np.arange(len(placed.ids)) == opened
    items = placing.shown(placed, chosen)
    yield plots.ways(
        placed.positions.values[figure.frame].astype(float),
        [
            plots.Arrows(
                name,
                placing.arrows(placed, items, stage=stage),
                () if opened is None else placing.ellipses(placed, items, stage=stage),
            )
            for stage, name in enumerate(placed.stages[1:], start=1)
        ],
        names=placed.ids,
        values=placed.moved,
        labels=placed.labels if figure.colour == "label" and any(placed.labels) else (),
    )
    yield (
        f"{' → '.join(placed.stages)}: the places by {placed.stages[figure.frame]}, and how {len(items):,} of "
        f"{len(placed.ids):,} items get there. The axes show {placed.explained:.0%} of the variance of the "
        "exact places."
    )
    yield _kept(found)
    if opened is not None:
        yield f"The numbers of **{figure.item}**. The ellipses hold 95 % of repetitions, by the shots alone."
        yield _values(found, opened)
    table = pd.DataFrame(
        {"Item": placed.ids, "Label": placed.labels, f"Moved by {placed.stages[-1]}": placed.moved}
    )
    listed = table.sort_values(table.columns[-1], ascending=False).to_html(
        index=False, float_format="{:.3f}".format
    )
    yield Html(f"<details><summary>Table of the items, the farthest first</summary>{listed}</details>")
    lines = results.lines(found.jobs[-1])
    yield f"**Slope and bias of each qubit: {placed.stages[-1]}** (without errors 1 and 0)"
    yield hardware_plots.qubits([each.slope for each in lines], [each.bias for each in lines])


def _kept(found: WaysShown) -> pd.DataFrame:
    """What each job has kept."""
    titles = {name: title for name, (title, _) in results.MEANT.items() if name not in figures.UNSHOWN}
    table = pd.DataFrame(found.kept, index=pd.Index(found.placed.stages[1:], name="Arrow to"))
    return table[[name for name in titles if name in table]].rename(columns=titles).round(3)


def _values(found: WaysShown, item: int) -> pd.DataFrame:
    """⟨Z⟩ of each qubit of an item, exactly and by each job, with its standard error by the shots."""
    columns = {"Exact": [f"{value:.3f}" for value in found.jobs[0].exact[item]]}
    for name, job in zip(found.placed.stages[1:], found.jobs, strict=True):
        pairs = zip(job.expectations[item], job.errors[item], strict=True)
        columns[name] = [f"{value:.3f} ± {error:.3f}" if error else f"{value:.3f}" for value, error in pairs]
    table = pd.DataFrame(columns)
    table.index = pd.Index([f"q{wire}" for wire in range(len(table))], name="Qubit")
    return table
