"""Lists what was removed in the last day, with a button to restore it."""

from __future__ import annotations

import streamlit as st

from qlatent.services import bin
from qlatent.ui.shell import dataset_cache, page
from qlatent.ui.shell.formatting import ago, count, literal


def removed(kind: str, words: str) -> None:
    """List what was removed of one kind (dataset, run, head, experiment), called `words`; draws nothing if empty."""
    found = bin.content(page.workspace(), kind)
    if not found:
        return
    label = f"{count(len(found), f'removed {words}')}, kept for a day"
    with st.expander(label, icon=":material/restore_from_trash:", key=f"removed_{kind}"):
        for each in found:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                description = (
                    f"{literal(each.name, limit=60)} · {literal(each.id)} · removed {ago(each.removed)}"
                )
                st.markdown(description, width="content")
                if st.button("Restore", key=f"restore_{kind}_{each.id}", icon=":material/undo:"):
                    with page.guarded():
                        bin.restore(page.workspace(), each.id, kind=kind)
                        dataset_cache.changed()
                        st.rerun()
