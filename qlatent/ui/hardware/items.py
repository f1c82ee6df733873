"""Part of the page Hardware: which head, which modality and which items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from qlatent.errors import InputError
from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.hardware import choosing
from qlatent.services.hardware.choosing import Wanted
from qlatent.services.heads.kept_heads import HeadView
from qlatent.services.selections import collections, links
from qlatent.services.selections.definitions import Definition, Kept
from qlatent.ui.hardware import addresses, unmet
from qlatent.ui.selections import state
from qlatent.ui.shell import dataset_cache, page, parts, url_state
from qlatent.ui.shell.formatting import count, encoder_name, literal

OF = {"all": "All items", "collection": "A collection", "selection": "The selection of Explore"}
TAKING = {"evenly": "Evenly spaced", "first": "First", "drawn": "At random", "all": "All"}
MOST = 100_000
REMOVED = "it was removed, or the link comes from another workspace, which has this {}"
MODALITIES = {"image": "Image", "text": "Text", "vector": "Vector"}


@dataclass(frozen=True)
class Chosen:
    """A head and the items that it is to be executed for."""

    head: HeadView
    dataset: str
    modality: str
    wanted: Wanted


def heads() -> tuple[list[HeadView], dict[str, str]]:
    """The heads that a device can execute, and why not the others, by id.

    Draws what to do if there is none, and names the others.
    """
    usable, others = choosing.heads(page.workspace())
    if not usable:
        parts.empty(
            "No head with a circuit yet",
            "Train CLIP-ACQUA or QSSL. Its circuit can then be executed on simulators, twins of devices and devices.",
            icon=":material/deployed_code:",
            to="train",
            button="Train a head",
        )
    if others:
        label = f"{count(len(others), 'head')} that no device can execute"
        with st.expander(label, icon=":material/info:", key="hardware_others"):
            for each, reason in others:
                st.caption(f"{literal(each.name, limit=60)}: {literal(reason)}.")
    reasons = {each.id: reason for each, reason in others}
    if not usable:
        unmet.unknown("Head", addresses.HEAD, (), _no_head(url_state.get(addresses.HEAD), reasons))
    return usable, reasons


def _no_head(asked: str, reasons: Mapping[str, str]) -> str:
    return f"it {reasons[asked]}" if asked in reasons else REMOVED.format("head")


def choose(usable: list[HeadView], reasons: Mapping[str, str]) -> Chosen | None:
    """The chosen head, dataset, modality and items; None where the head has no dataset, which is said.

    `reasons` says why other heads are not offered, by id.
    """
    views = {each.id: each for each in usable}
    head = views[
        unmet.pick(
            "Head", list(views), name=addresses.HEAD, names=lambda each: views[each].name[:60],
            why=lambda asked: _no_head(asked, reasons),
        )
    ]  # fmt: skip
    every = _datasets(head)
    if not every:
        st.warning(
            f"No dataset has vectors of {literal(encoder_name(head.encoder))}, which this head was trained on. Encode "
            "one on the page Data.",
            icon=":material/data_alert:",
        )
        return None
    dataset = unmet.pick(
        "Dataset", list(every), name=addresses.DATASET, names=lambda each: every[each].name,
        default=head.dataset_id if head.dataset_id in every else "",
        why=lambda asked: _no_dataset(asked, head),
    )  # fmt: skip
    modality = _modality(head, every[dataset])
    return Chosen(head, dataset, modality, _wanted(_of(dataset)))


def _datasets(head: HeadView) -> dict[str, DatasetView]:
    """The datasets with vectors of the head's encoder."""
    return {
        key: each
        for key, each in dataset_cache.all_datasets().items()
        if not each.lost and any(head.encoder in ("", of["key"]) for of in each.encoders)
    }


def _no_dataset(asked: str, head: HeadView) -> str:
    found = dataset_cache.all_datasets().get(asked)
    if found is None:
        return REMOVED.format("dataset")
    if found.lost:
        return "its files are missing"
    if not found.encoders:
        return "it has no vectors; encode it on the page Data"
    return f"it has no vectors of {literal(encoder_name(head.encoder))}, which this head was trained on"


def _modality(head: HeadView, dataset: DatasetView) -> str:
    encoded = {each["modality"] for each in dataset.encoders if head.encoder in ("", each["key"])}
    every = [str(each) for each in head.config["modalities"]]
    offered = [each for each in every if each in encoded] or every
    if len(offered) == 1:
        chosen = offered[0]
    else:
        chosen = url_state.switch(
            addresses.MODALITY, {each: MODALITIES.get(each, each) for each in offered}, label="Modality"
        )
    unmet.unknown(
        "Modality", addresses.MODALITY, offered, f"head and dataset have {' and '.join(offered)} in common"
    )
    return chosen


def _of(dataset: str) -> Definition | None:
    """The items of the dataset that are asked for; None: all."""
    kept = {each.id: each for each in collections.listed(page.workspace(), dataset)}
    link = url_state.get(addresses.SELECTION) or url_state.get(state.link_name("explore"))
    offered = {"all": True, "collection": bool(kept), "selection": bool(link)}
    names = {name: label for name, label in OF.items() if offered[name]}
    of = url_state.switch(addresses.OF, names, label="Items") if len(names) > 1 else "all"
    missing = {"collection": "this dataset has no collection", "selection": "the link holds no selection"}
    unmet.unknown(
        "Choice of items", addresses.OF, names,
        missing.get(url_state.get(addresses.OF), f"there are {', '.join(OF)}"),
    )  # fmt: skip
    if of == "collection":
        chosen = unmet.pick(
            "Collection", list(kept), name=addresses.COLLECTION,
            names=lambda each: f"{kept[each].name} ({kept[each].count:,})",
            why=lambda _: "it was removed, or it is one of another dataset",
        )  # fmt: skip
        return Kept(collection=chosen)
    if of == "selection":
        url_state.put(addresses.SELECTION, link)  # Explore may select something else meanwhile
        return _selected(link)
    return None


def _selected(link: str) -> Definition | None:
    """What is selected; all items, which is said, where the link cannot be read."""
    try:
        return links.from_link(link)
    except InputError as err:
        unmet.say("Selection", link, literal(err.message.rstrip("."), limit=500))
        return None


def _wanted(of: Definition | None) -> Wanted:
    """How many of these items are taken, and which."""
    taking: Any = url_state.switch(addresses.TAKING, TAKING, label="Which of them" if of else "Which items")
    unmet.unknown("Choice of items", addresses.TAKING, TAKING, f"there are {', '.join(TAKING)}")
    if taking == "all":
        return Wanted(of, taking="all")
    with st.container(horizontal=True, gap="small"):
        number = addresses.number("How many", addresses.COUNT, 64, least=1, most=MOST)
        seed = 0
        if taking == "drawn":
            seed = addresses.number("Seed of the draw", addresses.DRAW, 0, most=2**31 - 1)
    return Wanted(of, taking=taking, count=number, seed=seed)
