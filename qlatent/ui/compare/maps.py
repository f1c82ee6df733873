"""Part of the page Compare: latent spaces of the same items side by side, and probes on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from qlatent.plots import comparison as plots
from qlatent.plots.agreement import agreement
from qlatent.services.datasets import browsing
from qlatent.services.experiments import comparison, grid
from qlatent.services.experiments import side_by_side as service
from qlatent.services.experiments.grid import NO_OBJECTIVE, Cell, Experiment
from qlatent.services.experiments.side_by_side import SideBySide
from qlatent.services.runs import listing
from qlatent.ui.items.card import SHOWN
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import count, cut

COLOURS = {"change": "Neighbourhood change", "label": "Label"}
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["autoScale2d", "toImage"], "scrollZoom": True}


def _spaces(experiment: Experiment) -> dict[str, Cell]:
    """The finished runs of the experiment by run id, lowest seed first."""
    found: dict[str, Cell] = {}
    for cell in grid.cells(page.workspace(), experiment):
        if cell.run is not None and cell.state == "finished":
            found.setdefault(cell.run.id, cell)
    return found


def _title(cell: Cell, *, seed: bool = False) -> str:
    said = [grid.title(cell.head), f"{comparison.dimension(cell)}-d"]
    said += [] if cell.objective == NO_OBJECTIVE else [grid.goal(cell.objective)]
    return ", ".join([*said, f"seed {cell.seed}"] if seed else said)


def _waiting() -> None:
    parts.empty(
        "Nothing trained yet",
        "Latent spaces appear here after the first training finishes.",
        icon=":material/hourglass_top:",
    )


def side_by_side(experiment: Experiment) -> None:
    """One to four linked maps of the same items."""
    cells = _spaces(experiment)
    if not cells:
        _waiting()
        return
    default = list(cells)[: min(2, len(cells))]
    pca = next(
        (run for run, cell in cells.items() if cell.head == "pca" and cell.dim == cells[default[0]].dim), None
    )
    default = [default[0], pca] if pca and pca != default[0] else default
    chosen = st.multiselect(
        "Spaces", list(cells), default=default, key="side_spaces", max_selections=service.MOST,
        format_func=lambda run: _title(cells[run], seed=True),
    )  # fmt: skip
    if not chosen:
        st.info("Choose one to four spaces.", icon=":material/info:")
        return
    with page.guarded():
        _maps(tuple((run, _title(cells[run])) for run in chosen))


@st.cache_resource(max_entries=8, show_spinner="Laying out the spaces…")
def _found(workspace: str, spaces: tuple[tuple[str, str], ...]) -> SideBySide:
    return service.side_by_side(page.workspace(), spaces)


@page.fragment
def _maps(spaces: tuple[tuple[str, str], ...]) -> None:
    found = _found(str(page.workspace().path), spaces)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        colours = {key: name for key, name in COLOURS.items() if any(found.labels) or key != "label"}
        colour = url_state.switch("tint", colours, label="Colour")
        shaded = st.toggle(
            "Shade unreliable regions", value=True, key="side_shade",
            help="In orange regions, neighbours on the map are often not neighbours in the input space.",
        )  # fmt: skip
        modality = (
            url_state.switch(
                "shown", {"all": "All", **{m: SHOWN[m] + "s" for m in found.modalities}}, label="Points"
            )
            if len(found.modalities) > 1
            else "all"
        )
        below = url_state.switch("arranged", {"beside": "Beside", "below": "Below"}, label="Maps") == "below"
    mask = np.array([modality in ("all", kind) for kind in found.kinds])
    picked = _picked(found)
    views = [
        plots.MapView(
            f"{number}" + (f" · {space.title}" if below or len(found.spaces) == 1 else ""),
            space.places[mask], space.change[mask], space.distrust if shaded else None,
        )
        for number, space in enumerate(found.spaces, start=1)
    ]  # fmt: skip
    st.caption(
        " · ".join(
            f"**{number}** {space.title}, {space.explained:.0%} of its variance in the plane"
            for number, space in enumerate(found.spaces, start=1)
        )
    )
    labels = [found.labels[i % len(found.rows)] for i in np.flatnonzero(mask)] if colour == "label" else None
    figure = plots.linked_maps(
        views, found.point_rows[mask], [kind for kind, keep in zip(found.kinds, mask, strict=True) if keep],
        labels=labels, picked=picked, scale=(0.0, 1.0, "neighbours that changed"), columns=1 if below else 2,
        height=400,
    )  # fmt: skip
    st.plotly_chart(
        figure, key="side_maps", on_select=_selected, selection_mode=["points", "lasso", "box"], config=CONFIG,
        alt="Latent spaces of the same items side by side",
    )  # fmt: skip
    drawn = f"Showing {len(found.rows):,} of the {count(found.total, 'item')} that the runs snapshot, evenly spaced."
    st.caption(
        f"{drawn} Draw a lasso in one map to highlight the same items in all maps. Maps are principal planes, rotated "
        "onto the first one without scaling. Colour: share of an item's 10 nearest neighbours that differ from those "
        "in the input space, measured in the whole latent space. The shading is measured in the plane."
    )
    if picked:
        label = f"Clear the selection of {count(len(picked), 'item')}"
        st.button(label, key="side_clear", icon=":material/close:", on_click=_clear)
    _ranked(found, picked)
    row = url_state.number("row")
    if row is not None and row in found.rows:
        _near(found, row)
    sides = st.columns([max(2, len(found.spaces)), 2], gap="medium")
    with sides[0]:
        _shepard(found)
    with sides[1]:
        _agreement(found)


def _shepard(found: SideBySide) -> None:
    """Draw a Shepard diagram for each space: distances after compression against distances before."""
    st.subheader("Shepard diagrams", anchor=False)
    st.plotly_chart(
        plots.shepard(
            [
                (f"{number}", s.shepard.before, s.shepard.after, s.shepard.fitted)
                for number, s in enumerate(found.spaces, start=1)
            ]
        ),
        key="side_shepard", alt="Distances before and after for each space",
    )  # fmt: skip
    st.caption(
        f"{len(found.spaces[0].shepard.before):,} of {found.spaces[0].shepard.pairs:,} pairs, drawn with seed 0. The "
        "line is the monotone fit to all pairs. A narrow band around a rising line means a faithful map."
    )


def _agreement(found: SideBySide) -> None:
    """Draw the share of neighbours shared with the input space, by neighbourhood size."""
    st.subheader("Neighbourhood agreement", anchor=False)
    names = [f"{number} · {space.title}" for number, space in enumerate(found.spaces, start=1)]
    curves = [(name, s.agreement.k, s.agreement.r) for name, s in zip(names, found.spaces, strict=True)]
    st.plotly_chart(
        agreement(curves), key="side_agreement", alt="Neighbours shared with the input space by size"
    )
    areas = " · ".join(
        f"**{number}** {s.area.value:.3f} [{s.area.low:.3f}, {s.area.high:.3f}]"
        for number, s in enumerate(found.spaces, start=1)
    )
    st.caption(
        "Share of each point's k nearest neighbours that are the same as in the input space, corrected for chance "
        "(R_NX): 1 means all, 0 means as many as by chance. Left is local, right is global. Area under the curve, "
        f"{comparison.metric_title(service.AREA)}: {areas}."
    )


def _selected() -> None:
    """Store the items of a lasso or click; a single item is also the one whose neighbours are shown."""
    points = st.session_state["side_maps"].selection.points
    rows = sorted({int(point["customdata"]) for point in points if point.get("customdata") is not None})
    st.session_state["side_picked"] = ",".join(map(str, rows))
    if len(rows) == 1:
        url_state.put("row", rows[0])


def _clear() -> None:
    st.session_state["side_picked"] = ""


def _picked(found: SideBySide) -> set[int]:
    words = str(st.session_state.get("side_picked", ""))
    known = set(found.rows.tolist())
    return {int(word) for word in words.split(",") if word.isdigit()} & known


def _ranked(found: SideBySide, picked: set[int]) -> None:
    """Draw the table of items, sorted by neighbourhood change in the first space."""
    size = len(found.rows)
    columns: dict[str, Any] = {"Row": found.rows, "Id": found.ids}
    if any(found.labels):
        columns["Label"] = found.labels
    for number, space in enumerate(found.spaces, start=1):
        columns[f"{number}: {space.title}"] = space.change.reshape(-1, size).mean(axis=0).round(2)
    table = pd.DataFrame(columns)
    if picked:
        table = table[table["Row"].isin(picked)]
    first = f"1: {found.spaces[0].title}"
    table = table.sort_values(first, ascending=False, kind="stable").reset_index(drop=True)
    rows = table["Row"].tolist()
    key = "side_table_" + str(st.session_state.get("side_picked", ""))[:40]

    def chosen() -> None:
        selected = st.session_state[key].selection.rows
        url_state.put("row", rows[selected[0]] if selected else None)

    heading = f"{count(len(table), 'selected item')}" if picked else f"{count(len(table), 'item')}"
    st.markdown(
        f"**{heading} by neighbourhood change** (share of changed neighbours; select a row to see its neighbours)"
    )
    st.dataframe(
        table, hide_index=True, key=key, on_select=chosen, selection_mode="single-row", height=250,
        alt="Items by neighbourhood change",
    )  # fmt: skip


def _near(found: SideBySide, row: int) -> None:
    """Draw the neighbours of an item in each space side by side."""
    modality = found.modalities[0]
    if len(found.modalities) > 1:
        modality = url_state.switch(
            "near", {m: SHOWN[m] for m in found.modalities}, label="Neighbours of its"
        )
    workspace = page.workspace()
    lists = service.neighbours(workspace, found, row, modality)
    run = listing.view(workspace, found.spaces[0].run_id)
    everyone = sorted({each for near in lists for each in near.rows} | {row})
    texts = dict(
        zip(
            everyone,
            browsing.texts(workspace, run.dataset or "", everyone, at=run.dataset_version),
            strict=True,
        )
    )
    ids = dict(zip(found.rows.tolist(), found.ids, strict=True))
    st.markdown(f"**Nearest to row {row}**")
    parts.foreign(texts[row] or ids[row], limit=200)
    for column, near in zip(st.columns(len(lists), gap="small"), lists, strict=True):
        with column:
            kept = sum(near.kept)
            st.caption(near.title if near is lists[0] else f"{near.title}: {kept} of {len(near.rows)} kept")
            table = pd.DataFrame(
                {
                    "Kept": near.kept,
                    "Distance": near.distances,
                    "Item": [cut(texts[each] or ids[each], limit=60) for each in near.rows],
                }
            )
            st.dataframe(
                table, hide_index=True, key=f"near_{near.title}", height=390, alt=f"Nearest in {near.title}",
                column_config={
                    "Kept": st.column_config.CheckboxColumn(width=44),
                    "Distance": st.column_config.NumberColumn(format="%.3f", width=66),
                },
            )  # fmt: skip


def _first_ones(cells: dict[str, Cell], kept: dict[str, Any]) -> list[str]:
    """The first head, its twin and PCA at the largest dimension of the grid."""
    largest = max(cells[run].dim or 0 for run in kept)
    own = [run for run in kept if cells[run].dim == largest]
    pca = [run for run in own if cells[run].head == "pca"]
    twins = [run for run in own if cells[run].head == "acqua_twin"]
    return list(dict.fromkeys([*own[:1], *twins[:1], *pca[:1]]))


def probe(experiment: Experiment) -> None:
    """Draw probe accuracy over training and confusion matrices at the end."""
    cells = _spaces(experiment)
    if not cells:
        _waiting()
        return
    workspace = page.workspace()
    kept = {run: workspace.run(run).figures() for run in cells}
    kept = {run: figures for run, figures in kept.items() if figures.get("confusion")}
    if not kept:
        st.info(
            "A probe predicts labels from latents, but these items have fewer than two labels. Import a label column.",
            icon=":material/label:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = url_state.switch(
            "probe", {"linear": "Linear probe", "knn": "10 nearest neighbours"}, label="Probe"
        )
        chosen = st.multiselect(
            "Heads", list(kept), default=_first_ones(cells, kept), key="probe_heads", max_selections=8,
            format_func=lambda run: _title(cells[run], seed=True),
        )  # fmt: skip
    curves = {_title(cells[run], seed=True): kept[run]["curve"] for run in chosen if kept[run]["curve"]}
    if curves:
        st.subheader("Linear probe over training", anchor=False)
        st.plotly_chart(
            plots.probe_curves(curves), key="probe_curves", alt="Probe accuracy over training steps"
        )
        st.caption(
            "Logistic regression on the recorded latents of training items, tested on held-out items. Bands: 95 % "
            "intervals over held-out items. No step is chosen by this accuracy. A single point is a closed-form head."
        )
    st.subheader("Confusion at the end", anchor=False)
    columns = st.columns(max(1, min(2, len(chosen))), gap="medium")
    for number, run in enumerate(chosen):
        results = kept[run]
        found = results["confusion"][which]
        name = "probe_accuracy" if which == "linear" else "knn_accuracy"
        metric, majority = results["metrics"][name], results["metrics"]["majority_accuracy"]["value"]
        with columns[number % len(columns)]:
            st.markdown(f"**{_title(cells[run], seed=True)}**")
            st.plotly_chart(
                plots.confusion(found["labels"], found["counts"]), key=f"confusion_{which}_{run}",
                alt=f"Confusion matrix of {_title(cells[run])}",
            )  # fmt: skip
            st.caption(
                f"Accuracy {metric['value']:.3f} [{metric['low']:.3f}, {metric['high']:.3f}] on {metric['n']:,} "
                f"held-out items; always predicting the largest class gives {majority:.3f}."
            )
