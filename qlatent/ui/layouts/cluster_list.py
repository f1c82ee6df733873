"""Part of the panel of layouts: the clusters with name, picture and size; one that is picked is selected."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.datasets import browsing
from qlatent.services.scenes import scenes
from qlatent.services.scenes.reading import NamedClusters
from qlatent.services.selections.definitions import Cluster, Definition
from qlatent.ui.layouts import kept
from qlatent.ui.layouts.kept import Frame
from qlatent.ui.selections import state
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import count, cut, data_uri

OUTSIDE = "In no cluster"


def cluster_list(page: str, shown: Frame, asked: tuple[int, bool]) -> None:
    """Draw the clusters that are asked for by least size and whether none is left out."""
    smallest, fill = asked
    found = kept.clusters(shown, smallest, fill)
    points = int(shown.scene.positions.placed(shown.frame).sum())
    what = "item" if len(shown.scene.modalities) == 1 else "point"
    st.caption(
        f"{count(found.clusters.count, 'cluster')}; {found.clusters.noise:.0%} of {count(points, what)} "
        f"{'were in no cluster and joined the nearest' if fill else 'are in no cluster'}. Pick one to select its items."
    )
    numbers = list(range(found.clusters.count))
    if (found.clusters.numbers < 0).any():
        numbers.append(-1)
    if numbers:
        _table(page, shown, found, {each: _definition(shown, found, each, asked) for each in numbers})


def _definition(shown: Frame, found: NamedClusters, number: int, asked: tuple[int, bool]) -> Cluster:
    layout = shown.scene.source.layout
    of = {"layout": layout} if layout and shown.frame == shown.scene.frames - 1 else {"on": found.on}
    return Cluster(**of, number=number, settings={"smallest": asked[0], "fill": asked[1]})


def _table(page: str, drawn: Frame, found: NamedClusters, selectable: dict[int, Cluster]) -> None:
    numbers, present = list(selectable), _present(page)
    shown = next((row for row, number in enumerate(numbers) if selectable[number] == present), None)
    which = (drawn.name, drawn.frame, str(selectable[numbers[0]].settings), shown)
    key = url_state.table_key(f"{page}_clusters", which)

    def selected() -> None:
        rows = st.session_state[key].selection.rows
        if rows and rows[0] < len(numbers):
            state.select(page, selectable[numbers[rows[0]]])

    table = _rows(drawn, found, numbers)
    pictures = table[""].notna().any()
    st.dataframe(
        table if pictures else table.drop(columns=""), hide_index=True, key=key, on_select=selected,
        selection_mode="single-row", row_height=44 if pictures else None,
        selection_default={"selection": {"rows": [] if shown is None else [shown]}},
        column_config={
            "": st.column_config.ImageColumn(width=52, help="The item in the middle of the cluster."),
            "Share": st.column_config.NumberColumn(format="percent", width=70),
        },
        alt="Clusters of the map",
    )  # fmt: skip


def _present(page: str) -> Definition | None:
    try:
        return state.current(page)
    except QlatentError:  # a link that holds no selection: the map says so
        return None


def _rows(shown: Frame, found: NamedClusters, numbers: list[int]) -> pd.DataFrame:
    workspace = shell.workspace()
    middle = scenes.items(workspace, shown.scene.source, found.centres.tolist())
    images = browsing.thumbnails(workspace, [each["image_hash"] for each in middle if each["image_hash"]])
    pictures = [data_uri(images.get(each["image_hash"] or "")) for each in middle]
    sizes = [int((found.clusters.numbers == number).sum()) for number in numbers]
    return pd.DataFrame(
        {
            "": [pictures[number] if number >= 0 else None for number in numbers],
            "Cluster": [(*found.names, OUTSIDE)[number] for number in numbers],
            "Items" if len(shown.scene.modalities) == 1 else "Points": sizes,
            "Share": np.array(sizes) / max(1, len(found.clusters.numbers)),
            "In the middle": [
                cut(middle[each]["text"] or middle[each]["id"], limit=60) if each >= 0 else ""
                for each in numbers
            ],
        }
    )  # fmt: skip
