"""The page Heads: the trained heads; download them, load others, apply them to new items."""

from __future__ import annotations

import streamlit as st

from qlatent.services.heads import kept_heads
from qlatent.ui.heads import library
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.removed import removed

workspace = page.workspace()
parts.title("Heads", "Trained heads are small files: download them, share them, and apply them to new items.")
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
            "Every finished run stores its head here. You can also load one from a file.",
            icon=":material/deployed_code:",
            to="train",
            button="Train a head",
        )
    removed("head", "head")
with side:
    if views:
        library.use(chosen)
    library.upload()
