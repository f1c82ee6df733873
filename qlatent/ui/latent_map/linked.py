"""Maps beside each other that share pointer and selection, and the camera where they show the same axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.ui.latent_map.point_map import Classes, PointMap, PointMapEvent, point_map
from qlatent.ui.shell import parts

Happened = Callable[[PointMapEvent], None]


@dataclass(frozen=True, eq=False)
class LinkedMap:
    """One of several maps; `above` is drawn between it and its title, `below` under it."""

    title: str
    spec: PointMap
    key: str
    happened: Happened
    below: Callable[[], None] | None = None
    above: Callable[[], None] | None = None


@dataclass(frozen=True)
class Group:
    """How maps stand beside each other: `link` is the name they share, `across` how many are in a row."""

    link: str
    across: int
    height: int
    refused: str
    """The key of the session under which an error waits until the page is drawn again."""


def linked_maps(maps: Sequence[LinkedMap], group: Group) -> None:
    """Draw the maps with their numbers and titles, `group.across` in a row; on a phone below each other."""
    numbered = enumerate(zip(maps, legends([each.spec for each in maps]), strict=True), start=1)
    for column, (number, (each, legend)) in zip(_columns(len(maps), group.across), numbered, strict=False):
        with column:
            parts.foreign(f"{number} · {each.title}", limit=80)
            if each.above:
                each.above()
            point_map(
                replace(each.spec, link=group.link, legend=legend), key=each.key, height=group.height,
                on_event=partial(told, each.happened, group.refused),
            )  # fmt: skip
            if each.below:
                each.below()
    refusal(group.refused)


def legends(specs: Sequence[PointMap]) -> list[bool]:
    """Whether each map needs a legend: no map before it has colours that mean the same."""
    meanings = [_meaning(each) for each in specs]
    return [meaning not in meanings[:number] for number, meaning in enumerate(meanings)]


def _meaning(spec: PointMap) -> object:
    """What a legend says, but for its counts: the points are the same."""
    given = spec.colours
    if isinstance(given, Classes):
        return (given.label, *given.names), given.colours, given.top
    return None if given is None else (given.label, given.name, given.low, given.high)


def told(happened: Happened, refused: str, event: PointMapEvent) -> None:
    """Tell what a person did on a map; an error is kept until the page is drawn again."""
    try:
        happened(event)
    except QlatentError as err:
        st.session_state[refused] = err


def refusal(refused: str) -> None:
    """Draw the error that was kept."""
    if refused in st.session_state:
        parts.error_card(st.session_state.pop(refused))


def _columns(maps: int, across: int) -> Iterator[st.delta_generator.DeltaGenerator]:
    for _ in range(math.ceil(maps / across)):
        yield from st.columns(min(maps, across), gap="small")
