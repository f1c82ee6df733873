"""Part of the page Data: what the columns of a dataset mean, which can be changed after the import."""

from __future__ import annotations

import streamlit as st

from qlatent.services.datasets import roles
from qlatent.services.datasets.datasets import DatasetView
from qlatent.ui.shell import page

NONE = "–"


@page.fragment
def column_roles(dataset: DatasetView) -> None:
    """Draw a form with the column of each role; saving changes what analysts see and what is learned from."""
    drawn = st.expander(
        "What columns mean", icon=":material/view_column:", key=f"roles_{dataset.id}", on_change="rerun"
    )
    if not drawn.open:
        return
    workspace = page.workspace()
    with drawn, st.form(f"roles_form_{dataset.id}", border=False):
        columns = roles.columns(workspace, dataset.id)
        now = {name: role for name, role in roles.roles(workspace, dataset.id).items() if name in columns}
        chosen = _chosen(dataset.id, columns, now)
        if st.form_submit_button("Save", key="roles_save", icon=":material/save:"):
            changes = {name: chosen.get(name) for name in columns if chosen.get(name) != now.get(name)}
            roles.set_roles(workspace, dataset.id, changes)
            st.toast("Saved.")


def _chosen(dataset: str, columns: list[str], now: dict[str, str]) -> dict[str, str]:
    """The roles in the form, by column; of two roles of one column, that which it did not have before."""
    kept: dict[str, str] = {}
    new: dict[str, str] = {}
    with st.grid("auto", min_column_width=170):
        for role in roles.CHOICES:
            key = f"role_{dataset}_{role}"
            if role == roles.HIDDEN:
                picked = st.multiselect(
                    roles.ROLES[role],
                    columns,
                    default=[name for name in columns if now.get(name) == role],
                    key=key,
                    help="Neither shown to analysts nor learned from, such as the true answer.",
                )
            else:
                options = [NONE, *columns]
                index = options.index(roles.having(now, role) or NONE)
                one = st.selectbox(roles.ROLES[role], options, index=index, key=key)
                picked = [one] if one != NONE else []
            kept |= {column: role for column in picked if now.get(column) == role}
            new |= {column: role for column in picked if now.get(column) != role}
    return kept | new
