"""Parts of the page Heads: the list, the details of a head, upload, and use on new items."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from qlatent.services.exports import export
from qlatent.services.heads import kept_heads
from qlatent.services.heads.kept_heads import HeadView
from qlatent.services.uploads import temporary
from qlatent.ui.latent_map import figures
from qlatent.ui.latent_map.player import Metric
from qlatent.ui.shell import dataset_cache, page, parts, url_state
from qlatent.ui.shell.formatting import ago, count, encoder_name, literal
from qlatent.ui.shell.uploads import written

FORMATS = {"npz": "NumPy (.npz)", "parquet": "Parquet", "csv": "CSV"}


def head_list(views: list[HeadView]) -> HeadView:
    """Draw the table of kept heads and return the selected one."""
    ids = [each.id for each in views]
    chosen = url_state.get("head")
    chosen = chosen if chosen in ids else ids[0]

    widget = url_state.table_key("heads_table", (chosen, ids.index(chosen)))

    def selected() -> None:
        rows = st.session_state[widget].selection.rows
        if rows and rows[0] < len(ids):
            url_state.put("head", ids[rows[0]])
            url_state.table_says("heads_table", (ids[rows[0]], rows[0]))

    table = pd.DataFrame(
        {
            "Name": [each.name for each in views],
            "Head": ["broken" if each.broken else each.title for each in views],
            "Origin": [each.origin for each in views],
            "Parameters": [each.parameter_count.get("stored") for each in views],
            "Pair distance change": [each.metrics.get("pair_error") for each in views],
            "Kept": pd.to_datetime([each.created for each in views], unit="s"),
        }
    )
    column = st.column_config
    st.dataframe(
        table,
        key=widget,
        on_select=selected,
        selection_mode="single-row-required",
        hide_index=True,
        selection_default={"selection": {"rows": [ids.index(chosen)]}},
        height="auto" if len(views) < parts.LONG else parts.LIST_HEIGHT,
        column_config={
            "Name": column.TextColumn(width="medium"),
            "Parameters": column.NumberColumn(format="localized"),
            "Pair distance change": column.NumberColumn(
                format="%.3f", help="Mean |d_x − d_z| of held-out pairs, before and after compression."
            ),
            "Kept": column.DatetimeColumn(format="distance"),
        },
        alt="Heads kept in this workspace",
    )
    url_state.put("head", chosen)
    return views[ids.index(chosen)]


def card(head: HeadView) -> None:
    """Draw name, metrics, settings, circuit and model card of a head."""
    workspace = page.workspace()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parts.name(head.name)
        st.badge(head.title, color="blue")
        st.badge(head.origin, color="gray")
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Download",
            key="head_download",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            data=lambda: kept_heads.download_zip(workspace, head.id),
            file_name=f"{head.id}.zip",
            mime="application/zip",
            help="model.safetensors, config.json and the model card, zipped.",
        )
        if head.run_id and st.button("Explore the map", key="head_explore", icon=":material/scatter_plot:"):
            url_state.go("explore", run=head.run_id)
        if st.button("Remove", key="head_remove", icon=":material/delete:"):
            confirm_removal(head)
    if head.broken:
        st.error(f"This head cannot be used: {literal(head.broken)}", icon=":material/broken_image:")
        return
    _figures(head)
    settings, drawing, document = st.tabs(
        ["Settings", "Circuit", "Model card"], key="head_tabs", on_change="rerun"
    )
    if settings.open:
        settings.dataframe(_settings(head.config), hide_index=True, alt="Settings of the head")
    if drawing.open:
        drawing.code(_circuit(kept_heads.model_card(workspace, head.id)), language=None, height=420)
    if document.open:
        document.code(kept_heads.model_card(workspace, head.id), language=None, wrap_lines=True)
    st.caption(f"Head {head.id} · kept {ago(head.created)} · made for {literal(encoder_name(head.encoder))}")


def _figures(head: HeadView) -> None:
    stored, used = head.parameter_count.get("stored"), head.parameter_count.get("used")
    with st.grid(4, min_column_width=150):
        st.metric(
            "Parameters",
            f"{stored:,}" if stored else "–",
            help=f"Stored in the file; {used:,} of them influence the output." if used else None,
        )
        for each in figures.of_head(head.metrics):
            st.metric(each.label, _value(each), help=_help(each))


def _value(shown: Metric) -> str:
    [value] = shown.values
    return "–" if value is None else f"{value:.{shown.digits}f} {shown.unit}".strip()


def _help(shown: Metric) -> str:
    return f"{shown.help} Here {shown.note}." if shown.note else shown.help


def _circuit(document: str) -> str:
    """The circuit drawing in a model card, between its text fences."""
    _, _, rest = document.partition("```text\n")
    return rest.partition("\n```")[0] or "This head has no circuit."


def _settings(config: dict[str, Any]) -> pd.DataFrame:
    texts = {
        key: ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for key, value in config.items()
    }
    return pd.DataFrame({"Setting": list(texts), "Value": list(texts.values())})


@st.dialog("Remove this head?", icon=":material/delete:")
def confirm_removal(head: HeadView) -> None:
    """Ask before removing a head."""
    st.markdown(literal(head.name))
    st.caption(
        "You can restore it for a day; then its weights, config and model card are deleted. "
        "The run that trained it stays."
    )
    if st.button("Remove", type="primary", key="head_remove_yes", icon=":material/delete:"):
        with page.guarded():
            kept_heads.remove(page.workspace(), head.id)
            url_state.put("head", None)
            st.rerun()


@page.fragment
def upload() -> None:
    """Draw the form that loads a head from a zip or from its files."""
    with st.container(border=True):
        st.subheader("Load a head", anchor=False)
        files = st.file_uploader(
            "A zip downloaded here, or model.safetensors with config.json",
            type=["zip", "safetensors", "json", "md"],
            accept_multiple_files=True,
            key="head_files",
        )
        name = st.text_input("Name", key="head_name", placeholder="optional", max_chars=80)
        if st.button("Load", key="head_load", icon=":material/upload:", disabled=not files, type="primary"):
            with st.spinner("Checking the head by loading it…"):
                url_state.put("head", _load(files, name or ""))
            st.rerun(scope="app")


def _load(files: Iterable[Any], name: str) -> str:
    with temporary() as folder:
        paths = written(files, folder)
        archive = next((path for path in paths if path.suffix == ".zip"), None)
        source = archive or folder
        return kept_heads.load_upload(
            page.workspace(), source, name=name.strip() or (archive or paths[0]).stem
        )


@page.fragment
def use(head: HeadView) -> None:
    """Draw the form that computes latents of a dataset or an uploaded file; nothing for a broken head."""
    if head.broken:
        return
    workspace = page.workspace()
    with st.container(border=True):
        st.subheader("Transform new items", anchor=False)
        where = st.segmented_control(
            "Vectors from",
            ["A dataset", "A file"],
            default="A dataset",
            required=True,
            key="use_where",
        )
        source, key = _dataset() if where == "A dataset" else (_file(), None)
        kind = st.segmented_control(
            "Format",
            list(FORMATS),
            default="npz",
            required=True,
            key="use_format",
            format_func=lambda each: FORMATS[each],
        )
        if source is None:
            return
        if st.button("Transform", type="primary", key="use_start", icon=":material/bolt:"):
            with temporary() as folder, st.spinner("Transforming…"):
                path = written([source], folder)[0] if not isinstance(source, str) else Path(source)
                target = folder / f"latents-{head.id}.{kind}"
                rows = export.latents(workspace, head.id, str(path), out=target, encoder_key=key)
                content = target.read_bytes()
            st.success(f"{count(rows, 'row')} transformed.", icon=":material/check_circle:")
            st.download_button(
                "Download latents",
                content,
                target.name,
                key="use_download",
                icon=":material/download:",
                on_click="ignore",
            )


def _dataset() -> tuple[str | None, str | None]:
    every = dataset_cache.all_datasets()
    if not every:
        st.caption("There is no dataset yet.")
        return None, None
    chosen = url_state.pick("Dataset", list(every), name="dataset", names=lambda each: every[each].name)
    keys = list(dict.fromkeys(each["key"] for each in every[chosen].encoders))
    if not keys:
        st.caption("This dataset has no vectors yet. Encode it on the page Data.")
        return None, None
    return chosen, url_state.pick("Vectors", keys, name="encoder", names=partial(encoder_name, among=keys))


def _file() -> Any:
    st.caption(
        "An .npz with one array per modality (image, text), whose rows match, or an .npy for one modality."
    )
    return st.file_uploader("Vectors", type=["npz", "npy"], key="use_file")
