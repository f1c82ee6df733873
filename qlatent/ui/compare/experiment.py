"""Part of the page Compare: the choice of an experiment, the form of a new one, and its progress."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from qlatent import registry
from qlatent.services.experiments import comparison, experiments
from qlatent.services.experiments import grid as grid_of
from qlatent.services.experiments.experiments import Progress
from qlatent.services.experiments.grid import Experiment, Grid
from qlatent.services.heads import kept_heads as kept_heads
from qlatent.services.runs import queue
from qlatent.ui.shell import dataset_cache, forms, group_choice, page, parts, url_state
from qlatent.ui.shell.formatting import count, encoder_name, literal

DIMS = (2, 3, 4, 6, 8, 10, 16, 32, 64)
TRAINING = "qlatent.training.core.configs:TrainingConfig"
OFTEN = ("epochs", "learning_rate", "schedule", "batch_size")
FIRST_HEADS = ("acqua", "acqua_twin", "pca")


def pick() -> Experiment | None:
    """The experiment in the URL; without one, draw the form of a new one and return None."""
    workspace = page.workspace()
    every = {each.id: each for each in experiments.list_experiments(workspace)}
    url_state.refuse_gone("experiment", every, what="comparison")
    if not every:
        st.info(
            "An experiment trains several heads on the same vectors with several seeds, together with PCA and their "
            "classical twins, and measures what each head keeps of held-out items.",
            icon=":material/science:",
        )
        _form()
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {key: _label(each) for key, each in every.items()} | {url_state.NEW: "New experiment …"}
        chosen = url_state.pick(
            "Experiment", [*every, url_state.NEW], name="experiment", names=lambda key: names[key]
        )
    if chosen == url_state.NEW:
        _form()
        return None
    return every[chosen]


def _label(each: Experiment) -> str:
    dims = ", ".join(map(str, each.dims))
    return f"{each.name} · d′ = {dims} · {count(each.seeds, 'seed')} · {each.dataset}"


def _form() -> None:
    """Draw the form of a new experiment with the button that starts it."""
    with page.guarded(), st.container(border=True, gap="small"):
        st.subheader("New experiment", anchor=False)
        left, right = st.columns(2, gap="medium")
        with left:
            data = _data()
            if data is None:
                return
            dataset, key, narrowed = data
            heads = st.multiselect(
                "Heads", list(registry.HEADS), default=list(FIRST_HEADS), key="compare_heads",
                format_func=lambda name: registry.HEADS[name].label, filter_mode="contains",
                help="PCA and the classical twin of each quantum head are always added.",
            )  # fmt: skip
            kept = _kept_heads(key)
        with right:
            objectives, dims, seeds, pca = _places()
        with st.expander("Training", icon=":material/tune:", key="compare_options"):
            settings: dict[str, Any] = forms.form(registry.resolve(TRAINING), OFTEN, key="compare")
            settings |= group_choice.column(dataset, key="compare")
        name = st.text_input("Name", key="compare_name", placeholder="optional", max_chars=80)
        settings |= ({"bridge_start": "pca"} if pca and _knows(heads) else {}) | (narrowed or {})
        grid = Grid(
            dataset, (*heads, *kept), tuple(objectives), tuple(dims), seeds, settings, key, (name or "").strip()
        )  # fmt: skip
        _start(grid, ready=bool(heads and objectives and dims and narrowed is not None))


def _data() -> tuple[str, str, dict[str, Any] | None] | None:
    """Dataset, encoder and the setting `modalities`; None without vectors, no setting where none is chosen."""
    every = dataset_cache.all_datasets()
    dataset = url_state.pick("Dataset", list(every), name="dataset", names=lambda each: every[each].name)
    encoders = list(dict.fromkeys(each["key"] for each in every[dataset].encoders))
    if not encoders:
        st.info("These items have no vectors yet.", icon=":material/info:")
        if st.button("Encode them", type="primary", key="compare_encode"):
            url_state.go("data", dataset=dataset)
        return None
    key = url_state.pick("Vectors", encoders, name="encoder", names=partial(encoder_name, among=encoders))
    have = [each["modality"] for each in every[dataset].encoders if each["key"] == key]
    chosen = st.pills("Modalities", have, selection_mode="multi", default=have, key="compare_modalities")
    if not chosen:
        return dataset, key, None
    return dataset, key, {"modalities": list(chosen)} if len(chosen) < len(have) else {}


def _places() -> tuple[list[str], list[int], int, bool]:
    """Losses, dimensions, seeds, and whether first layers start from PCA."""
    objectives = st.multiselect(
        "Losses", list(registry.OBJECTIVES), default=["distance_correlation"], key="compare_objectives",
        format_func=lambda name: registry.OBJECTIVES[name].label,
    )  # fmt: skip
    dims = st.pills("Latent dimensions", DIMS, selection_mode="multi", default=[4], key="compare_dims")
    seeds = st.slider("Seeds", 1, 20, 5, key="compare_seeds")
    pca = st.toggle("Initialise first layers from PCA", value=True, key="compare_pca")
    return objectives, list(dims), seeds, pca


def _start(grid: Grid, *, ready: bool) -> None:
    """Draw the button that creates the experiment and starts its trainings."""
    if st.button(
        _promise(grid) if ready else "Choose heads, losses and dimensions", type="primary", key="compare_start",
        icon=":material/play_arrow:", disabled=not ready,
    ):  # fmt: skip
        made = experiments.create(page.workspace(), grid)
        experiments.start(page.workspace(), made)
        url_state.put("experiment", made.id)
        st.rerun()


def _kept_heads(key: str) -> list[str]:
    """The chosen kept heads of the same vectors; draws nothing if there are none."""
    known = {
        f"{grid_of.KEPT}{each.id}": each.name
        for each in kept_heads.list_heads(page.workspace())
        if each.encoder == key
    }
    if not known:
        return []
    return st.multiselect(
        "Kept heads", list(known), key="compare_kept", format_func=lambda each: known[each],
        help="Measured without training. They may have been trained on items that are held out here.",
    )  # fmt: skip


def _knows(heads: list[str]) -> bool:
    """Whether a head has a first layer that can be initialised from the principal axes."""
    return any(
        "bridge_start" in grid_of.keys(registry.config_class("head", head))
        for head in grid_of.with_controls(heads)
    )


def _promise(grid: Grid) -> str:
    heads = grid_of.with_controls(grid.heads)
    fixed = sum(head.startswith(grid_of.KEPT) or registry.head_class(head).closed_form for head in heads)
    trainings = (len(heads) - fixed) * len(grid.objectives) * len(grid.dims) * grid.seeds
    return f"Compare {count(len(heads), 'head')} in {count(trainings, 'training')}"


def progress(experiment: Experiment) -> None:
    """The progress of an experiment, with Stop and Resume; polled while any of its runs is active."""
    status = experiments.progress(page.workspace(), experiment)
    busy = status.active > 0
    fresh = [status]  # saves reading every run twice for the first drawing

    def show() -> None:
        queue.go_on(page.workspace())  # a killed worker cannot start the next run
        now = fresh.pop() if fresh else experiments.progress(page.workspace(), experiment)
        _bar(experiment, now)
        if busy and (now.active == 0 or now.measured != status.measured):
            st.rerun(scope="app")

    with page.guarded():
        st.fragment(show, run_every=2.0 if busy else None)()
    lines = [*status.failed, *status.refused]
    if lines:
        with st.expander(
            f"{count(len(lines), 'cell')} of the grid failed or cannot be trained", icon=":material/warning:"
        ):
            for line in lines:
                st.markdown(f"- {literal(line, limit=400)}")


def _bar(experiment: Experiment, status: Progress) -> None:
    workspace = page.workspace()
    whole = status.total > 0 and status.measured == status.total
    with st.container(horizontal=True, vertical_alignment="center"):
        if whole:
            st.caption(
                f"All {count(status.total, 'training')} measured on the held-out items.", width="content"
            )
        else:
            share = status.measured / status.total if status.total else 0.0
            words = f"{status.measured} of {count(status.total, 'training')} measured"
            st.progress(share, text=words + (f", {status.active} running or queued" if status.active else ""))
        if status.active and st.button("Stop", key="compare_stop", icon=":material/stop:"):
            experiments.stop(workspace, experiment)
            st.rerun(scope="app")
        if (
            not status.active
            and not whole
            and st.button("Resume", key="compare_go_on", type="primary", icon=":material/play_arrow:")
        ):
            experiments.start(workspace, experiment)
            st.rerun(scope="app")
        if not status.active and st.button("Remove", key="compare_remove", icon=":material/delete:", type="tertiary",
                                         help="Removes the experiment. Its runs and heads stay."):  # fmt: skip
            experiments.remove(workspace, experiment.id)
            url_state.put("experiment", "")
            st.rerun(scope="app")


@st.cache_resource(max_entries=8, show_spinner="Reading the results…")
def _rows(workspace: str, experiment_id: str, measured: int, _experiment: Experiment) -> list[comparison.Row]:
    return comparison.rows(page.workspace(), _experiment)


def rows(experiment: Experiment) -> list[comparison.Row]:
    """The tidy table of an experiment, cached per state; draws a placeholder if it is empty."""
    workspace = page.workspace()
    measured = experiments.progress(workspace, experiment).measured_at
    found = _rows(str(workspace.path), experiment.id, measured, experiment)
    if not found:
        parts.empty(
            "Nothing measured yet",
            "Results appear here after the first training finishes.",
            icon=":material/hourglass_top:",
        )
    return found
