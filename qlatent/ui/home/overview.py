"""The parts of the page Home: counts, the demo, the next step, and the newest map."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from qlatent.services import demo, first_look
from qlatent.services.heads import kept_heads
from qlatent.services.runs import listing
from qlatent.services.runs.listing import RunSummary
from qlatent.services.workspaces import Workspace
from qlatent.ui.latent_map import maps
from qlatent.ui.shell import dataset_cache, page, parts, url_state
from qlatent.ui.shell.formatting import literal
from qlatent.ui.shell.progress import progress

WATCHABLE = ("finished", "stopped", "interrupted", "running")


@dataclass(frozen=True)
class Holdings:
    """Counts of what the workspace contains, and the run to show."""

    datasets: int
    items: int
    encoders: int
    runs: int
    heads: int
    shown: (
        RunSummary | None
    )  # the run whose map is shown: the newest finished run, else the newest with a step
    contrast: (
        tuple[RunSummary, RunSummary] | None
    )  # the demo's two trainings, if nothing newer is to be shown
    preparing: RunSummary | None  # the demo's run, while it is active or after it failed
    under_way: RunSummary | None  # the training run that is active, or next in the queue
    bare: str  # a dataset without vectors, if there is one


def holdings(workspace: Workspace) -> Holdings:
    """The holdings of a workspace; reads a few small files."""
    every = list(dataset_cache.all_datasets().values())
    trained = listing.list_runs(workspace, "train")
    prepared = next(iter(listing.list_runs(workspace, "demo")), None)
    keys = {each.id: {found["key"] for found in each.encoders} for each in every}
    watchable = [each for each in trained if each.state in WATCHABLE and each.status.step]
    own = [each for each in watchable if not each.part_of] or watchable
    finished = [each for each in own if each.state == "finished"]
    shown, both = next(iter(finished or own), None), first_look.pair(trained)
    return Holdings(
        datasets=len(every),
        items=sum(each.rows for each in every),
        encoders=len(set().union(*keys.values())) if keys else 0,
        runs=len(trained),
        heads=len(kept_heads.list_heads(workspace)),
        shown=shown,
        contrast=both if both and shown and shown.id in {each.id for each in both} else None,
        preparing=prepared if prepared and prepared.state != "finished" else None,
        under_way=next((each for each in reversed(trained) if each.active), None),
        bare=next((name for name, found in keys.items() if not found), ""),
    )


STEPS = (
    (
        ":material/upload:",
        "Import",
        "Images, texts, tables, zips or precomputed vectors. You see a preview first.",
    ),
    (
        ":material/hub:",
        "Encode",
        "With CLIP, a text model, or the small built-in encoder, which works offline.",
    ),
    (
        ":material/model_training:",
        "Train",
        "A quantum head such as CLIP-ACQUA, or its classical twin, with every setting of the paper.",
    ),
    (
        ":material/scatter_plot:",
        "Watch",
        "The latent space moves step by step, coloured by norm, with quality metrics beside it.",
    ),
)


def counts(found: Holdings) -> None:
    """The counts in a row; in an empty workspace, the four steps of working with the app."""
    if not found.items:
        with st.grid(len(STEPS), min_column_width=200) as grid:
            for icon, name, text in STEPS:
                with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
                    st.markdown(f"{icon} **{name}**")
                    st.caption(text)
        return
    figures = [
        ("Datasets", found.datasets, ":material/photo_library:"),
        ("Items", found.items, ":material/image:"),
        ("Encoders used", found.encoders, ":material/hub:"),
        ("Runs", found.runs, ":material/model_training:"),
        ("Heads kept", found.heads, ":material/deployed_code:"),
    ]
    with st.grid(len(figures), min_column_width=130):
        for label, number, icon in figures:
            st.metric(label, f"{number:,}", border=True, icon=icon)


def start_here(run: RunSummary | None) -> None:
    """Offer to prepare the demo or to import data; show the demo's progress while it is prepared."""
    if run:
        preparing(run.id, polled=run.active)
        return
    with st.container(border=True, gap="small"):
        st.subheader("Start with the demo or with your own data", anchor=False)
        st.caption(
            "The demo draws 2,000 marketplace listings, encodes them with the built-in encoder and trains one head on "
            "them twice: with CLIP-ACQUA's own loss, and with distance correlation. It works offline and takes a "
            "minute or two; you can watch both maps while they train."
        )
        with st.container(horizontal=True, gap="small"):
            if st.button("Prepare the demo", type="primary", key="home_demo", icon=":material/auto_awesome:"):
                start_demo()
            if st.button("Import your own data", key="home_data", icon=":material/upload:"):
                url_state.go("data")


def start_demo() -> None:
    """Queue the run that prepares the demo."""
    demo.start(page.workspace())
    st.rerun()


def preparing(run_id: str, *, polled: bool) -> None:
    """The demo's progress; the page is redrawn when it ends."""

    def show() -> None:
        with page.guarded(), st.container(border=True):
            run = listing.summary(page.workspace(), run_id)
            if polled and not run.active:
                st.rerun(scope="app")
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown("**Preparing the demo**", width="content")
                parts.badge(run.state)
            st.caption(
                "Drawing, storing and encoding 2,000 listings. Training starts automatically afterwards."
            )
            progress(run)
            if not run.active and run.state != "finished" and st.button("Try again", key="home_retry"):
                start_demo()

    st.fragment(show, run_every=1.0 if polled else None)()


def following(run_id: str, *, drawn: bool) -> None:
    """The progress of an active run; the page is redrawn at its first frame and when it ends."""

    def show() -> None:
        with page.guarded(), st.container(border=True):
            run = listing.summary(page.workspace(), run_id)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{literal(run.name, limit=60)}**", width="content")
                parts.badge(run.state)
                st.space("stretch")
                if st.button(
                    "Watch it train", type="primary", key="home_next", icon=":material/arrow_forward:"
                ):
                    url_state.go("train", run=run.id)
            progress(run)
            if not run.active or (run.status.step and not drawn):
                st.rerun(scope="app")

    st.fragment(show, run_every=1.0)()


def next_step(found: Holdings) -> None:
    """The suggested next step, with a button that leads to it."""
    if found.bare and not found.runs:
        text, label, to = "Some items have no vectors yet. Encode them.", "Encode", "data"
    elif not found.runs:
        text, label, to = "Everything is encoded. Train your first head.", "Train a head", "train"
    else:
        text, label, to = "See what a head kept, frame by frame.", "Explore the map", "explore"
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.markdown(f":material/arrow_circle_right: **Next:** {text}", width="content")
        if st.button(label, type="primary", key="home_next", icon=":material/arrow_forward:"):
            url_state.go(to, **({"dataset": found.bare} if to == "data" else {}))


@page.fragment
def moving_map(run: RunSummary) -> None:
    """The map of a run: its last frame, then played once."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        parts.name(run.name)
        parts.badge(run.state)
    parts.beyond_builtin(run.encoder, run.dataset)
    maps.playing(run)
