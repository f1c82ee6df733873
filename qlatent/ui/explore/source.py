"""Part of the page Explore: what is looked at, a run or the vectors of a dataset before any head is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.runs import listing, naming
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.explore import addresses
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.dataset_cache import all_datasets
from qlatent.ui.shell.formatting import encoder_name, literal

TITLE = (
    "Explore",
    "See what lies together, select it, and replay how training moved it.",
)
WIDTH = 520


@dataclass(frozen=True, eq=False)
class Looked:
    """What the map is of: a run, or the vectors of a dataset by an encoder."""

    run: RunSummary | None = None
    dataset: str = ""
    encoder: str = ""
    state: str = ""  # changes with the vectors

    @property
    def key(self) -> str:
        return f"run/{self.run.id}" if self.run else f"vectors/{self.dataset}/{self.encoder}"


def choose() -> Looked:
    """Draw title and picker, and return what is looked at; where there is nothing, say so and stop."""
    runs = {
        each.id: each
        for each in naming.own_first(listing.list_runs(page.workspace(), "train"))
        if each.status.step
    }
    datasets = all_datasets()
    url_state.refuse_gone("run", runs, what="run with a map")
    url_state.refuse_gone("dataset", datasets, what="dataset")
    if linked := datasets.get(st.query_params.get("dataset", "")):
        url_state.refuse_gone(addresses.ENCODER, encoders(linked), what="set of vectors")
    found = [Looked(run=each, dataset=each.dataset or "") for each in runs.values()]
    found += [vectors(each, key) for each in _newest_first(datasets) for key in encoders(each)]
    options = {each.key: each for each in found}
    chosen = _asked(options, datasets)
    if not chosen:
        parts.title(*TITLE)
        _nothing(datasets)
        st.stop()
    _remember(options[chosen])
    _picker(options, chosen, _names(options, datasets))
    return options[chosen]


def _newest_first(datasets: Mapping[str, DatasetView]) -> list[DatasetView]:
    return sorted(datasets.values(), key=lambda each: each.created, reverse=True)


def encoders(dataset: DatasetView) -> list[str]:
    """The keys of the encoders that a dataset has vectors of."""
    return list(dict.fromkeys(each["key"] for each in dataset.encoders if each["encoded"]))


def vectors(dataset: DatasetView, encoder: str) -> Looked:
    """The vectors of a dataset by an encoder, as they are now."""
    done = [each["encoded"] for each in dataset.encoders if each["key"] == encoder]
    return Looked(None, dataset.id, encoder, f"{dataset.rows} {done}")


def _asked(options: Mapping[str, Looked], datasets: Mapping[str, DatasetView]) -> str:
    """The key of what the URL names, else of what was looked at before, else of the first; "" if there is none."""
    linked = st.query_params
    if "run" in linked:
        return f"run/{linked['run']}"
    if "dataset" in linked:
        return _of_dataset(options, linked["dataset"])
    before = f"vectors/{url_state.get('dataset')}/{url_state.get(addresses.ENCODER)}"
    run = f"run/{url_state.get('run')}"
    return next((each for each in (before, run, *options) if each in options), "")


def _of_dataset(options: Mapping[str, Looked], dataset: str) -> str:
    """Its vectors by the encoder in the URL, else its newest run, else its vectors; "" if it has neither."""
    asked = f"vectors/{dataset}/{st.query_params.get(addresses.ENCODER, '')}"
    if asked in options:
        return asked
    return next((key for key, each in options.items() if each.dataset == dataset), "")


def _nothing(datasets: Mapping[str, DatasetView]) -> None:
    named = datasets.get(st.query_params.get("dataset", ""))
    if named is None and not datasets:
        parts.empty(
            "No map yet", "Bring images, texts or vectors first: their map appears here as soon as they have vectors.",
            icon=":material/scatter_plot:", to="data", button="Bring data",
        )  # fmt: skip
        return
    which = named or _newest_first(datasets)[0]
    parts.empty(
        "No vectors yet",
        f"The items of {literal(which.name)} have no vectors yet. Encode them, and their map appears here.",
        icon=":material/scatter_plot:",
    )
    with st.container(horizontal_alignment="center"):
        if st.button(
            "Encode the items", type="primary", key="explore_encode", icon=":material/arrow_forward:"
        ):
            url_state.go("data", dataset=which.id)


def _remember(looked: Looked) -> None:
    if looked.run:
        url_state.put("run", looked.run.id)
        url_state.put(addresses.ENCODER, None)
        addresses.hide("dataset")
    else:
        addresses.hide("run")
        url_state.put("dataset", looked.dataset)
        url_state.put(addresses.ENCODER, looked.encoder)


def _names(options: Mapping[str, Looked], datasets: Mapping[str, DatasetView]) -> dict[str, str]:
    titles = naming.names([each.run for each in options.values() if each.run])
    found = {}
    for key, each in options.items():
        if each.run:
            part = f"{each.run.part_of.removeprefix('an ')}: " if each.run.part_of else ""
            found[key] = f"{part}{titles[each.run.id]} · {each.run.state} · {each.run.status.step:,} steps"
        else:
            named = encoder_name(each.encoder, encoders(datasets[each.dataset]))
            found[key] = f"{datasets[each.dataset].name} · vectors of {named}, no head"
    return found


def _picker(options: Mapping[str, Looked], chosen: str, names: Mapping[str, str]) -> None:
    st.session_state["explore_source"] = chosen

    def changed() -> None:
        other = options[st.session_state["explore_source"]]
        addresses.forget(*addresses.OF_A_MAP)
        if other.dataset != options[chosen].dataset:
            addresses.forget(*addresses.OF_A_DATASET)
        _remember(other)

    heading, picker = st.columns([1, 1.1], vertical_alignment="bottom")
    with heading:
        parts.title(*TITLE)
    with picker, st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Look at", list(options), format_func=names.__getitem__, key="explore_source", on_change=changed,
            width=WIDTH, filter_mode="contains",
            help="A run shows how its latents moved; vectors can be looked at before any head is trained.",
        )  # fmt: skip
        run = options[chosen].run
        if run and run.active:
            st.button("Newest frames", key="explore_refresh", icon=":material/refresh:")
