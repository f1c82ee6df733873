"""What is searched for: a text, an image, items added and taken away, words, or a saved search; all in the URL."""

from __future__ import annotations

import streamlit as st

from qlatent.services.search import pictures, queries, saved
from qlatent.services.search.queries import Query
from qlatent.services.search.saved import SavedSearch
from qlatent.settings import settings
from qlatent.ui.search import addresses
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import literal

BY = {"text": "Text", "image": "Image", "items": "Items", "words": "Words", "saved": "Saved"}
TYPES = ["jpg", "jpeg", "png", "webp"]
_SIGNS = {"plus": "+", "minus": "−"}


def by(page: str) -> str:
    """Draw and return the kind of search."""
    return url_state.switch(addresses.name(page, addresses.BY), BY)


def query(page: str, dataset: str, kind: str) -> Query | None:
    """Draw the input of a text, words, an image or items; None as long as nothing is asked."""
    if kind == "image":
        return _image(page)
    if kind == "items":
        return _items(page, dataset)
    if kind == "words":
        written = _words(page)
        return queries.words(written) if written else None
    written = _typed(
        page, addresses.TEXT, "Text", icon=":material/search:", placeholder="red fruit",
        help="The dataset's encoder turns the text into a vector, and the items nearest to it are found.",
    )  # fmt: skip
    return queries.text(written) if written else None


def saved_search(page: str, dataset: str) -> SavedSearch | None:
    """Draw the saved searches of a dataset; returns the open one."""
    there = {each.id: each for each in saved.listed(shell.workspace(), dataset)}
    if not there:
        st.caption("No search of this dataset is saved yet.")
        return None
    asked = addresses.get(page, addresses.SAVED)
    if asked and asked not in there:
        st.warning("The saved search in this link does not exist any more.", icon=":material/link_off:")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = url_state.pick(
            "Saved searches", list(there), name=addresses.name(page, addresses.SAVED),
            names=lambda each: there[each].name, width=280,
        )  # fmt: skip
        if st.button("Remove", key=f"{page}_search_remove", icon=":material/delete:"):
            saved.remove(shell.workspace(), chosen)
            addresses.put(page, addresses.SAVED, None)
            st.rerun()
    return there[chosen]


def like(page: str, dataset: str, item: str) -> None:
    """Ask for the neighbours of an item."""
    _put(page, dataset, {"plus": [item], "minus": []})


def join(page: str, dataset: str, item: str, *, side: str) -> None:
    """Add an item to the sum (`plus`), or take its direction away (`minus`)."""
    there = addresses.terms(page, dataset)
    terms = {name: [each for each in found if each != item] for name, found in there.items()}
    terms[side].append(item)
    _put(page, dataset, terms)


def _put(page: str, dataset: str, terms: dict[str, list[str]]) -> None:
    addresses.put_terms(page, dataset, terms)
    addresses.put(page, addresses.BY, "items")


def _words(page: str) -> str:
    return _typed(
        page, addresses.WORDS, "Words", icon=":material/match_word:", placeholder='red "garden chair" -wood',
        help="All words must occur in the text. Write a phrase in quotes, begin* for the beginning of a word, and "
        "-word for one that must not occur. Ranked by BM25.",
    )  # fmt: skip


def _typed(page: str, what: str, label: str, *, icon: str, placeholder: str, help: str) -> str:
    key = addresses.name(page, what)
    addresses.typed(page, what, key)
    return st.text_input(
        label, key=key, icon=icon, placeholder=placeholder, help=help,
        on_change=lambda: addresses.put(page, what, st.session_state[key]),
    )  # fmt: skip


def _image(page: str) -> Query | None:
    """An image that is uploaded, dropped or pasted; the URL has its content hash."""
    turn = st.session_state.get(f"{page}_search_turn", 0)
    with st.container(gap="small"):
        largest = max(1, settings().max_image_bytes // 1_000_000)
        file = st.file_uploader(
            "Image", type=TYPES, key=f"{page}_search_file_{turn}", max_upload_size=largest
        )
        given = st.chat_input(
            "Or paste an image here, and press Enter", key=f"{page}_search_paste", accept_file=True,
            file_type=TYPES, max_upload_size=largest,
        )  # fmt: skip
    pasted = next(iter(given.files), None) if given else None
    if given and not pasted:
        st.caption("This was text; for a search by words choose *Text*.")
    new = pasted or file
    if new is not None:
        with shell.guarded():
            addresses.put(page, addresses.IMAGE, pictures.keep(shell.workspace(), new.getvalue()))
            st.session_state[f"{page}_search_turn"] = turn + 1  # the field is empty again
            st.rerun()
    name = addresses.get(page, addresses.IMAGE)
    if not name or new is not None:
        return None
    addresses.put(page, addresses.IMAGE, name)
    return _pictured(page, name)


def _pictured(page: str, name: str) -> Query | None:
    with shell.guarded():
        content = pictures.read(shell.workspace(), name)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.image(content, width=96, alt="The image to search with")
            st.button(
                "Remove", key=f"{page}_search_image_remove", icon=":material/close:",
                on_click=addresses.put, args=(page, addresses.IMAGE, None),
            )  # fmt: skip
        return queries.image(content)
    return None


def _items(page: str, dataset: str) -> Query | None:
    terms = addresses.terms(page, dataset)
    addresses.put_terms(page, dataset, terms)

    def entered(side: str) -> None:
        name = st.session_state[f"{page}_search_{side}"].strip()
        st.session_state[f"{page}_search_{side}"] = ""
        if name:
            join(page, dataset, name, side=side)

    def dropped(side: str, item: str) -> None:
        _put(page, dataset, terms | {side: [each for each in terms[side] if each != item]})

    with st.container(horizontal=True, gap="small"):
        for side, label in (("plus", "Add the item"), ("minus", "Subtract the item")):
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
        st.caption("Enter ids here, or choose *More like this* on a card.")
        return None
    return queries.items(terms["plus"], terms["minus"])
