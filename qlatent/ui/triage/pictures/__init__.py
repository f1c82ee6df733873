"""Component that shows pictures blurred until a click or a key reveals them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
_PICTURES = st.components.v2.component(
    "qlatent_triage_pictures",
    html='<div class="pictures"></div>',
    css=(HERE / "pictures.css").read_text(encoding="utf-8"),
    js=(HERE / "pictures.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as a data URI ("" for none), with what it shows in words; texts are shown as they are."""

    src: str
    alt: str
    title: str = ""
    note: str = ""
    badge: str = ""
    colour: str = "gray"
    opens: str = ""  # the item that a click on its title opens


def pictures(
    shown: Sequence[Picture],
    *,
    of: str,
    blurred: bool,
    key: str,
    on_open: Callable[[str], None] | None = None,
) -> None:
    """Draw the pictures of a case `of`: with titles as tiles, else the first one large and the others as a strip.

    Another case, or another `blurred`, draws them anew. A click on a picture reveals it; `on_open` receives the item
    of a title that was clicked.
    """

    def opened() -> None:
        item = st.session_state[key].get("opened")
        if on_open and item:
            on_open(str(item))

    data = {"of": of, "blurred": blurred, "pictures": [asdict(each) for each in shown]}
    _PICTURES(key=key, data=data, on_opened_change=opened)
