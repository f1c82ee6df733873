"""Data: bring items, look at them before they are stored, browse and encode them."""

from __future__ import annotations

import streamlit as st

from qlatent.ui import dataset_parts, frame, import_parts, parts, shelf, state
from qlatent.ui.removed import removed

frame.workspace()
parts.title("Data", "Bring images, texts or ready vectors; encode them once; browse what is there.")
import_parts.report()
every = shelf.all_datasets()
state.refuse_gone("dataset", every, what="dataset")
if not every:
    st.caption("Nothing is stored yet. Bring something, or prepare the demo on the first page.")
    import_parts.importer()
    removed("dataset", "dataset")
    st.stop()

sections = {"browse": "Browse", "import": "Import"}
section = state.switch("section", sections)
if section == "import":
    import_parts.importer()
    st.stop()
chosen = every[
    state.pick("Dataset", list(every), name="dataset", names=lambda each: every[each].name, width=380)
]
dataset_parts.header(chosen)
if not chosen.lost:
    dataset_parts.encoders(chosen)
    dataset_parts.items(chosen)
dataset_parts.imports(chosen)
removed("dataset", "dataset")
