"""Parts that several pages use: title, badge, empty state, error card, download button."""

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
LONG, LIST_HEIGHT = 7, 246  # lists of `LONG` rows or more scroll within `LIST_HEIGHT` pixels

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
    """Set title and icon of the browser tab; the icon is inline SVG, so nothing is fetched."""
    icon = MARK.format(width=32, accent="#5A6BE0", word="")
    st.set_page_config(page_title="qlatent", page_icon=icon, layout="wide")


DARK_BUTTONS = """<style>
[data-testid^="stBaseButton-primary"]:not(:disabled) { color: #0F121A; }
</style>"""
"""White on the accent of the dark theme has a contrast of 3.7, this 5."""


def logo() -> None:
    """Show the logo in the colours of the browser's theme."""
    dark = st.context.theme.type == "dark"
    if dark:
        st.html(DARK_BUTTONS)
    accent = "#A3B0FF" if dark else "#3F51C7"
    word = WORD.format(ink=ink())
    st.logo(MARK.format(width=112, accent=accent, word=word), size="medium")


def ink() -> str:
    """The colour of texts in the browser's theme, for figures in which Streamlit would draw them grey."""
    return "#E7EAF2" if st.context.theme.type == "dark" else "#141824"


def title(text: str, caption: str) -> None:
    """The title of a page and one line that says what it is for."""
    st.title(text, anchor=False)
    st.caption(caption)


def name(text: str) -> None:
    """A name given by a user, as the heading of a card."""
    st.subheader(literal(text, limit=60), anchor=False, width="content")


def badge(run_state: str) -> None:
    """The state of a run as a coloured badge with an icon."""
    word, colour, icon = STATES.get(run_state, (run_state.capitalize(), "gray", ":material/help:"))
    st.badge(word, color=colour, icon=icon)


def empty(heading: str, text: str, *, icon: str, to: str = "", button: str = "") -> None:
    """The placeholder of an empty page: the reason, and a button that leads to the next step."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("xsmall")
        st.markdown(f"### {icon} {heading}", width="content")
        st.caption(text, width="content", text_alignment="center")
        if to and st.button(button, type="primary", key=f"empty_{to}", icon=":material/arrow_forward:"):
            url_state.go(to)
        st.space("xsmall")


def error_card(err: QlatentError) -> None:
    """An error as a card: what went wrong, and what to do about it."""
    body = literal(err.remedy, limit=2000) or "Nothing was changed."
    st.error(body, title=literal(err.message, limit=2000), icon=":material/error:")


def bug_card(err: Exception, trace: str) -> None:
    """A bug of qlatent as a card, with the traceback for a report."""
    st.error(
        "The error is in the log. Reloading the page may help; stored data is not affected.",
        title="Something went wrong in qlatent",
        icon=":material/bug_report:",
    )
    with st.expander(f"Details: {type(err).__name__}", icon=":material/code:"):
        st.code(trace, language=None)


def beyond_builtin(encoder: str | None, dataset: str | None) -> None:
    """Warn if the built-in encoder's vectors represent items unlike those it was trained on."""
    warning = demo.beyond_builtin(encoder, dataset)
    if warning:
        st.warning(warning, icon=":material/visibility_off:")


def rows_csv(table: pd.DataFrame, file: str, *, key: str) -> None:
    """A button that downloads a table as CSV; the table's own export is switched off because it keeps formulas."""
    st.download_button(
        "Download rows (CSV)", lambda: csv_of(table).encode(), file, "text/csv", key=key, icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def foreign(text: str | None, *, limit: int = TEXT_LIMIT) -> None:
    """Imported text, shown verbatim: never interpreted as Markdown or HTML."""
    if text:
        st.text(cut(text, limit=limit))


def labels(words: Sequence[str | None]) -> None:
    """Short imported texts as grey badges in a row."""
    shown = [word for word in words if word]
    if shown:
        with st.container(horizontal=True, gap="xsmall"):
            for word in shown:
                st.badge(literal(word, limit=40), color="gray")
