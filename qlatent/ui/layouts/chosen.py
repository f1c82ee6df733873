"""Part of the panel of layouts: choose among those that are computed, compare their figures, and remove one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from qlatent.services import bin
from qlatent.services.layouts import layouts, requests
from qlatent.services.layouts.requests import METHODS
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import Layout
from qlatent.ui.layouts import addresses
from qlatent.ui.selections.view import View
from qlatent.ui.shell import owners
from qlatent.ui.shell import page as shell
from qlatent.ui.shell.dataset_cache import all_datasets
from qlatent.ui.shell.formatting import count, duration, literal

FIXED = "Fixed axes"
DISTANCES = {"cosine": "cosine", "euclidean": "Euclidean", "log_fidelity": "log-fidelity"}
FIGURES = {
    "trustworthiness": (
        "True",
        "Whether neighbours on the map are neighbours in the vectors (trustworthiness).",
    ),
    "continuity": ("Together", "Whether neighbours in the vectors are neighbours on the map (continuity)."),
    "neighbour_overlap": ("Kept", "Share of the 10 nearest that the map keeps (kNN overlap@10)."),
    "neighbour_accuracy": (
        "Labels, map",
        "How often the most frequent label among a point's 10 nearest on the map is its own (10-NN accuracy).",
    ),
    "neighbour_accuracy_vectors": (
        "Labels, vectors",
        "The same among the vectors, before the layout.",
    ),
}


def title(spec: Layout) -> str:
    """A layout in a few words: its method, what it is of, and its settings."""
    parts = [f"{METHODS[spec.method]}{' with densities' if spec.densmap else ''}", spec.modality]
    if spec.run:
        parts.append("all frames" if spec.step is None else f"step {spec.step:,}")
    if spec.method != "pca":
        parts += [f"{spec.neighbours} neighbours", f"min_dist {spec.min_dist:g}", DISTANCES[spec.metric]]
    if spec.extends:
        parts.append("with newer items")
    return " · ".join([*parts, f"{spec.dimensions}-D", f"seed {spec.seed}"])


def choose(page: str, view: View, found: Sequence[RunSummary]) -> None:
    """Draw the choice of a layout, and the figures of all of them side by side."""
    if not found:
        st.caption(
            "The map shows fixed axes: points keep their places while a run goes on. A layout such as UMAP draws "
            "neighbours together instead; it is computed once, in the background, and kept."
        )
        return
    names = {"": FIXED} | {each.id: title(each.spec) for each in found if isinstance(each.spec, Layout)}
    key = f"{page}_layouts"
    st.session_state[key] = view.layout if view.layout in names else ""
    st.selectbox(
        "On the map", list(names), format_func=names.__getitem__, key=key, filter_mode="contains",
        on_change=lambda: addresses.show(page, st.session_state[key]),
    )  # fmt: skip
    _figures(page, found)
    if view.layout in names and view.layout:
        with st.container(horizontal=True):
            _extend(page, view)
            _remove(page, view.layout)


def _figures(page: str, found: Sequence[RunSummary]) -> None:
    workspace = shell.workspace()
    rows = []
    for each in found:
        if isinstance(each.spec, Layout):
            figures = listing.measured(workspace, each.id)
            shown = {label: figures.get(name) for name, (label, _) in FIGURES.items()}
            rows.append({"Layout": title(each.spec)} | shown | {"Time": duration(figures.get("seconds"))})
    table = pd.DataFrame(rows).dropna(axis="columns", how="all")
    st.dataframe(
        table, hide_index=True, key=f"{page}_layout_figures", column_config=_columns(),
        alt="Layouts with the figures that say how far each can be believed",
    )  # fmt: skip
    st.caption(
        "1 is best. UMAP keeps neighbours; the sizes of its clusters and the gaps between them mean little. What it "
        "draws far apart need not be far apart in the vectors."
    )


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    figures = {label: number(help=text, format="%.2f", width=68) for label, text in FIGURES.values()}
    return {
        "Layout": st.column_config.TextColumn(width=150),
        "Time": st.column_config.TextColumn(width=68),
    } | figures


def _extend(page: str, view: View) -> None:
    """Offer to place the items that the dataset has gained since."""
    there = all_datasets().get(view.dataset)
    if view.run or there is None:
        return
    workspace = shell.workspace()
    new = _newer(str(workspace.path), view.layout, str((there.rows, there.encoders)))
    if not new:
        return

    def extend() -> None:
        with shell.guarded():
            st.session_state[f"{page}_layout_started"] = requests.extend(workspace, view.layout)

    st.button(
        f"Place {count(new, 'new item')}", key=f"{page}_layout_extend", icon=":material/add_location_alt:",
        on_click=extend,
        help="The dataset has items that this layout lacks. They are placed near similar items; no other point moves. "
        "The result is a new layout.",
    )  # fmt: skip


@st.cache_resource(max_entries=16, show_spinner=False)
def _newer(path: str, layout: str, state: str) -> int:
    return requests.newer(shell.workspace(), layouts.read(shell.workspace(), layout))


def _remove(page: str, layout: str) -> None:
    def remove() -> None:
        addresses.show(page, "")
        queue.remove(shell.workspace(), layout)
        st.session_state[f"{page}_layout_removed"] = layout

    run = listing.summary(shell.workspace(), layout)
    owners.remove_button("Remove this layout", run.name, run.owner, remove, key=f"{page}_layout_remove")


def undo_removal(page: str) -> None:
    """Offer to bring back the layout that was removed last."""
    name = f"{page}_layout_removed"
    gone = next(
        (each for each in bin.content(shell.workspace(), "run") if each.id == st.session_state.get(name)),
        None,
    )
    if gone is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Removed: {literal(gone.name, limit=60)}. It is kept for a day.", width="content")
        if st.button("Undo", key=f"{page}_layout_undo", icon=":material/undo:"):
            bin.restore(shell.workspace(), gone.id, kind="run")
            del st.session_state[name]
            st.rerun(scope="app")
