"""Part of the page Data: imports items in four steps: choose a source, preview, map columns, store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from qlatent.services.datasets import datasets, pictures
from qlatent.services.datasets.datasets import Preview
from qlatent.ui.data import import_preview
from qlatent.ui.shell import dataset_cache, page, uploads, url_state
from qlatent.ui.shell.formatting import count, literal

KINDS = (
    "Images, a zip of images (with or without a CSV), CSV, TSV, JSONL, Parquet, Excel, text lines, .npz or .npy. "
    "Choose files that belong together at once, such as a table and a zip of its photos, vectors and the table of "
    "their items, or several shards."
)
ENDINGS = [
    "jpg",
    "jpeg",
    "png",
    "webp",
    "gif",
    "bmp",
    "tif",
    "tiff",
    "zip",
    "csv",
    "tsv",
    "json",
    "jsonl",
    "ndjson",
    "parquet",
    "xlsx",
    "xlsm",
    "txt",
    "gz",
    "vec",
    "npz",
    "npy",
]
ROLES = {
    "id": "Id",
    "image": "Image",
    "text": "Text",
    "label": "Label",
    "split": "Split",
    "price": "Price",
    "image_vector": "Image vector",
    "text_vector": "Text vector",
    "vector": "Vector",
    "images": "Further pictures",
}
MEANINGS = {
    "listing_id": (
        "Listing id",
        "A row that repeats it with another date, price or text is a version of the listing.",
    ),
    "seller": ("Seller", "Who offers the item."),
    "currency": ("Currency", "Without a column, it is read from the price, such as € 12.50."),
    "date": ("Date", "When the listing was made or changed; it orders versions."),
    "category": ("Category", "Such as Home > Kitchen > Pans."),
    "flag": ("Why it was flagged", "The reason why somebody should look at the listing."),
    "risk": ("Risk score", "A number; larger is worse."),
    "hidden": ("Hidden columns", "Neither shown to analysts nor learned from, such as the true answer."),
}
SEVERAL = ("text", "images", "hidden")
VECTORS = ("image_vector", "text_vector", "vector")
NONE = "–"
NEW = "A new dataset"


@page.fragment
def importer() -> None:
    """Draw the import; nothing is stored before the user presses Store."""
    with st.container(border=True):
        st.subheader("Import", anchor=False)
        ways = ["Upload"] if page.serves_others() else ["Upload", "Folder, file or hub id"]
        way = st.segmented_control("From", ways, default=ways[0], required=True, key="import_way")
        source = _uploaded() if way == ways[0] else _path()
    if source:
        _look(source)


def _uploaded() -> tuple[str, ...]:
    files = st.file_uploader(KINDS, type=ENDINGS, accept_multiple_files=True, key="import_files")
    if not files:
        _forget()
        return ()
    stamp = "|".join(file.file_id for file in files)
    if st.session_state.get("import_stamp") != stamp:
        st.session_state["import_paths"] = uploads.kept(files)
        st.session_state["import_stamp"] = stamp
    paths: tuple[str, ...] = st.session_state["import_paths"]
    return paths


def _forget() -> None:
    """Delete the copies of uploads that are no longer selected."""
    if st.session_state.pop("import_stamp", None):
        uploads.forget()


def _path() -> tuple[str, ...]:
    with st.form("import_path_form", border=False):
        path = st.text_input(
            "Path on this machine, or hf://owner/name",
            key="import_path",
            placeholder="/data/listings or hf://owner/name",
            help="A folder of images, any file that can be uploaded, or a Hugging Face dataset on disk.",
        )
        if st.form_submit_button("Preview", key="import_look", icon=":material/search:"):
            st.session_state["import_asked"] = (path or "").strip()
    asked = st.session_state.get("import_asked", "")
    return (asked,) if asked else ()


@st.cache_resource(max_entries=4, show_spinner=False)
def _preview(workspace: str, paths: tuple[str, ...], stamps: tuple[float, ...], mapping: str) -> Preview:
    source = paths[0] if len(paths) == 1 else list(paths)
    return datasets.preview(page.workspace(), source, mapping=json.loads(mapping))


def _stamp(path: str) -> float:
    file = Path(path)
    return file.stat().st_mtime if file.exists() else 0.0


def _look(source: tuple[str, ...]) -> None:
    stamps = tuple(_stamp(path) for path in source)
    base = st.session_state.get(f"mapping_{hash(source)}", "{}")
    with st.spinner("Reading the whole source…"):
        seen = _preview(str(page.workspace().path), source, stamps, base)
    with st.container(border=True):
        st.subheader("Preview", anchor=False)
        import_preview.counts(seen)
        for note in seen.notes:
            st.caption(f":material/info: {literal(note, limit=400)}")
        if len(seen.columns) > 1:
            _mapper(seen, key=f"mapping_{hash(source)}")
        import_preview.unused(seen)
        import_preview.examples(seen)
        import_preview.refusals(seen)
        if seen.good:
            _store(seen)


def _mapper(seen: Preview, *, key: str) -> None:
    """Draw the mapping of columns to parts of an item; submitting it reads the source again."""
    names = [column.name for column in seen.columns]
    now = seen.mapping.as_dict()
    with (
        st.expander("Columns", icon=":material/view_column:", expanded=True),
        st.form(f"{key}_form", border=False),
    ):
        chosen: dict[str, Any] = {}
        with st.grid("auto", min_column_width=170):
            vectors = any(column.type == "vector" for column in seen.columns)
            for role, label in ROLES.items():
                if vectors or role not in VECTORS:
                    chosen[role] = _role(role, label, names, now.get(role))
        st.caption("Several text columns are joined into one text. Unused columns are listed below.")
        st.markdown("**What other columns mean**")
        with st.grid("auto", min_column_width=170):
            for role, (label, meaning) in MEANINGS.items():
                chosen[role] = _role(role, label, names, now.get(role), meaning)
        if st.form_submit_button("Read again", key="import_remap", icon=":material/refresh:"):
            st.session_state[key] = json.dumps(chosen)
            st.rerun(scope="fragment")


def _role(role: str, label: str, names: Sequence[str], now: Any, meaning: str | None = None) -> Any:
    if role in SEVERAL:
        chosen = [name for name in now or () if name in names]
        return st.multiselect(label, names, default=chosen, key=f"map_{role}", help=meaning)
    options = [NONE, *names]
    index = options.index(now) if now in options else 0
    picked = st.selectbox(label, options, index=index, key=f"map_{role}", help=meaning)
    return None if picked == NONE else picked


def _store(seen: Preview) -> None:
    workspace = page.workspace()
    every = {each.id: each.name for each in dataset_cache.all_datasets().values()}
    if seen.already_imported:
        name = literal(every.get(seen.already_imported, seen.already_imported))
        st.info(
            f"This source was already imported as the dataset {name}. Nothing would be stored twice.",
            icon=":material/inventory_2:",
        )
        if st.button("Open the dataset", key="import_open", type="primary"):
            _open(seen.already_imported)
        lost = len(pictures.lost(workspace, seen.already_imported))
        if lost and st.button(f"Bring {count(lost, 'deleted picture')} back", key="import_put_back"):
            result = datasets.store(workspace, seen)
            st.session_state["import_summary"] = _summary(result)
            _open(result.dataset)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = st.selectbox(
            "Add to", [NEW, *every], format_func=lambda each: every.get(each, each), key="import_into"
        )
        name = st.text_input(
            "Name", value=Path(seen.name).stem, key="import_name", max_chars=80, disabled=target != NEW
        )
        pressed = st.button("Store", type="primary", key="import_store", icon=":material/save:")
    if pressed:
        bar = st.progress(0.0, text="Storing…")

        def report(done: int, total: int | None) -> None:
            of = total or seen.good or 1
            bar.progress(min(1.0, done / of), text=f"{done:,} of {of:,} items stored")

        into = None if target == NEW else target
        result = datasets.store(
            workspace, seen, name=(name or "").strip() or None, into=into, progress=report
        )
        st.session_state["import_summary"] = _summary(result)
        _forget()
        _open(result.dataset)


def _summary(result: datasets.ImportReport) -> str:
    if result.pictures:
        return f"{count(result.pictures, 'picture')} of {literal(result.name)} are back."
    if result.already:
        return f"{literal(result.name)} already contains exactly these items; nothing was stored twice."
    counts = [f"{count(result.rows, 'item')} stored in {literal(result.name)}"]
    if result.refused:
        counts.append(f"{count(result.refused, 'row')} refused")
    if result.duplicates:
        counts.append(f"{count(result.duplicates, 'row')} marked as duplicates")
    if result.present:
        counts.append(f"{result.present:,} already present")
    return " · ".join(counts)


def _open(dataset: str) -> None:
    dataset_cache.changed()
    st.session_state.pop("import_asked", None)
    url_state.put("dataset", dataset)
    url_state.put("section", "browse")
    st.rerun(scope="app")


def report() -> None:
    """Show the result of the last import once."""
    summary = st.session_state.pop("import_summary", "")
    if summary:
        st.success(summary, icon=":material/check_circle:")
