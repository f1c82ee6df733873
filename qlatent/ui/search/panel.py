"""Search in a dataset: the question, where to look, and the hits; the same on Data and on Explore."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.heads import kept_heads
from qlatent.services.scenes.scenes import Source
from qlatent.services.search import models, neighbours, saved, stored_vectors
from qlatent.services.search.neighbours import Asked, Space
from qlatent.services.search.queries import Query
from qlatent.services.selections import definitions, links
from qlatent.services.selections.definitions import Column, Definition, Ids, Search
from qlatent.services.selections.searches import MOST as MOST_SELECTED
from qlatent.ui.search import addresses, answers, conditions, item, question
from qlatent.ui.search.hits import Shelf, side_by_side
from qlatent.ui.selections import state
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import parts, url_state
from qlatent.ui.shell.formatting import encoder_name

MOST = 100  # hits shown at once


@dataclass(frozen=True)
class _Asking:
    """A search of one page: what is asked, where it looks, and the filters."""

    page: str
    source: Source
    query: Query
    asked: Asked
    filters: tuple[Column, ...] = ()


@shell.fragment
def of_dataset(page: str, dataset: str, keys: list[str]) -> None:
    """Draw the search in a dataset with vectors of these encoders, before any head is trained."""
    key = keys[0] if keys else ""
    if len(keys) > 1:
        name = addresses.name(page, addresses.ENCODER)
        key = url_state.pick("Vectors", keys, name=name, names=partial(encoder_name, among=keys))
    _search(page, Source(dataset=dataset, encoder=key))
    item.opened(dataset, key)  # in this fragment, since a card's button runs no more than it


def panel(page: str, view: View) -> None:
    """Draw the search in the dataset of a map, in the vectors below it and in the latents of heads."""
    with shell.guarded():
        _search(page, Source(dataset=view.dataset, encoder=view.encoder), run=view.run)


def _search(page: str, source: Source, *, run: str = "") -> None:
    kind = question.by(page)
    if not source.encoder and kind not in ("words", "saved"):
        st.info("This dataset has no vectors yet. Encode it, or search for words.", icon=":material/bolt:")
        return
    if kind == "saved":
        _saved(page, source)
        return
    if kind in ("text", "image"):
        models.prepare(shell.workspace(), source.encoder)  # while a text is being typed
    query = question.query(page, source.dataset, kind)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        asked = _where(page, source, run=run, vectors=kind != "words")
        filters = conditions.conditions(page, source.dataset)
        saving = st.container(width="content")
    if query is None:
        return
    asking = _Asking(page, source, query, asked, filters)
    with saving:
        _save(asking)
    if filters:
        st.caption(conditions.said(filters))
    _answer(asking)


def _where(page: str, source: Source, *, run: str, vectors: bool) -> Asked:
    """Draw modality, number of hits and heads."""
    modality: str | None = None
    heads: tuple[str, ...] = ()
    if vectors:
        have = list(stored_vectors.widths(shell.workspace(), source.dataset, source.encoder))
        if len(have) > 1:
            named = {each: f"{each.capitalize()}s" for each in have}
            modality = url_state.switch(addresses.name(page, addresses.AMONG), named, label="Search among")
            addresses.put(page, addresses.AMONG, modality)
    k = _count(page)
    if vectors:
        heads = _heads(page, source, run)
    return Asked(source.encoder or None, modality, heads, k)


def _count(page: str) -> int:
    key = addresses.name(page, addresses.COUNT)
    given = url_state.number(key, neighbours.K) or neighbours.K
    st.session_state[key] = min(max(given, 1), MOST)

    def changed() -> None:
        addresses.put(page, addresses.COUNT, st.session_state[key])

    if given != neighbours.K:
        addresses.put(page, addresses.COUNT, st.session_state[key])
    return int(st.number_input("Hits", 1, MOST, key=key, width=110, on_change=changed))


def _heads(page: str, source: Source, run: str) -> tuple[str, ...]:
    """Draw the heads that fit these vectors; on the map of a run its own head is chosen at first."""
    kept = {each.id: each for each in kept_heads.list_heads(shell.workspace())}
    fitting = {
        name: each for name, each in kept.items() if not each.broken and each.encoder == source.encoder
    }
    owner, key = run or source.dataset, f"{page}_search_heads_{run}"
    given = addresses.heads(page, owner)
    if given is not None and (lost := [each for each in given if each not in fitting]):
        st.warning(
            f"{len(lost)} of the heads in this link were removed, or do not fit these vectors.",
            icon=":material/link_off:",
        )
    if not fitting:
        return ()
    own = [name for name, each in fitting.items() if run and each.run_id == run][:1]
    st.session_state[key] = own if given is None else [each for each in given if each in fitting]
    if given is not None:
        addresses.put_heads(page, owner, st.session_state[key])
    chosen = st.multiselect(
        "Compare with the latents of", list(fitting), key=key, width=280,
        format_func=lambda each: fitting[each].name,
        on_change=lambda: addresses.put_heads(page, owner, st.session_state[key]),
        help="The nearest items after compression by these heads, and which items were gained and lost.",
    )  # fmt: skip
    return tuple(chosen)


def _answer(asking: _Asking) -> None:
    with shell.guarded():
        with st.spinner(_waiting(asking)):
            found = answers.answer(asking.source.dataset, asking.query, asking.asked, asking.filters)

        def select(space: Space, most: int) -> None:
            _select(asking, _definition(asking, space, most))

        side_by_side(Shelf(asking.page, asking.source, select, MOST_SELECTED), found.spaces)


def _waiting(asking: _Asking) -> str:
    """What is done while one waits: the first search of a text or an image loads the encoder."""
    encodes = any(term.kind in ("text", "image") for term in asking.query.terms)
    if encodes and models.prepare(shell.workspace(), asking.source.encoder):
        return "Loading the encoder; later searches are faster…"
    return "Searching…"


def _saved(page: str, source: Source) -> None:
    kept = question.saved_search(page, source.dataset)
    if kept is None:
        return
    filters = tuple(each for each in map(definitions.read, kept.filters) if isinstance(each, Column))
    if filters:
        st.caption(conditions.said(filters))
    _answer(_Asking(page, source, kept.query, kept.asked, filters))


def _save(asking: _Asking) -> None:
    with st.popover("Save search", icon=":material/bookmark_add:", key=f"{asking.page}_search_save"):
        name = st.text_input("Name", key=f"{asking.page}_search_name", max_chars=saved.LONGEST_NAME)
        if st.button("Save", key=f"{asking.page}_search_save_yes", type="primary"):
            try:
                kept = saved.save(
                    shell.workspace(), asking.source.dataset, asking.query, asking.asked, name=name,
                    filters=tuple(definitions.written(each) for each in asking.filters),
                )  # fmt: skip
            except QlatentError as err:
                parts.error_card(err)
                return
            addresses.put(asking.page, addresses.SAVED, kept.id)
            st.success("Saved. Find it under *Saved*.", icon=":material/check_circle:")


def _definition(asking: _Asking, space: Space, most: int) -> Definition:
    """The search itself where it is short and unfiltered, so that it follows new items; otherwise its hits."""
    if asking.filters or any(term.kind in ("image", "vector") for term in asking.query.terms):
        return Ids(
            ids=_all_hits(asking, most) if most > len(space.hits) else tuple(hit.id for hit in space.hits)
        )
    asked = asking.asked
    where = Asked(asked.encoder, asked.modality, (space.head,) if space.head else (), max(most, 1))
    if asking.query.words is not None:
        where = Asked(k=where.k)
    return Search(search=saved.document(asking.query, where))


def _all_hits(asking: _Asking, most: int) -> tuple[str, ...]:
    asked = replace(asking.asked, k=most)
    found = answers.answer(asking.source.dataset, asking.query, asked, asking.filters)
    return tuple(hit.id for hit in found.hits)


def _select(asking: _Asking, definition: Definition) -> None:
    """Select on the map; from another page, open the map of these vectors."""
    if asking.page == "explore":
        state.select("explore", definition)
        st.rerun()
    url_state.go(
        "explore", dataset=asking.source.dataset, run="", explore_encoder=asking.source.encoder,
        explore_selection=links.to_link(definition),
    )  # fmt: skip
