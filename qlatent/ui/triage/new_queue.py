"""A new queue: which items of a dataset, and in which order they come."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import streamlit as st

from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Column, Definition, Kept, SetOf
from qlatent.services.triage import background, queues
from qlatent.ui.search import conditions
from qlatent.ui.selections.conditions import condition
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, literal
from qlatent.ui.triage import queue_list, words, you
from qlatent.ui.triage.columns import columns

WHICH = {"all": "All items", "filter": "Only some, by columns", "collection": "A collection"}


def new_queue(datasets: Mapping[str, DatasetView], taken: Collection[str]) -> None:
    """Draw the form; `taken` are the names of queues."""
    st.caption(
        "A queue hands out its cases one by one, to colleagues never the same one. A key decides and goes on, `z` "
        "takes back, and every step is in a log."
    )
    dataset = datasets[
        url_state.pick("Dataset", list(datasets), name="dataset", names=lambda each: datasets[each].name)
    ]
    which = st.segmented_control(
        "Which items", list(WHICH), default="all", required=True, format_func=WHICH.__getitem__, key="triage_which"
    )  # fmt: skip
    definition, number = dataset_part(dataset, str(which))
    choices = words.order_choices(columns(dataset.id))
    order = st.selectbox(
        "Which come first", choices, format_func=words.order, key=f"triage_order_{dataset.id}",
        index=choices.index("risk") if "risk" in choices else 0,
    )  # fmt: skip
    name = st.text_input(
        "Name", value=_name(dataset, taken), key=f"triage_name_{dataset.id}_{len(taken)}",
        max_chars=queues.LONGEST_NAME,
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = st.button(
            "Make the queue", type="primary", key="triage_create", disabled=not number, icon=":material/add:"
        )
        st.markdown(f"**{count(number, 'case')}**", width="content")
    if pressed:
        with page.guarded():
            made = queues.create(
                page.workspace(), dataset.id, name=name, order=order, by=you.name(), definition=definition
            )
            background.learn_soon(page.workspace(), made.id, always=True)
            queue_list.open_queue(made.id)
            st.rerun()


def dataset_part(dataset: DatasetView, which: str) -> tuple[Definition | None, int]:
    """The items that are chosen, None for all, and how many they are."""
    if which == "filter":
        return _filtered(dataset)
    if which == "collection":
        return _collected(dataset)
    return None, dataset.rows


def _filtered(dataset: DatasetView) -> tuple[Definition | None, int]:
    known = columns(dataset.id)
    chosen = st.multiselect(
        "Columns",
        list(known),
        key=f"triage_columns_{dataset.id}",
        placeholder="Choose columns to filter by",
    )
    found = [
        condition(f"triage_filter_{dataset.id}_{name}", known[name], None, label=literal(name))
        for name in chosen
    ]
    wanted: tuple[Column, ...] = tuple(each for each in found if each is not None)
    if not wanted:
        st.caption("Choose at least one value.")
        return None, 0
    mask = conditions.mask(dataset.id, wanted)
    assert mask is not None  # there are conditions
    return wanted[0] if len(wanted) == 1 else SetOf(how="intersection", of=wanted), int(mask.sum())


def _collected(dataset: DatasetView) -> tuple[Definition | None, int]:
    found = {each.id: each for each in collections.listed(page.workspace(), dataset.id)}
    if not found:
        st.caption("This dataset has no collection yet. Keep a selection on the page Explore as one.")
        return None, 0
    chosen = st.selectbox(
        "Collection", list(found), format_func=lambda each: found[each].name, key=f"triage_collection_{dataset.id}"
    )  # fmt: skip
    each = found[chosen]
    return Kept(collection=chosen), each.count - each.lost


def _name(dataset: DatasetView, taken: Collection[str]) -> str:
    """A name that no queue has."""
    name, number = f"Review of {dataset.name}", 2
    while name in taken:
        name, number = f"Review of {dataset.name} {number}", number + 1
    return name[: queues.LONGEST_NAME]
