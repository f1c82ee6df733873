"""The seed of the training that a figure shows: chosen, trained by oneself, and compared with that of the lesson."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.lessons import variations
from qlatent.services.runs.listing import RunSummary
from qlatent.teaching.figures import LESSON_SEED
from qlatent.ui.latent_map.linked import refusal
from qlatent.ui.learn import under_way
from qlatent.ui.learn.links import Stand, Standing, refused
from qlatent.ui.learn.trainer import Trainer
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import literal

MOST = 9999
REFUSED = "learn_seed_refused"
HELP = (
    "Another seed draws other random weights to begin with, and another order of the items. Data, settings and the "
    "held-out items stay the same. It takes some seconds."
)


@dataclass(frozen=True)
class Chosen:
    """What a figure is to draw: how it stands, and the run; with the runs of all seeds that can be compared."""

    stand: Stand
    run: RunSummary
    compared: dict[int, RunSummary]


def choose(stand: Stand, trainer: Trainer | None) -> Chosen:
    """Draw the choice of the seed and what is under way; while the seed is not trained, the lesson's is to be drawn.

    Without a `trainer`, as on a projector, nothing can be trained. A seed of what does not vary raises `InputError`.
    """
    workspace, name, seed = page.workspace(), stand.figure.run, stand.figure.seed
    lesson = variations.of_lesson(workspace, name)
    if not variations.varies(workspace, name):
        if seed != LESSON_SEED:
            raise refused("seed", seed)
        return Chosen(stand, lesson, {})
    run = variations.find(workspace, name, seed)
    if trainer is not None and run is not None and seed != LESSON_SEED:
        trainer.meet(name, seed, run)
    own = trainer.seeds(name) if trainer is not None else {}
    shown = {LESSON_SEED: lesson} | ({seed: run} if run is not None else {}) | own
    compared = {each: found for each, found in shown.items() if found.state == "finished"}
    if trainer is not None or seed != LESSON_SEED:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="learn_seeds"):
            _switch(stand, sorted({LESSON_SEED, seed, *compared}))
            if trainer is not None:
                _offer(stand, trainer, name, taken=own)
    refusal(REFUSED)
    if run is not None and run.state == "finished":
        _followed(stand, trainer, None)
        if trainer is not None and seed != LESSON_SEED and (said := trainer.origin(run)):
            st.caption(f":material/bolt: {said}")
        return Chosen(stand, run, compared)
    _missing(stand, trainer, run)
    return Chosen(_with_lesson(stand), lesson, compared)


def numbers(chosen: Chosen) -> None:
    """What came out with each seed, side by side; nothing as long as there is one only."""
    if len(chosen.compared) < 2:
        return
    workspace, runs = page.workspace(), sorted(chosen.compared.items())
    table = pd.DataFrame({_titled(seed): variations.numbers(workspace, run) for seed, run in runs})
    table.index.name = "Result"
    st.dataframe(
        table, key="learn_seed_numbers", alt="What came out with each seed",
        column_config={name: st.column_config.NumberColumn(format="%.3f") for name in table.columns},
    )  # fmt: skip
    st.caption("All but the loss at the last step are measured on held-out items, the same for all seeds.")


def _titled(seed: int) -> str:
    return f"Seed {seed} (lesson)" if seed == LESSON_SEED else f"Seed {seed}"


def _put(stand: Stand, seed: int) -> None:
    stand.change(seed=seed, camera="")  # which belongs to one map


def _switch(stand: Stand, seeds: list[int]) -> None:
    if len(seeds) < 2:
        st.caption(f"Seed {LESSON_SEED}, the lesson's", width="content")
        return
    st.session_state["learn_seed_shown"] = stand.figure.seed

    def changed() -> None:
        _put(stand, st.session_state["learn_seed_shown"])

    st.segmented_control(
        "Seed of the training", seeds, key="learn_seed_shown", on_change=changed, required=True, format_func=_titled,
        label_visibility="collapsed", width="content",
    )  # fmt: skip


def _offer(stand: Stand, trainer: Trainer, name: str, *, taken: dict[int, RunSummary]) -> None:
    """The number of another seed, and the button that trains it."""
    if "learn_seed" not in st.session_state:
        st.session_state["learn_seed"] = next(each for each in range(1, MOST) if each not in taken)
    seed = st.number_input(
        "Seed", min_value=LESSON_SEED + 1, max_value=MOST, step=1, key="learn_seed", width=130,
        label_visibility="collapsed",
    )  # fmt: skip

    def pressed() -> None:
        asked = int(st.session_state["learn_seed"])
        _train(stand, trainer, name, asked)
        if REFUSED not in st.session_state:
            st.session_state["learn_seed"] = min(asked + 1, MOST)

    st.button(
        f"Train seed {seed} yourself", key="learn_train", icon=":material/model_training:", help=HELP, on_click=pressed
    )  # fmt: skip


def _train(stand: Stand, trainer: Trainer, name: str, seed: int) -> None:
    """Ask for a training and let the figure show it; where that is refused, the page says why."""
    try:
        trainer.train(name, seed)
    except QlatentError as err:
        st.session_state[REFUSED] = err
    else:
        _put(stand, seed)


def _followed(stand: Stand, trainer: Trainer | None, run: RunSummary | None) -> bool:
    """Draw what the person waits for, `run` if that is it; whether it is."""
    waiting = {each.id: each for each in (trainer.under_way() if trainer is not None else ())}
    own = run is not None and run.id in waiting
    if trainer is not None and waiting:
        leave = trainer.leave

        def cancel(cancelled: RunSummary) -> None:
            leave(cancelled)
            if own:
                _put(stand, LESSON_SEED)

        under_way.follow(waiting[run.id] if own and run else next(iter(waiting.values())), cancel=cancel)
    return own


def _missing(stand: Stand, trainer: Trainer | None, run: RunSummary | None) -> None:
    """Say why the seed is not shown, and that the lesson's training is, instead."""
    name, seed = stand.figure.run, stand.figure.seed
    followed = _followed(stand, trainer, run)
    if run is not None and run.active:
        if not followed:
            under_way.follow(run)
        st.caption(f"Until it has ended, you see the training of the lesson, with seed {LESSON_SEED}.")
        return
    why = (
        "has not been trained here yet"
        if run is None
        else f"was not trained to its end ({literal(run.message)})"
    )
    with st.container(border=True, gap="small", key="learn_seed_missing"):
        st.markdown(f"**Seed {seed} {why}.** Below is the training of the lesson, with seed {LESSON_SEED}.")
        if trainer is not None:
            st.button(
                f"Train seed {seed}", key="learn_train_missing", type="primary", icon=":material/model_training:",
                on_click=_train, args=(stand, trainer, name, seed),
            )  # fmt: skip


def _with_lesson(stand: Stand) -> Stand:
    """The figure with the lesson's training: what is changed at it is kept, and so is the seed that was asked for."""
    asked = stand.figure.seed

    def now() -> Standing:
        return Standing(replace(stand.figure, seed=LESSON_SEED))

    def put(standing: Standing) -> None:
        assert standing.figure is not None
        stand.put(Standing(replace(standing.figure, seed=asked)))

    return Stand(now, put, stand.height)
