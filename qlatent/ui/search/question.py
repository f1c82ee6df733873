"""What is searched for: a text, an image, items added and taken away, words, or a saved search."""

from __future__ import annotations

import streamlit as st

from qlatent.services.search import queries, saved
from qlatent.services.search.queries import Query
from qlatent.services.search.saved import SavedSearch
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import literal

BY = {"text": "Text", "image": "Image", "items": "Items", "words": "Words", "saved": "Saved"}
_SIGNS = {"plus": "+", "minus": "−"}


def by(page: str) -> str:
    """Draw and return the kind of search; it stands in the URL."""
    return url_state.switch(f"{page}_search_by", BY)


def query(page: str, kind: str) -> Query | None:
    """Draw the input of a text, an image or items; None as long as nothing is asked."""
    if kind == "image":
        file = st.file_uploader("Image", type=["jpg", "jpeg", "png", "webp"], key=f"{page}_search_image")
        return queries.image(file.getvalue()) if file else None
    if kind == "items":
        return _items(page)
    written = st.text_input(
        "Text", key=f"{page}_search_text", icon=":material/search:", placeholder="red fruit",
        help="The dataset's encoder turns the text into a vector, and the items nearest to it are found.",
    )  # fmt: skip
    return queries.text(written) if written else None


def words(page: str) -> str:
    """Draw the input of a search for words in the texts."""
    return st.text_input(
        "Words", key=f"{page}_search_words", icon=":material/match_word:", placeholder='red "garden chair" -wood',
        help="All words must occur in the text. Write a phrase in quotes, begin* for the beginning of a word, and "
        "-word for one that must not occur. Ranked by BM25.",
    )  # fmt: skip


def saved_search(page: str, dataset: str) -> SavedSearch | None:
    """Draw the saved searches of a dataset; returns the open one."""
    there = {each.id: each for each in saved.listed(shell.workspace(), dataset)}
    if not there:
        st.caption("No search of this dataset is saved yet.")
        return None
    chosen = url_state.pick(
        "Saved searches", list(there), name=f"{page}_search_saved", names=lambda each: there[each].name
    )
    if st.button("Remove", key=f"{page}_search_remove", icon=":material/delete:"):
        saved.remove(shell.workspace(), chosen)
        st.rerun()
    return there[chosen]


def like(page: str, dataset: str, item: str) -> None:
    """Ask for the neighbours of an item."""
    _put(page, dataset, {"plus": [item], "minus": []})


def join(page: str, dataset: str, item: str, *, side: str) -> None:
    """Add an item to the sum (`plus`), or take its direction away (`minus`)."""
    terms = {
        name: [each for each in found if each != item] for name, found in terms_of(page, dataset).items()
    }
    terms[side].append(item)
    _put(page, dataset, terms)


def terms_of(page: str, dataset: str) -> dict[str, list[str]]:
    """The ids of the items that are added and taken away."""
    kept = st.session_state.get(f"{page}_search_terms")
    return dict(kept[1]) if kept and kept[0] == dataset else {"plus": [], "minus": []}


def _put(page: str, dataset: str, terms: dict[str, list[str]]) -> None:
    st.session_state[f"{page}_search_terms"] = (dataset, terms)
    url_state.put(f"{page}_search_by", "items")


def _items(page: str) -> Query | None:
    dataset = st.session_state[f"{page}_search_dataset"]
    terms = terms_of(page, dataset)

    def entered(side: str) -> None:
        name = st.session_state[f"{page}_search_{side}"].strip()
        st.session_state[f"{page}_search_{side}"] = ""
        if name:
            join(page, dataset, name, side=side)

    def dropped(side: str, item: str) -> None:
        _put(page, dataset, terms | {side: [each for each in terms[side] if each != item]})

    with st.container(horizontal=True, gap="small"):
        for side, label in (("plus", "Add the item"), ("minus", "Take away the item")):
            st.text_input(
                label,
                key=f"{page}_search_{side}",
                placeholder="id",
                on_change=entered,
                args=(side,),
                width=180,
            )
    with st.container(horizontal=True, gap="xsmall"):
        for side, sign in _SIGNS.items():
            for number, item in enumerate(terms[side]):
                st.button(
                    f"{sign} {literal(item, limit=40)}", key=f"{page}_search_drop_{side}_{number}",
                    icon=":material/close:", on_click=dropped, args=(side, item), help="Leave this item out.",
                )  # fmt: skip
    if not (terms["plus"] or terms["minus"]):
        st.caption("Give ids here, or choose *More like this* on a card.")
        return None
    return queries.items(terms["plus"], terms["minus"])
