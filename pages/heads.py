"""Heads: what training kept; download, load, and use it on new items."""

from __future__ import annotations

import streamlit as st

from qlatent.services.heads import kept_heads
from qlatent.ui.heads import library
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.removed import removed

workspace = page.workspace()
parts.title("Heads", "Trained heads are small files: keep them, pass them on, and use them on new items.")
views = kept_heads.list_heads(workspace)
url_state.refuse_gone("head", [each.id for each in views], what="head")
main, side = st.columns([2.1, 1], gap="large")
with main:
    if views:
        chosen = library.head_list(views)
        library.card(chosen)
    else:
        parts.empty(
            "No head yet",
            "A run that finishes keeps its head here; or load one that you were given.",
            icon=":material/deployed_code:",
            to="train",
            button="Train a head",
        )
    removed("head", "head")
with side:
    if views:
        library.use(chosen)
    library.upload()
