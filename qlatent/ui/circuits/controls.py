"""Part of the page Circuits: compares a trained head with the same head without its circuit."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from qlatent.registry import HEADS
from qlatent.services.circuits import controls
from qlatent.services.circuits.circuits import CircuitView
from qlatent.services.circuits.controls import Estimate, Place, Row
from qlatent.services.experiments import comparison
from qlatent.services.runs import listing
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count

SEEDS = {"3": "3", "5": "5", "10": "10"}
INTRO = (
    "Controls: the same head, trained again on the same items with the same settings, but with frozen random circuit "
    "weights, without entangling gates, or with a classical layer in place of the circuit."
)


def contributing(view: CircuitView) -> None:
    """Compare the head with its controls seed by seed; offer to train the missing ones."""
    st.caption(INTRO)
    head = view.head
    workspace = page.workspace()
    known = {run.id for run in listing.list_runs(workspace, "train")}
    if head is None or head.run_id not in known:
        st.info("The run of this head is not in this workspace, so its controls cannot be trained.")
        return
    run_id = head.run_id
    with page.guarded():
        with st.container(horizontal=True, vertical_alignment="bottom"):
            seeds = int(url_state.switch("seeds", SEEDS, label="Seeds"))
            found = controls.places(workspace, run_id, seeds)
            lacking = controls.missing(found)
            if lacking and st.button(
                f"Train {count(len(lacking), 'run')}",
                key="controls_start",
                type="primary",
                icon=":material/play_arrow:",
            ):
                controls.start(workspace, found)
                st.rerun()
        _watched(run_id, seeds, found)


def _watched(run_id: str, seeds: int, found: list[Place]) -> None:
    """Draw the table; refresh it every few seconds while a run is active."""
    workspace = page.workspace()
    rows = controls.rows(workspace, found)
    if not any(row.active for row in rows):
        _table(rows, seeds)
        return

    def show() -> None:
        now = controls.rows(workspace, controls.places(workspace, run_id, seeds))
        _table(now, seeds)
        if not any(row.active for row in now):
            st.rerun(scope="app")

    st.fragment(show, run_every=3.0)()


def _table(found: list[Row], seeds: int) -> None:
    table: dict[str, Any] = {
        "Head": [HEADS[row.head].title for row in found],
        "Seeds": [f"{row.finished} of {seeds}" + (" · training" if row.active else "") for row in found],
    }
    for name in (each for each in controls.METRICS if any(each in row.figures for row in found)):
        label = _title(found, name)
        table[label] = [_estimate(row.figures.get(name)) for row in found]
        table[f"Δ {label}"] = [
            "" if row is found[0] else _estimate(row.differences.get(name), sign=True) for row in found
        ]
    st.dataframe(pd.DataFrame(table), hide_index=True, key="controls_table", alt="The head and its controls")
    st.caption(
        "On held-out items; mean ± half of the 95 % interval over seeds (Student's t). Δ: control minus head, seed by "
        f"seed. {reading(found)}"
    )


def _title(found: list[Row], name: str) -> str:
    """The title of a metric, which says whether it is over images and texts together."""
    return comparison.metric_title(name, of_pairs=any("pair_error" in row.figures for row in found))


def reading(found: list[Row]) -> str:
    """The conclusion of the table in one sentence."""
    known = [row for row in found[1:] if any(each.half is not None for each in row.differences.values())]
    if not known:
        return "One seed is not enough: the seed alone can cause differences of this size."
    apart = [
        f"{HEADS[row.head].title} ({_title(found, name)})"
        for row in known
        for name, each in row.differences.items()
        if each.half is not None and abs(each.mean) > each.half
    ]
    if not apart:
        return (
            "No control differs from the head by more than the variation between seeds: "
            "nothing here shows that the circuit helps."
        )
    return f"These differ from the head by more than the variation between seeds: {', '.join(apart)}."


def _estimate(found: Estimate | None, *, sign: bool = False) -> str:
    if found is None:
        return "–"
    value = f"{found.mean:+.3f}" if sign else f"{found.mean:.3f}"
    return value if found.half is None else f"{value} ± {found.half:.3f}"
