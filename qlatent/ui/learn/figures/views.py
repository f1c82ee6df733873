"""A picture with its augmented views in a step, and how alike they are to those of other pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from qlatent.services.datasets import tombstone
from qlatent.services.lessons import figures, views
from qlatent.services.lessons.views import Kinds, ViewsShown
from qlatent.ui.learn.links import Stand
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import data_uri, literal

BY = {"vector": "Vectors", "projection": "NT-Xent", "state": "States"}
AT = {"start": "Before training", "end": "After training"}
TEMPERATURES = (0.01, 0.02, 0.05, 0.07, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0)
WIDTH = 104  # of a picture: three stand side by side on a phone


def draw(stand: Stand) -> None:
    """Draw the choices, the picture with its views, and the table of the other views."""
    found = figures.shown(page.workspace(), stand.figure)
    assert isinstance(found, ViewsShown)
    _choices(stand, found.items)
    _pictures(found)
    _table(stand, found)
    if found.apart is not None:
        means = found.apart
        st.markdown("**Means over all pictures**")
        with st.grid(3, min_column_width=100, gap="xsmall"):
            for name, value in (("tr ρ²", means.own), ("tr σ²", means.others), ("tr ρσ", means.cross)):
                st.metric(name, f"{value:.3f}")
    if found.kinds is not None:
        _kinds(found.kinds)


def _choices(stand: Stand, items: tuple[str, ...]) -> None:
    """The fields that can be changed, those that matter for what is compared."""
    figure = stand.figure
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if "item" in figure.change:
            _chosen(stand, "item", st.selectbox, "Picture", list(items), width=150)
        if "by" in figure.change:
            _switch(stand, "by", "Compare", BY)
        if "at" in figure.change and figure.by != "vector":
            _switch(stand, "at", "Head", AT)
    if "temperature" in figure.change and figure.by != "state":
        offered = sorted({*TEMPERATURES, figure.temperature})
        _chosen(stand, "temperature", st.select_slider, "Temperature τ", offered, format_func="{:g}".format)


def _switch(stand: Stand, name: str, label: str, names: dict[str, str]) -> None:
    look = {"required": True, "format_func": names.__getitem__}
    _chosen(stand, name, st.segmented_control, label, list(names), **look)


def _chosen(stand: Stand, name: str, widget, *arguments, **look) -> None:  # type: ignore[no-untyped-def]
    """A widget for one field of the figure."""
    key = f"learn_views_{name}"
    st.session_state[key] = getattr(stand.figure, name)

    def changed() -> None:
        stand.change(**{name: st.session_state[key]})

    widget(*arguments, key=key, on_change=changed, **look)


def _pictures(found: ViewsShown) -> None:
    with st.container(horizontal=True, gap="small"):
        if found.picture is not None:
            st.image(found.picture, caption=f"{found.item}", width=WIDTH, alt=f"The picture {found.item}")
        else:
            st.caption(tombstone.SAYS.capitalize())
        for name, pixels in (("First view", found.first), ("Second view", found.others[0].pixels)):
            st.image(pixels, caption=name, width=WIDTH, alt=f"{name} of {found.item}")


def _table(stand: Stand, found: ViewsShown) -> None:
    by = stand.figure.by
    alike = "Fidelity" if by == "state" else "Cosine"
    table = pd.DataFrame(
        {
            "": [data_uri(views.webp(each.pixels)) for each in found.others],
            "View": [views.name(each, found.item) for each in found.others],
            alike: [each.similarity for each in found.others],
        }
    )
    column = st.column_config
    look: dict[str, Any] = {
        "": column.ImageColumn(width=60),
        alike: column.NumberColumn(format="%.3f"),
    }
    if found.loss is not None:
        table["Share"] = [100 * float(each.share or 0) for each in found.others]
        look["Share"] = column.ProgressColumn(format="%.1f %%", min_value=0, max_value=100)
    st.markdown("**How alike the first view is to seven others**")
    st.dataframe(
        table, hide_index=True, key="learn_views_table", row_height=44, column_config=look,
        alt="The other views, how alike each is to the first, and its share in NT-Xent",
    )  # fmt: skip
    st.caption(
        f"Of all {2 * found.count} views, {found.partner_first:.1%} have their partner as the most alike."
    )


def _kinds(found: Kinds) -> None:
    names = [literal(name) for name in found.names]
    st.markdown("**Hilbert–Schmidt distance between kinds**")
    st.dataframe(
        pd.DataFrame(np.round(found.distances, 3), columns=names, index=pd.Index(names, name="Kind")),
        key="learn_views_kinds", alt="Distances between the mean states of the kinds",
        column_config={name: st.column_config.NumberColumn(format="%.3f") for name in names},
    )  # fmt: skip
