"""How a person trains what a step shows with a seed of her own: alone, or as one of a class (`classes/training.py`)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from qlatent import actors
from qlatent.errors import InputError, StoreError
from qlatent.services.classes import trainings
from qlatent.services.lessons import variations
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.shell import page

ASKED, STARTED = "learn_asked_seeds", "learn_started"
"""Runs that this browser tab has asked for or seen, by training and seed; and the ids of those that it has started."""
AGAIN = "It had been trained here before, so it was shown at once."


@dataclass(frozen=True)
class Trainer:
    """What one person has trained of lessons, and how she trains more; trainings have the names that lessons use."""

    seeds: Callable[[str], dict[int, RunSummary]]
    """Her runs of a training by seed, in whatever state, oldest first; without that of the lesson."""
    train: Callable[[str, int], RunSummary]
    """Ask for a training with a seed; refused with `QlatentError`."""
    meet: Callable[[str, int, RunSummary], None]
    """Told that a link has led to the run of a training with a seed."""
    under_way: Callable[[], list[RunSummary]]
    """Those of her trainings, of any lesson, that wait or run."""
    leave: Callable[[RunSummary], None]
    """Wait for one no longer; it is stopped unless somebody else waits for it."""
    origin: Callable[[RunSummary], str]
    """A sentence on who made a training, if it was not she; else ""."""


def alone() -> Trainer:
    """The trainer of somebody who is in no class; what she asked for is kept in this browser tab."""
    return Trainer(_seeds, _train, _meet, _under_way, _leave, _origin)


def _asked() -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = st.session_state.setdefault(ASKED, {})
    return found


def _runs() -> dict[tuple[str, int], RunSummary]:
    found = {}
    for each, run in _asked().items():
        with suppress(StoreError):  # it was removed
            found[each] = listing.summary(page.workspace(), run)
    return found


def _seeds(name: str) -> dict[int, RunSummary]:
    return {seed: run for (of, seed), run in _runs().items() if of == name}


def _train(name: str, seed: int) -> RunSummary:
    workspace = page.workspace()
    known = variations.find(workspace, name, seed)
    there = known is not None and (known.active or known.state == "finished")
    if not there and (before := _under_way()):
        raise InputError(
            f"Your training {before[0].name!r} has not ended yet.", remedy="Wait for it, or cancel it first."
        )
    run = variations.train(workspace, name, seed)
    _meet(name, seed, run)
    if not there:
        st.session_state.setdefault(STARTED, set()).add(run.id)
    return run


def _meet(name: str, seed: int, run: RunSummary) -> None:
    _asked()[name, seed] = run.id


def _under_way() -> list[RunSummary]:
    return [run for run in _runs().values() if run.active]


def _leave(run: RunSummary) -> None:
    workspace = page.workspace()
    if run.owner == actors.own_name() and not trainings.wanted(workspace, run.id):
        queue.stop(workspace, run.id)
    for each in [each for each, asked in _asked().items() if asked == run.id]:
        del _asked()[each]


def _origin(run: RunSummary) -> str:
    return "" if run.id in st.session_state.get(STARTED, ()) else AGAIN
