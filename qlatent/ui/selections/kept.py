"""Named collections of a dataset: kept from the selection, selected, combined with it, renamed, exported, removed."""

from __future__ import annotations

import streamlit as st

from qlatent import actors
from qlatent.services.exports.choice import Choice
from qlatent.services.selections import collections
from qlatent.services.selections.collections import CollectionView
from qlatent.services.selections.definitions import Definition, Kept
from qlatent.ui.selections import changes
from qlatent.ui.selections.downloads import downloads
from qlatent.ui.shell import owners
from qlatent.ui.shell import page as shell
from qlatent.ui.shell.formatting import ago, count, literal
from qlatent.ui.shell.removed import removed


def keep(page: str, dataset: str, selection: Definition) -> None:
    """Draw the form that keeps the selection under a name, or adds it to a collection."""
    form = st.form(f"{page}_selected_keep", border=False)
    with form, st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.text_input("Name", key=f"{page}_selected_name", placeholder="Name of the collection")
        asked = st.form_submit_button("Keep", key=f"{page}_selected_keep_new", icon=":material/bookmark_add:")
    if asked:
        with shell.guarded():
            made = collections.create(shell.workspace(), dataset, selection, name=name)
            st.toast(f"{literal(made.name)}: {count(made.count, 'item')} kept.", icon=":material/bookmark:")
            st.rerun()
    found = {each.id: each for each in collections.listed(shell.workspace(), dataset)}
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.selectbox(
            "Or change", list(found), key=f"{page}_selected_into",
            format_func=lambda each: f"{found[each].name} ({found[each].count:,})",
        )  # fmt: skip
        if st.button("Add to it", key=f"{page}_selected_into_add", icon=":material/add:"):
            _change(chosen, selection, adds=True)
        if st.button("Take out of it", key=f"{page}_selected_into_take", icon=":material/remove:"):
            _change(chosen, selection, adds=False)


def kept(page: str, dataset: str, *, layout: str = "") -> None:
    """List the collections of a dataset; each can be selected, combined with the selection and changed."""
    found = collections.listed(shell.workspace(), dataset)
    if not found:
        st.caption("No collection yet. Select items and keep them under a name.")
    for each in reversed(found):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
            said(each)
            st.space("stretch")
            more = st.popover(
                "Use", key=f"{page}_kept_{each.id}", icon=":material/more_horiz:", on_change="rerun"
            )
            if more.open:
                with more:
                    changes.buttons(page, Kept(collection=each.id), name=f"kept_{each.id}")
                    edit(f"{page}_kept_{each.id}", each, layout=layout)
    removed("collection", "collection")


def said(each: CollectionView) -> None:
    """The name of a collection, how many items it has, and how many of them are gone."""
    lost = f" · {each.lost:,} no longer in the dataset" if each.lost else ""
    with st.container(gap=None, width="content"):
        st.markdown(f"**{literal(each.name, limit=60)}**", width="content")
        by = f" · by {literal(other, limit=40)}" if (other := actors.others(each.owner)) else ""
        st.caption(f"{count(each.count, 'item')} · changed {ago(each.changed)}{by}{lost}", width="content")


def edit(key: str, each: CollectionView, *, layout: str = "") -> None:
    """Draw export, new name, undo and removal of a collection."""
    workspace = shell.workspace()
    downloads(key, each.id, each.dataset, choice=Choice(layout=layout), file=each.id)
    name = st.text_input("Name", value=each.name, key=f"{key}_name")
    with st.container(horizontal=True, gap="xsmall"):
        if st.button("Rename", key=f"{key}_rename", icon=":material/edit:"):
            with shell.guarded():
                collections.rename(workspace, each.id, name=name)
                st.rerun()
        if collections.history(workspace, each.id) and st.button(
            "Undo the last change", key=f"{key}_undo", icon=":material/undo:"
        ):
            with shell.guarded():
                collections.undo(workspace, each.id)
                st.rerun()
        owners.remove_button(
            "Remove",
            each.name,
            each.owner,
            lambda: collections.remove(workspace, each.id),
            key=f"{key}_remove",
        )


def _change(collection: str, selection: Definition, *, adds: bool) -> None:
    with shell.guarded():
        how = collections.add if adds else collections.take_out
        changed = how(shell.workspace(), collection, selection)
        st.toast(_told(changed.added, changed.taken))
        st.rerun()


def _told(added: int, taken: int) -> str:
    return f"{count(added, 'item')} added." if added else f"{count(taken, 'item')} taken out."
