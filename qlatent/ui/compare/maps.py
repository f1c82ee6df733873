"""Part of the page Compare: latent spaces of the same items side by side."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from qlatent.plots import comparison as plots
from qlatent.plots.agreement import agreement
from qlatent.services.datasets import browsing
from qlatent.services.experiments import comparison
from qlatent.services.experiments import side_by_side as service
from qlatent.services.experiments.grid import Experiment
from qlatent.services.experiments.side_by_side import SideBySide
from qlatent.services.runs import listing
from qlatent.services.scenes.scenes import Source
from qlatent.ui.compare import linked_maps, spaces
from qlatent.ui.compare.linked_maps import Shown
from qlatent.ui.items.card import SHOWN
from qlatent.ui.selections import state
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import count, cut

READING = (
    "Point at, select or zoom in one map, and all maps follow. Maps are principal planes, rotated onto the first one "
    "and drawn at one size."
)

TOGETHER = " Pairs of images, of texts, and of an image and a text are all among them."
EACH = " Neighbours are those among images for an image, and among texts for a text."


def side_by_side(experiment: Experiment) -> None:
    """One to four linked maps of the same items."""
    cells = spaces.spaces(experiment)
    if not cells:
        spaces.waiting()
        return
    default = list(cells)[: min(2, len(cells))]
    pca = next(
        (run for run, cell in cells.items() if cell.head == "pca" and cell.dim == cells[default[0]].dim), None
    )
    default = [default[0], pca] if pca and pca != default[0] else default
    chosen = st.multiselect(
        "Spaces", list(cells), default=default, key="side_spaces", max_selections=service.MOST,
        format_func=lambda run: spaces.title(cells[run], seed=True),
    )  # fmt: skip
    if not chosen:
        st.info("Choose one to four spaces.", icon=":material/info:")
        return
    with page.guarded():
        _maps(tuple((run, spaces.title(cells[run])) for run in chosen))


@st.cache_resource(max_entries=8, show_spinner="Laying out the spaces…")
def _found(workspace: str, chosen: tuple[tuple[str, str], ...]) -> SideBySide:
    return service.side_by_side(page.workspace(), chosen)


@page.fragment
def _maps(chosen: tuple[tuple[str, str], ...]) -> None:
    found = _found(str(page.workspace().path), chosen)
    shown, below = _shown(found)
    st.caption(
        " · ".join(
            f"**{number}** {space.title}, {space.explained:.0%} of its variance in the plane"
            for number, space in enumerate(found.spaces, start=1)
        )
    )
    linked_maps.draw(shown, columns=1 if below else 2)
    drawn = f"Showing {len(found.rows):,} of the {count(found.total, 'item')} that the runs snapshot, evenly spaced."
    st.caption(f"{drawn} {READING}")
    picked = _picked(shown)
    if shown.picked is not None:
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


def _shown(found: SideBySide) -> tuple[Shown, bool]:
    """Draw the controls above the maps; what is drawn, and whether maps stand below each other."""
    several = len(found.modalities) > 1
    without = {key for key, there in (("label", any(found.labels)), ("modality", several)) if not there}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        colours = {key: name for key, name in linked_maps.COLOURS.items() if key not in without}
        colour = url_state.switch("tint", colours, label="Colour")
        points = {"all": "All", **{m: SHOWN[m] + "s" for m in found.modalities}}
        modality = url_state.switch("shown", points, label="Points") if several else "all"
        arranged = url_state.switch("arranged", {"beside": "Beside", "below": "Below"}, label="Maps")
    run = listing.summary(page.workspace(), found.spaces[0].run_id)
    source = Source(dataset=run.dataset or "", version=run.dataset_version)
    selected = linked_maps.selected(source.dataset)
    return Shown(found, source, colour, "" if modality == "all" else modality, selected), arranged == "below"


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
        + (TOGETHER if len(found.modalities) > 1 else "")
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
        f"{comparison.metric_title(service.area_of(found.modalities))}: {areas}."
        + (EACH if len(found.modalities) > 1 else "")
    )


def _clear() -> None:
    state.select(linked_maps.PAGE, None)


def _picked(shown: Shown) -> set[int]:
    """The selected rows that are on the maps."""
    return set() if shown.picked is None else set(shown.picked.tolist()) & set(shown.found.rows.tolist())


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
    key = f"side_table_{crc32(repr(rows).encode()):08x}"  # a selection by place holds for these rows alone

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
    modality = found.modalities[0]
    if len(found.modalities) > 1:
        modality = url_state.switch(
            "near", {m: SHOWN[m] for m in found.modalities}, label="Neighbours of its"
        )
    near_lists(found, row, modality)


def near_lists(found: SideBySide, row: int, modality: str) -> None:
    """Draw the neighbours of an item in each space side by side."""
    workspace = page.workspace()
    lists = service.neighbours(workspace, found, row, modality)
    run = listing.summary(workspace, found.spaces[0].run_id)
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
