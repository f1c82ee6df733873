"""The page Data: import items after a preview, browse them, and encode them."""

from __future__ import annotations

import streamlit as st

from qlatent.ui.data import dataset, importing
from qlatent.ui.data.collections import collections
from qlatent.ui.data.column_roles import column_roles
from qlatent.ui.search import addresses, item, panel
from qlatent.ui.shell import dataset_cache, page, parts, url_state
from qlatent.ui.shell.removed import removed

page.workspace()
parts.title("Data", "Import images, texts or precomputed vectors, encode them once, and browse them.")
importing.report()
if "dataset" in st.query_params:
    url_state.complete([*addresses.names("data"), item.NAME])
every = dataset_cache.all_datasets()
url_state.refuse_gone("dataset", every, what="dataset")
if not every:
    st.caption("Nothing is stored yet. Import a file here, or prepare the demo on the page Home.")
    importing.importer()
    removed("dataset", "dataset")
    st.stop()

sections = {"browse": "Browse", "search": "Search", "import": "Import"}
section = url_state.switch("section", sections)
if section == "import":
    importing.importer()
    st.stop()
chosen = every[
    url_state.pick("Dataset", list(every), name="dataset", names=lambda each: every[each].name, width=380)
]
dataset.header(chosen)
keys = list(dict.fromkeys(each["key"] for each in chosen.encoders))
if section == "search" and not chosen.lost:
    panel.of_dataset("data", chosen.id, keys)
else:
    if not chosen.lost:
        dataset.encoders(chosen)
        collections(chosen)
        column_roles(chosen)
        dataset.items(chosen)
        item.opened(chosen.id, keys[0] if keys else "")
    dataset.imports(chosen)
removed("dataset", "dataset")
