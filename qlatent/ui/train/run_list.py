"""Draws the table of runs; the selected row is the run in the URL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from qlatent import registry
from qlatent.services.runs import naming
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.shell import url_state
from qlatent.ui.shell.parts import LIST_HEIGHT, LONG, STATES

COLOURS = {word: colour for word, colour, _ in STATES.values()}


def run_list(views: Sequence[RunSummary], *, key: str) -> str:
    """Draw the table, newest first, and return the id of the selected run, by default the newest."""
    ids = [each.id for each in views]
    chosen = url_state.get("run")
    chosen = chosen if chosen in ids else ids[0]

    widget = url_state.table_key(key, (chosen, ids.index(chosen)))

    def selected() -> None:
        rows = st.session_state[widget].selection.rows
        if rows and rows[0] < len(ids):
            url_state.put("run", ids[rows[0]])
            url_state.table_says(key, (ids[rows[0]], rows[0]))

    st.dataframe(
        _table(views),
        key=widget,
        on_select=selected,
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [ids.index(chosen)]}},
        hide_index=True,
        height="auto" if len(views) < LONG else LIST_HEIGHT,
        column_config=_columns(),
        alt="Runs of this workspace",
    )
    url_state.put("run", chosen)
    return chosen


def _table(views: Sequence[RunSummary]) -> pd.DataFrame:
    named = naming.names(views)
    owners = [each.owner for each in views]
    table = pd.DataFrame(
        {
            "State": [[STATES[each.state][0]] for each in views],
            "Done": [100 * each.progress for each in views],
            "Name": [named[each.id] for each in views],
            "Head": [_head(each) for each in views],
            "Dataset": [each.dataset or "" for each in views],
            "Started": pd.to_datetime([each.created for each in views], unit="s"),
        }
    )
    return table.assign(**{"Made by": owners}) if len(set(owners)) > 1 else table


def _head(run: RunSummary) -> str:
    return registry.HEADS[run.head].title if run.head in registry.HEADS else run.kind


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "State": column.MultiselectColumn(options=list(COLOURS), color=list(COLOURS.values()), width=110),
        "Done": column.ProgressColumn(min_value=0, max_value=100, format="%.0f %%", width=100),
        "Name": column.TextColumn(width="medium"),
        "Started": column.DatetimeColumn(format="distance", width=110),
    }
