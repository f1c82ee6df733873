"""Data: bring items, look at them before they are stored, browse and encode them."""

from __future__ import annotations

import streamlit as st

from qlatent.ui.data import dataset, importing
from qlatent.ui.shell import dataset_cache, page, parts, url_state
from qlatent.ui.shell.removed import removed

page.workspace()
parts.title("Data", "Bring images, texts or ready vectors; encode them once; browse what is there.")
importing.report()
every = dataset_cache.all_datasets()
url_state.refuse_gone("dataset", every, what="dataset")
if not every:
    st.caption("Nothing is stored yet. Bring something, or prepare the demo on the first page.")
    importing.importer()
    removed("dataset", "dataset")
    st.stop()

sections = {"browse": "Browse", "import": "Import"}
section = url_state.switch("section", sections)
if section == "import":
    importing.importer()
    st.stop()
chosen = every[
    url_state.pick("Dataset", list(every), name="dataset", names=lambda each: every[each].name, width=380)
]
dataset.header(chosen)
if not chosen.lost:
    dataset.encoders(chosen)
    dataset.items(chosen)
dataset.imports(chosen)
removed("dataset", "dataset")
