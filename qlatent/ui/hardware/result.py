"""Part of the page Hardware: the results of a job, on the map and in figures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.plots import comparison as confusion_plots
from qlatent.plots import hardware as plots
from qlatent.services.datasets import browsing
from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.hardware import listing, placing, results
from qlatent.services.hardware.listing import JobView
from qlatent.services.hardware.placing import Placed
from qlatent.services.hardware.results import JobResults
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Source
from qlatent.ui.hardware import addresses, result_map, steps, unmet
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import count, cut, decimal

TABS = {"qubits": "Qubits", "probe": "Linear probe", "items": "Items", "calibration": "Calibration"}


def result(view: JobView, views: Sequence[JobView]) -> None:
    """Draw what a job has measured; nothing before there is anything. An error is shown as a card."""
    if view.job.unseen:
        listing.mark_seen(page.workspace(), view.id)
        st.rerun()  # the navigation counts it no more
    if not view.job.events or view.state not in ("done", "failed", "cancelled"):
        return
    try:
        found = read(view)
    except QlatentError as err:
        if view.state == "done":  # else it has measured nothing, which its state says
            parts.error_card(err)
        return
    stages = steps.chosen(view, views)
    with page.guarded():
        placed = _placed(stages)
        _figures(view)
        map_, side = st.columns([2.3, 1], gap="medium")
        with map_:
            result_map.draw(view, placed, _rows(view, placed.ids))
            if len(stages) > 1:
                steps.table(stages, [read(each) for each in stages])
        with side:
            _item(view, found)
        _downloads(view, found)
        _tabs(view, found)


def read(view: JobView) -> JobResults:
    """The results of a job, read once for as long as nothing happens to it."""
    return _read(str(page.workspace().path), view.id, view.job.ended)


@st.cache_resource(max_entries=16, show_spinner=False)
def _read(path: str, job: str, ended: float) -> JobResults:
    return results.read(page.workspace(), job)


def _placed(stages: Sequence[JobView]) -> Placed:
    key = tuple((each.id, each.job.ended) for each in stages)
    return _on_map(str(page.workspace().path), key, steps.names(stages))


@st.cache_resource(max_entries=16, show_spinner=False)
def _on_map(path: str, jobs: tuple[tuple[str, float], ...], names: tuple[str, ...]) -> Placed:
    found = [_read(path, job, ended) for job, ended in jobs]
    return placing.placed(list(zip(names, found, strict=True)))


def _rows(view: JobView, ids: Sequence[str]) -> np.ndarray:
    """The dataset rows of these items."""
    of = _rows_by_id(str(page.workspace().path), view.id)
    return np.array([of[each] for each in ids], dtype=np.int64)


@st.cache_resource(max_entries=16, show_spinner=False)
def _rows_by_id(path: str, job: str) -> dict[str, int]:
    return placing.rows(page.workspace(), job)


def _figures(view: JobView) -> None:
    told = _figured(str(page.workspace().path), view.id, view.job.ended)
    shown = {
        "Items": (f"{told['items']:,.0f}", "Items with results."),
        "Slope": (decimal(told["slope"]), "Measured ≈ slope × exact, the mean over the qubits. 1 is a perfect device."),
        "Offset": (decimal(told["offset"]), "The measured value where the exact one is 0, mean of the qubits."),
        "Mean error": (decimal(told["mean_error"]), "Mean of |measured − exact| over items and qubits."),
        "By the shots": (decimal(told["standard_error"]), "Mean standard error of a value; what exceeds it is noise."),
        "Neighbours kept": (decimal(told["neighbour_overlap"]), "Share of each item's nearest neighbours "
                            "that are the same by the exact latents."),
    }  # fmt: skip
    if "probe_accuracy" in told:
        shown["Linear probe"] = (
            decimal(told["probe_accuracy"]),
            f"Accuracy of a linear probe on these latents; {told['probe_accuracy_exact']:.3f} on the exact ones.",
        )
    with st.grid(len(shown), min_column_width=118, gap="small"):
        for label, (value, about) in shown.items():
            st.metric(label, value, help=about)


@st.cache_data(max_entries=32, show_spinner="Comparing with the exact values…")
def _figured(path: str, job: str, ended: float) -> dict[str, float]:
    return results.figures(_read(path, job, ended))


def _item(view: JobView, found: JobResults) -> None:
    """The open item: what it is, and each qubit's value beside the exact one."""
    row = url_state.number(addresses.ROW)
    ids = {each: name for name, each in _rows_by_id(str(page.workspace().path), view.id).items()}
    with st.container(border=True, gap="small"):
        if row is None or ids.get(row) not in found.ids:
            st.markdown(":material/ads_click: **Pick an item**")
            st.caption(
                "Click a point on the map or a row under Items to see the item and its values on each qubit."
            )
            unmet.unknown("Row", addresses.ROW, (), "it is none of the items of this job")
            return
        at = found.ids.index(ids[row])
        source = Source(dataset=view.run.dataset or "", version=view.run.dataset_version)
        (item,) = scenes.items(page.workspace(), source, [row])
        for image in _thumbnails(item["image_hash"]):
            st.image(image, width=112, alt=cut(item["text"] or item["id"], limit=80))
        parts.foreign(item["text"] or found.ids[at], limit=320)
        parts.labels([item["label"], f"row {row}"])
        st.dataframe(
            pd.DataFrame(
                {
                    "Qubit": range(found.exact.shape[1]), "Exact": found.exact[at],
                    "Measured": found.expectations[at], "±": found.errors[at],
                }
            ),
            hide_index=True, key="hardware_item", alt="Values of the open item on each qubit", height="content",
            column_config={
                name: st.column_config.NumberColumn(format="%.3f") for name in ("Exact", "Measured", "±")
            },
        )  # fmt: skip


def _thumbnails(image: str | None) -> list[bytes]:
    return list(browsing.thumbnails(page.workspace(), [image]).values()) if image else []


def _downloads(view: JobView, found: JobResults) -> None:
    workspace = page.workspace()

    def parquet() -> bytes:
        buffer = io.BytesIO()
        results.table(workspace, view.id).to_parquet(buffer, index=False)
        return buffer.getvalue()

    look: dict[str, Any] = {"icon": ":material/download:", "on_click": "ignore"}
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "latents.parquet", parquet, f"latents-{view.id}.parquet", "application/vnd.apache.parquet",
            key="hardware_parquet", help="Id, each qubit's ⟨Z⟩ and its standard error, and latents where they differ.",
            **look,
        )  # fmt: skip
        st.download_button(
            "CSV", lambda: csv_of(results.table(workspace, view.id)).encode(), f"latents-{view.id}.csv", "text/csv",
            key="hardware_csv", **look,
        )  # fmt: skip


def _tabs(view: JobView, found: JobResults) -> None:
    drawn = {"qubits": _qubits, "probe": _probe, "items": _items, "calibration": _calibration}
    for name, tab in url_state.tabs("hardware_tab", TABS, key="hardware_tabs").items():
        if tab.open:
            with tab:
                drawn[name](view, found)


def _qubits(view: JobView, found: JobResults) -> None:
    told = results.lines(found)
    left, right = st.columns(2, gap="medium")
    with left:
        st.plotly_chart(
            plots.qubits([each.slope for each in told], [each.bias for each in told]), key="hardware_qubits",
            config={"displayModeBar": False}, alt="Slope and bias of each qubit",
        )  # fmt: skip
        st.caption(
            "Slope: what is left of each value. Bias: the mean of measured − exact. Without errors: 1 and 0."
        )
    with right:
        names = {str(each): f"Qubit {each}" for each in range(len(told))}
        qubit = int(
            unmet.pick(
                "Qubit", list(names), name="hardware_qubit", names=names.__getitem__,
                why=lambda _: f"this job has {count(len(told), 'qubit')}, counted from 0",
            )
        )  # fmt: skip
        st.plotly_chart(
            plots.against_exact(found.exact[:, qubit], found.expectations[:, qubit], found.errors[:, qubit]),
            key="hardware_line", config={"displayModeBar": False}, alt=f"Measured and exact values of qubit {qubit}",
        )  # fmt: skip


def _probe(view: JobView, found: JobResults) -> None:
    path = str(page.workspace().path)
    both = {"On these latents": False, "On the exact latents": True}
    for column, (title, exact) in zip(st.columns(2, gap="medium"), both.items(), strict=True):
        counted = _confusion(path, view.id, view.job.ended, exact)
        if counted is None:
            st.info("A probe needs at least 20 items with labels of two classes.", icon=":material/label:")
            return
        labels, counts, accuracy = counted
        with column:
            st.markdown(f"**{title}: accuracy {accuracy:.3f}**")
            st.plotly_chart(
                confusion_plots.confusion(labels, counts), key=f"hardware_confusion_{exact}",
                alt=f"Confusion matrix, {title.lower()}",
            )  # fmt: skip
    st.caption("Logistic regression in five folds: each item is predicted by a probe that has not seen it.")


@st.cache_data(max_entries=32, show_spinner="Fitting the probe…")
def _confusion(
    path: str, job: str, ended: float, exact: bool
) -> tuple[list[str], list[list[int]], float] | None:
    found = _read(path, job, ended)
    counted = results.probe(found.exact_latents if exact else found.latents, found.labels)
    return None if counted is None else (list(counted.labels), counted.counts.tolist(), counted.accuracy)


def _items(view: JobView, found: JobResults) -> None:
    rows = _rows(view, found.ids)

    def chosen() -> None:
        cells = st.session_state["hardware_items"].selection.rows
        if cells:
            url_state.put(addresses.ROW, int(rows[cells[0]]))

    moved = np.linalg.norm(found.latents - found.exact_latents, axis=1)
    table = {"Item": found.ids, "Label": found.labels, "Moved by": moved}
    table |= {f"Qubit {each}": found.expectations[:, each] for each in range(found.expectations.shape[1])}
    st.dataframe(
        pd.DataFrame(table), hide_index=True, key="hardware_items", on_select=chosen, selection_mode="single-row",
        height=parts.LIST_HEIGHT + 60, alt="Items of the job",
        column_config={
            name: st.column_config.NumberColumn(format="%.3f") for name in table if name not in ("Item", "Label")
        },
    )  # fmt: skip


def _calibration(view: JobView, found: JobResults) -> None:
    versions = ", ".join(f"{name} {version}" for name, version in found.facts.get("versions", {}).items())
    if versions:
        st.caption(f"Executed with {versions}.")
    calibration = found.facts.get("calibration")
    if calibration:
        st.json(calibration, expanded=2)
    else:
        st.caption("A simulator has no calibration.")
