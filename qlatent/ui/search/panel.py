"""Search in a dataset: the question, where to look, and the hits; the same on Data and on Explore."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from qlatent.services.heads import kept_heads
from qlatent.services.scenes.scenes import Source
from qlatent.services.search import neighbours, saved, stored_vectors, words
from qlatent.services.search.neighbours import Asked, Hit, Space
from qlatent.services.search.queries import Query
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Definition, Ids, Search
from qlatent.ui.search import conditions, question
from qlatent.ui.search.conditions import Condition
from qlatent.ui.search.hits import Shelf, side_by_side
from qlatent.ui.selections import state
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import encoder_name, literal

MOST = 100  # hits shown at once


@dataclass(frozen=True)
class _Asking:
    """A search of one page: where it looks, and the filters."""

    page: str
    source: Source
    asked: Asked
    filters: tuple[Condition, ...] = ()


@shell.fragment
def of_dataset(page: str, dataset: str, keys: list[str]) -> None:
    """Draw the search in a dataset with vectors of these encoders, before any head is trained."""
    key = keys[0] if keys else ""
    if len(keys) > 1:
        key = url_state.pick("Vectors", keys, name=f"{page}_search_encoder", names=encoder_name)
    _search(page, Source(dataset=dataset, encoder=key))


def panel(page: str, view: View) -> None:
    """Draw the search in the dataset of a map, in the vectors below it and in the latents of heads."""
    with shell.guarded():
        _search(page, Source(dataset=view.dataset, encoder=view.encoder), run=view.run)


def _search(page: str, source: Source, *, run: str = "") -> None:
    st.session_state[f"{page}_search_dataset"] = source.dataset
    kind = question.by(page)
    if not source.encoder and kind != "words":
        st.info("This dataset has no vectors yet. Encode it, or search for words.", icon=":material/bolt:")
        return
    if kind == "saved":
        _saved(page, source)
        return
    asked_for = question.words(page) if kind == "words" else question.query(page, kind)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        asking = _where(page, source, run=run, vectors=kind != "words")
    if isinstance(asked_for, Query):
        _answer(asking, asked_for)
        _save(asking, asked_for)
    elif asked_for:
        _words(asking, asked_for)


def _where(page: str, source: Source, *, run: str, vectors: bool) -> _Asking:
    """Draw modality, number of hits, heads and filters."""
    workspace = shell.workspace()
    modality: str | None = None
    heads: tuple[str, ...] = ()
    if vectors:
        have = list(stored_vectors.widths(workspace, source.dataset, source.encoder))
        if len(have) > 1:
            modality = url_state.switch(
                f"{page}_search_in", {each: f"{each.capitalize()}s" for each in have}, label="Search among"
            )
    k = st.number_input("Hits", 1, MOST, neighbours.K, key=f"{page}_search_k", width=110)
    if vectors:
        heads = _heads(page, source.encoder, run)
    filters = conditions.conditions(page, source.dataset)
    asked = Asked(source.encoder or None, modality, heads, int(k), conditions.mask(source.dataset, filters))
    return _Asking(page, source, asked, filters)


def _heads(page: str, encoder: str, run: str) -> tuple[str, ...]:
    """Draw the heads that fit these vectors; on the map of a run its own head is chosen at first."""
    fitting = {
        each.id: each
        for each in kept_heads.list_heads(shell.workspace())
        if not each.broken and each.encoder == encoder
    }
    if not fitting:
        return ()
    own = [name for name, each in fitting.items() if run and each.run_id == run][:1]
    chosen = st.multiselect(
        "Beside it, the latents of", list(fitting), default=own, key=f"{page}_search_heads_{run}",
        format_func=lambda each: fitting[each].name, width=280,
        help="The nearest items after compression by these heads, with what was gained and lost.",
    )  # fmt: skip
    return tuple(chosen)


def _answer(asking: _Asking, query: Query) -> None:
    with shell.guarded(), st.spinner("Searching…"):
        found = neighbours.neighbours(shell.workspace(), asking.source.dataset, query, asking.asked)

        def select(space: Space) -> None:
            _select(asking, _definition(asking, query, space))

        side_by_side(Shelf(asking.page, asking.source, select), found.spaces)


def _words(asking: _Asking, written: str) -> None:
    workspace, dataset = shell.workspace(), asking.source.dataset
    with shell.guarded():
        rows, scores = words.ranked(workspace, dataset, written, among=asking.asked.among)
        names = stored_vectors.ids(workspace, dataset)
        shown = zip(rows[: asking.asked.k].tolist(), scores.tolist(), strict=False)
        hits = tuple(Hit(row, names[row].as_py(), score) for row, score in shown)
        title = f"{len(rows):,} of {len(names):,} items have these words"

        def select(space: Space) -> None:
            _select(asking, Ids(ids=tuple(hit.id for hit in space.hits)))

        side_by_side(
            Shelf(asking.page, asking.source, select),
            [Space("", title, "words (BM25)", hits, how="best first")],
        )


def _saved(page: str, source: Source) -> None:
    kept = question.saved_search(page, source.dataset)
    if kept is None:
        return
    asked, filters = kept.asked, tuple((name, wanted) for name, wanted in kept.filters)
    among = conditions.mask(source.dataset, filters)
    where = Asked(asked.encoder, asked.modality, asked.heads, asked.k, among)
    if filters:
        st.caption("Filtered by " + ", ".join(literal(name) for name, _ in filters))
    _answer(_Asking(page, Source(dataset=source.dataset, encoder=source.encoder), where, filters), kept.query)


def _save(asking: _Asking, query: Query) -> None:
    with st.popover("Save search", icon=":material/bookmark_add:", key=f"{asking.page}_search_save"):
        name = st.text_input("Name", key=f"{asking.page}_search_name", max_chars=saved.LONGEST_NAME)
        if st.button("Save", key=f"{asking.page}_search_save_yes", type="primary"):
            with shell.guarded():
                saved.save(
                    shell.workspace(), asking.source.dataset, query, asking.asked, name=name,
                    filters=tuple(list(each) for each in asking.filters),
                )  # fmt: skip
                st.success("Saved.", icon=":material/check_circle:")


def _definition(asking: _Asking, query: Query, space: Space) -> Definition:
    """The search itself where it is short and unfiltered, so that it follows new items; otherwise its hits."""
    if asking.filters or any(term.kind not in ("text", "item") for term in query.terms):
        return Ids(ids=tuple(hit.id for hit in space.hits))
    asked = asking.asked
    where = Asked(asked.encoder, asked.modality, (space.head,) if space.head else (), asked.k)
    return Search(search=saved.document(query, where))


def _select(asking: _Asking, definition: Definition) -> None:
    """Select on the map; from another page, open the map of these vectors."""
    if asking.page == "explore":
        state.select("explore", definition)
        st.rerun()
    url_state.go(
        "explore", dataset=asking.source.dataset, run="", explore_encoder=asking.source.encoder,
        explore_selection=links.to_link(definition),
    )  # fmt: skip
