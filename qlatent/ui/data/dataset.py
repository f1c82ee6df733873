"""Part of the page Data: one dataset with its items, its vectors and its imports."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from qlatent import registry
from qlatent.services.datasets import browsing, datasets
from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.runs import listing
from qlatent.services.vectors import augmented
from qlatent.services.vectors.encoding_run import EncodingRequest, start_encoding
from qlatent.ui.data import browsing_filters
from qlatent.ui.items import preview_rows
from qlatent.ui.search import item as opened_item
from qlatent.ui.search import question
from qlatent.ui.shell import dataset_cache, forms, page, parts, url_state
from qlatent.ui.shell.formatting import ago, count, cut, data_uri, encoder_name, literal
from qlatent.ui.shell.progress import followed

PAGE = 24
TABLE_PAGE = 50


def header(dataset: DatasetView) -> None:
    """Draw name and size of the dataset, with buttons to train on it and to remove it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parts.name(dataset.name)
        st.badge(count(dataset.rows, "item"), color="blue")
        for modality in dataset.modalities:
            st.badge(modality, color="gray")
        st.space("stretch")
        if st.button(
            "Train a head", key="data_train", icon=":material/model_training:", disabled=not dataset.encoders
        ):
            url_state.go("train", dataset=dataset.id)
        if st.button("Remove", key="data_remove", icon=":material/delete:"):
            confirm_removal(dataset)
    note = f" · {literal(dataset.note, limit=300)}" if dataset.note else ""
    st.caption(f"Imported {ago(dataset.created)} from {literal(dataset.kind)}{note}")
    if dataset.lost:
        st.error(
            literal(dataset.lost, limit=600),
            title="The items of this dataset are lost",
            icon=":material/error:",
        )


@st.dialog("Remove this dataset?", icon=":material/delete:")
def confirm_removal(dataset: DatasetView) -> None:
    """Name the runs that use the dataset, and ask before removing it."""
    workspace = page.workspace()
    st.markdown(f"{literal(dataset.name)}: {count(dataset.rows, 'item')}")
    st.caption(
        "You can restore it for a day; then its items and imports are deleted. Runs and heads trained on it stay, "
        "without its images and texts."
    )
    users = datasets.used_by(workspace, dataset.id)
    if users:
        st.warning(
            "\n".join(f"- {literal(run.name, limit=60)}: {run.message}" for run in users),
            title=f"{count(len(users), 'active run')} still use it. Wait until they end, or stop them.",
            icon=":material/hourglass:",
        )
    label = "Stop them and remove" if users else "Remove"
    if st.button(label, type="primary", key="data_remove_yes", icon=":material/delete:"):
        with page.guarded():
            datasets.remove(workspace, dataset.id, stop=bool(users))
            dataset_cache.changed()
            url_state.put("dataset", None)
            st.rerun()


def encoders(dataset: DatasetView) -> None:
    """Draw the dataset's vectors by encoder, the active encoding, and the form of a new one."""
    with st.container(border=True, gap="small"):
        st.markdown("**Vectors**")
        if dataset.encoders:
            encoded = st.column_config.ProgressColumn(min_value=0, max_value=100, format="%.0f %%")
            with st.container(key="data_encoders"):
                st.dataframe(
                    _coverage(dataset),
                    hide_index=True,
                    alt="Vectors by encoder",
                    column_config={"Encoded": encoded},
                )
        else:
            st.caption("None yet. An encoder turns each image and text into a vector; training needs them.")
        for each in dataset.views:
            st.caption(
                f"Augmented views by {encoder_name(each.key)}: {each.text}, used as pairs in training."
            )
        active = [
            each for each in listing.list_runs(page.workspace(), "encode") if each.dataset == dataset.id
        ]
        if active and active[0].state != "finished":
            followed(active[0].id, key="encode", polled=active[0].active)
        if set(dataset.modalities) & {"image", "text"} and not (active and active[0].active):
            with st.expander(
                "Encode", icon=":material/bolt:", expanded=not dataset.encoders, key="encode_form"
            ):
                encode_form(dataset)


def _coverage(dataset: DatasetView) -> pd.DataFrame:
    found = dataset.encoders
    keys = [each["key"] for each in found]
    return pd.DataFrame(
        {
            "Encoder": [encoder_name(each["key"], keys) for each in found],
            "Modality": [each["modality"] for each in found],
            "Width": [f"{each['dim']}-d" for each in found],
            "Encoded": [100 * each["encoded"] / max(1, each["total"]) for each in found],
            "Contents": [f"{each['encoded']:,} of {each['total']:,}" for each in found],
            "Key": keys,  # the command line asks for it
        }
    )


def encode_form(dataset: DatasetView) -> None:
    """Draw the form that starts an encoding."""
    table = registry.ENCODERS
    name = st.selectbox("Encoder", list(table), format_func=lambda each: table[each].title, key="encode_with")
    st.caption(table[name].summary)
    parts.beyond_builtin(name, dataset.id)
    config = registry.config_class("encoder", name)
    settings = forms.form(config, list(forms.fields(config)), key=f"encode_{name}")
    views = _views(dataset) if "image" in getattr(config, "modalities", ()) else 0
    if st.button("Encode", type="primary", key="encode_start", icon=":material/bolt:"):
        request = EncodingRequest(dataset.id, name, settings, views=views)
        start_encoding(page.workspace(), request, token=url_state.form_token("encode"))
        url_state.form_used("encode")
        st.rerun()


def _views(dataset: DatasetView) -> int:
    """The number of augmented views of each image to encode; 0 for none."""
    if "image" not in dataset.modalities or not st.toggle(
        "Also encode augmented views",
        key="encode_views",
        help="Encode random crops, colour changes, greyscale versions and flips of each image, as pairs for NT-Xent. "
        "They do not appear as vectors of the dataset.",
    ):
        return 0
    return st.slider(
        "Views of each image", augmented.FEWEST, augmented.MOST, augmented.USUAL, key="encode_view_count"
    )


def imports(dataset: DatasetView) -> None:
    """Draw the imports of the dataset with their refused rows."""
    with st.expander("Imports", icon=":material/history:", key="data_imports"):
        for record in dataset.imports:
            with st.container(horizontal=True, vertical_alignment="center"):
                summary = (
                    f"{count(record.rows, 'row')} kept, {record.refused:,} refused · {ago(record.created)}"
                )
                st.text(f"{record.source_name}: {summary}")
                if record.refused:
                    content = datasets.refusals_file(page.workspace(), record)
                    st.download_button(
                        "Download refused rows",
                        content,
                        f"refused-{record.id}.csv",
                        "text/csv",
                        key=f"refused_{record.id}",
                        icon=":material/download:",
                        on_click="ignore",
                    )


@st.cache_resource(max_entries=2, show_spinner=False)  # of a million items, 0.8 GB each
def _items(workspace: str, dataset: str, version: int) -> pd.DataFrame:
    return browsing.items(page.workspace(), dataset)


@page.fragment
def items(dataset: DatasetView) -> None:
    """Draw search, filters, and a page of items as a gallery or a table."""
    workspace = page.workspace()
    table = _items(str(workspace.path), dataset.id, browsing.version(workspace, dataset.id))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        hits, look = _search(table, dataset.id)
    size = PAGE if look == "Gallery" else TABLE_PAGE
    pages = max(1, -(-len(hits) // size))
    number = min(st.session_state.get("data_page", 1), pages)
    part = hits.iloc[(number - 1) * size : number * size]
    images = browsing.thumbnails(workspace, list(part["image_hash"]))
    if hits.empty:
        st.info(
            "No item matches. Take back a filter, or search for other words.", icon=":material/search_off:"
        )
    elif look == "Gallery":
        gallery(dataset.id, part, images)
    else:
        rows(dataset.id, part, images)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        of = "" if len(hits) == len(table) else f" of {len(table):,}"
        st.caption(f"{count(len(hits), 'item')}{of}", width="content")
        if look == "Table" and len(hits):
            st.download_button(
                "Download rows (CSV)", lambda: browsing.rows_csv(hits), f"{dataset.id}.csv", "text/csv",
                key="data_rows_csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
        if pages > 1:
            st.pagination(pages, key="data_page")


def _search(table: pd.DataFrame, dataset: str) -> tuple[pd.DataFrame, str]:
    """Draw search and filters; returns the items that match and the chosen view."""
    words = st.text_input(
        "Search", key="q", type="search", live=True, icon=":material/search:", bind="query-params",
        placeholder="Words in id, text or label", width=320,
    )  # fmt: skip
    names = sorted(name for name in table["label"].unique() if name)
    label = ""
    if names:
        label = st.selectbox(
            "Label", ["", *names], key="label", format_func=lambda each: each or "all", width=200
        )
    look = st.segmented_control(
        "View", ["Gallery", "Table"], default="Gallery", required=True, key="view", bind="query-params"
    )
    marked = int((table["duplicate_of"] != "").sum())
    only = st.toggle(f"Only duplicates ({marked:,})", key="duplicates") if marked else False
    kept = browsing_filters.narrowed(table, dataset)
    return browsing.found(kept, words=words or "", duplicates=only, label=label), str(look)


def gallery(dataset: str, part: pd.DataFrame, images: dict[str, bytes]) -> None:
    """Draw items as cards with thumbnail, text and label."""
    with st.grid("auto", min_column_width=150, gap="small") as grid:
        for item in part.to_dict("records"):
            with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
                image = images.get(item["image_hash"])
                if image:
                    st.image(image, width="stretch", alt=cut(item["text"] or item["id"], limit=80))
                parts.foreign(item["text"] or item["id"], limit=90)
                parts.labels([item["label"], "duplicate" if item["duplicate_of"] else None])
                with st.container(horizontal=True, gap="xsmall"):
                    if st.button(
                        "", key=f"data_open_{item['row']}", icon=":material/open_in_new:", type="tertiary",
                        help="Open this item",
                    ):  # fmt: skip
                        url_state.put(opened_item.NAME, item["row"])
                        st.rerun()
                    if st.button(
                        "", key=f"data_like_{item['row']}", icon=":material/join_inner:", type="tertiary",
                        help="More like this",
                    ):  # fmt: skip
                        _neighbours(dataset, item["id"])


def _neighbours(dataset: str, item: str) -> None:
    question.like("data", dataset, item)
    url_state.put("section", "search")
    st.rerun()


def rows(dataset: str, part: pd.DataFrame, images: dict[str, bytes]) -> None:
    """Draw items as a table."""
    shown = pd.DataFrame(
        {
            "Image": [data_uri(images.get(key)) for key in part["image_hash"]],
            "Row": part["row"].to_numpy(),
            "Id": part["id"].to_numpy(),
            "Text": part["text"].to_numpy(),
            "Label": part["label"].to_numpy(),
            "Split": part["split"].to_numpy(),
            "Duplicate of": part["duplicate_of"].to_numpy(),
        }
    )
    empty = [name for name in ("Image", "Label", "Split", "Duplicate of") if not any(shown[name])]
    known = preview_rows.short(part[browsing.facts_of(part)].reset_index(drop=True))
    known.columns = [f"{name} (metadata)" if name in shown else name for name in known]
    column = st.column_config
    picked = st.dataframe(
        pd.concat([shown.drop(columns=empty), known], axis=1),
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        height=620,
        row_height=56 if images else None,
        key="data_rows",
        column_config={"Image": column.ImageColumn(width=70), "Text": column.TextColumn(width="large")},
        alt="Items of the dataset",
    )
    chosen = [row for row in picked.selection.rows if row < len(part)]
    if chosen and st.button("More like this", key="data_like_row", icon=":material/join_inner:"):
        _neighbours(dataset, part["id"].iloc[chosen[0]])
