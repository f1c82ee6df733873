"""Puts a point map on a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from qlatent.ui.latent_map.point_map import events, message
from qlatent.ui.latent_map.point_map.delivery import PREFIX, SHELF, as_json
from qlatent.ui.latent_map.point_map.events import PointMapEvent
from qlatent.ui.latent_map.point_map.source import loader, script, style
from qlatent.ui.latent_map.point_map.spec import PointMap

HTML = '<div class="pm-place"></div>'
_WHOLE = st.components.v2.component("qlatent_point_map", html=HTML, css=style(), js=script())
_SERVED = st.components.v2.component("qlatent_point_map_served", html=HTML, css=style(), js=loader(PREFIX))
TRIGGERS = ("lasso", "clicked", "cleared", "hovered", "unreached")


def point_map(
    spec: PointMap, *, key: str, height: int = 560, on_event: Callable[[PointMapEvent], None] | None = None
) -> PointMapEvent:
    """Draw a map; returns what a person did on it since the last run, and how it stands.

    `on_event` is called with each thing that happened before the script runs again, as Streamlit's callbacks are; how
    the map stood earlier is not told again. Bytes are sent once:
    by the route of `serve.py`, or in the message where there is no route.
    """

    def happened(name: str) -> None:
        event = events.only(events.read(st.session_state[key]), name)
        if event.hovered is not None:
            st.session_state[f"{key}_card"] = event.hovered
        if on_event is not None:
            on_event(event)

    def unreached() -> None:
        st.session_state[_inline(key)] = True

    calls: dict[str, Any] = {
        f"on_{name}_change": partial(happened, name) for name in (*events.STATES, *TRIGGERS)
    }
    calls["on_unreached_change"] = unreached
    heard = events.heard(st.session_state.get(key) or {})
    data: dict[str, Any] | bytes
    if SHELF.served and not st.session_state.get(_inline(key)):
        mount, data = _SERVED, message.served(spec, height=height) | {"heard": heard}
    else:
        asked = st.session_state.get(f"{key}_card")
        mount, data = _WHOLE, message.packed(spec, height=height, more={"heard": heard, **_card(spec, asked)})
    return events.read(mount(key=key, data=data, **calls))


def _inline(key: str) -> str:
    return f"{key}_inline"


def _card(spec: PointMap, row: int | None) -> dict[str, Any]:
    """The card that the browser asked for, where it cannot fetch it."""
    if spec.cards is None:
        return {}
    if row is None or not 0 <= row < spec.points:
        return {"asks": True}
    return {"asks": True, "card": {"row": row, **as_json(spec.cards.card(row))}}
