"""The parts that pages are made of: title, badge, empty state, error card, item card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services import demo
from qlatent.services.datasets.csv_text import csv_of
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import cut, literal

STATES: dict[str, tuple[str, Any, str]] = {
    "queued": ("Queued", "gray", ":material/schedule:"),
    "running": ("Running", "blue", ":material/play_circle:"),
    "stopped": ("Stopped", "orange", ":material/pause_circle:"),
    "finished": ("Finished", "green", ":material/check_circle:"),
    "failed": ("Failed", "red", ":material/error:"),
    "interrupted": ("Interrupted", "orange", ":material/power_off:"),
}
TEXT_LIMIT = 600
LONG, LIST_HEIGHT = 7, 246  # lists of so many rows scroll within so many pixels

MARK = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 32" width="{width}" height="32">
<g fill="none" stroke="{accent}" stroke-width="1.6"><circle cx="16" cy="16" r="12.6"/>
<ellipse cx="16" cy="16" rx="12.6" ry="4.6" opacity=".55"/></g>
<path d="M16 16 L22.6 8.2" stroke="{accent}" stroke-width="1.8" stroke-linecap="round"/>
<circle cx="22.8" cy="8" r="2.9" fill="#E69F00"/><circle cx="16" cy="16" r="1.7" fill="{accent}"/>
{word}</svg>"""
WORD = (
    '<text x="38" y="22.4" font-family="system-ui,sans-serif" font-size="19" font-weight="650" '
    'letter-spacing="-.3" fill="{ink}">qlatent</text>'
)


def window() -> None:
    """Title and icon of the browser tab; the icon is drawn here, so nothing is fetched for it."""
    icon = MARK.format(width=32, accent="#5A6BE0", word="")
    st.set_page_config(page_title="qlatent", page_icon=icon, layout="wide")


def logo() -> None:
    """The mark and the name, in the colours of the theme that the browser shows."""
    dark = st.context.theme.type == "dark"
    accent, ink = ("#A3B0FF", "#E7EAF2") if dark else ("#3F51C7", "#1C2130")
    word = WORD.format(ink=ink)
    st.logo(MARK.format(width=112, accent=accent, word=word), size="medium")


def title(text: str, caption: str) -> None:
    """The head of a page: what it is and, in one line, what can be done here."""
    st.title(text, anchor=False)
    st.caption(caption)


def name(text: str) -> None:
    """The name that somebody gave to a thing, as the head of its card."""
    st.subheader(literal(text, limit=60), anchor=False, width="content")


def badge(run_state: str) -> None:
    """The state of a run, as word, colour and icon."""
    word, colour, icon = STATES.get(run_state, (run_state.capitalize(), "gray", ":material/help:"))
    st.badge(word, color=colour, icon=icon)


def empty(heading: str, text: str, *, icon: str, to: str = "", button: str = "") -> None:
    """What is shown where nothing is yet: why, and the button that leads on."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("xsmall")
        st.markdown(f"### {icon} {heading}", width="content")
        st.caption(text, width="content", text_alignment="center")
        if to and st.button(button, type="primary", key=f"empty_{to}", icon=":material/arrow_forward:"):
            url_state.go(to)
        st.space("xsmall")


def error_card(err: QlatentError) -> None:
    """What went wrong in the person's own terms, and what to do next."""
    body = literal(err.remedy, limit=2000) or "Nothing was changed."
    st.error(body, title=literal(err.message, limit=2000), icon=":material/error:")


def bug_card(err: Exception, trace: str) -> None:
    """Our fault: said plainly, with the traceback for whoever reports it."""
    st.error(
        "It was written to the log. Reloading the page may help; what is stored is not affected.",
        title="Something went wrong in qlatent",
        icon=":material/bug_report:",
    )
    with st.expander(f"Details: {type(err).__name__}", icon=":material/code:"):
        st.code(trace, language=None)


def beyond_builtin(encoder: str | None, dataset: str | None) -> None:
    """A warning where vectors of the built-in encoder stand for items that it has never learned."""
    said = demo.beyond_builtin(encoder, dataset)
    if said:
        st.warning(said, icon=":material/visibility_off:")


def rows_csv(table: pd.DataFrame, file: str, *, key: str) -> None:
    """The button that downloads a table's rows; a table's own export would write formulas, and is switched off."""
    st.download_button(
        "These rows (CSV)", lambda: csv_of(table).encode(), file, "text/csv", key=key, icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def foreign(text: str | None, *, limit: int = TEXT_LIMIT) -> None:
    """A text that somebody brought, letter by letter: never read as Markdown or HTML."""
    if text:
        st.text(cut(text, limit=limit))


def labels(words: Sequence[str | None]) -> None:
    """Short foreign words as grey badges in a row."""
    shown = [word for word in words if word]
    if shown:
        with st.container(horizontal=True, gap="xsmall"):
            for word in shown:
                st.badge(literal(word, limit=40), color="gray")
