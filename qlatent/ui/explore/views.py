"""Part of the page Explore: views saved under a name, to be opened again."""

from __future__ import annotations

import streamlit as st

from qlatent.services.views import saved
from qlatent.services.views.saved import SavedView
from qlatent.ui.explore import addresses
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import ago, literal
from qlatent.ui.shell.removed import removed


def views() -> None:
    """Draw the saved views behind a button: keep this one, open, rename or remove others."""
    menu = st.popover("Views", icon=":material/bookmarks:", key="explore_views", on_change="rerun")
    if menu.open:
        with menu, page.guarded():
            _keep()
            for each in saved.listed(page.workspace(), addresses.PAGE):
                _entry(each)
            removed("view", "view")


def _keep() -> None:
    st.caption(
        "A view is what the address holds: map, axes, colours, camera, frame, selection and open item. It is stored in "
        "the workspace."
    )
    form = st.form("explore_view_form", border=False, clear_on_submit=True)
    with form, st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.text_input("Name", key="explore_view_name", placeholder="Name of this view")
        asked = st.form_submit_button("Keep", key="explore_view_keep", icon=":material/bookmark_add:")
    if asked:
        query = addresses.view()
        made = saved.save(page.workspace(), addresses.PAGE, query, name=name, named=addresses.named(query))
        st.toast(f"{literal(made.name, limit=60)} is kept.", icon=":material/bookmark:")


def _entry(each: SavedView) -> None:
    """One saved view; where something that it names is gone, it says so and opens nothing."""
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(gap=None, width="stretch"):
                st.markdown(f"**{literal(each.name, limit=60)}**")
                st.caption(f"kept {ago(each.created)}")
            if st.button(
                "Open", key=f"explore_view_open_{each.id}", icon=":material/open_in_new:",
                disabled=bool(each.missing),
            ):  # fmt: skip
                addresses.open_view(each.query)
                st.rerun(scope="app")
        for said in each.missing:
            st.caption(f":material/link_off: {literal(said)}")
        _change(each)


def _change(each: SavedView) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        name = st.text_input(
            "Name of the view",
            value=each.name,
            key=f"explore_view_name_{each.id}",
            label_visibility="collapsed",
        )
        if st.button("Rename", key=f"explore_view_rename_{each.id}", disabled=name == each.name):
            saved.rename(page.workspace(), each.id, name=name)
            st.rerun(scope="fragment")
        if st.button(
            "", key=f"explore_view_remove_{each.id}", icon=":material/delete:", help="Remove this view"
        ):
            saved.remove(page.workspace(), each.id)
            st.rerun(scope="fragment")
