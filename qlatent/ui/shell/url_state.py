"""Keeps choices in the URL, so that a link reopens the view; the session only carries them from page to page.

Only short strings are kept here: arrays stay on disk, and in caches by id.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

NEW = "new"  # stands for the form of a new entry, in place of an id
MOMENT_SECONDS = 3.0
"""Two clicks within this time count as one."""
PAGES = ("home", "data", "train", "explore", "triage", "compare", "circuits", "heads", "hardware", "learn")


def get(name: str, default: str = "") -> str:
    """The choice called `name`: from the URL, else from the previous page."""
    if name in st.query_params:
        return st.query_params[name]
    return st.session_state.get(f"chosen_{name}", default)


def carried(name: str) -> str:
    """The choice as the session has it: in a fragment, since a second press comes with the URL of before the first."""
    return str(st.session_state.get(f"chosen_{name}", ""))


def put(name: str, value: object) -> None:
    """Store a choice in the URL and across pages; an empty value removes it."""
    text = "" if value is None else str(value)
    st.session_state[f"chosen_{name}"] = text
    if text:
        if st.query_params.get(name) != text:
            st.query_params[name] = text
    elif name in st.query_params:
        del st.query_params[name]


def complete(names: Sequence[str]) -> None:
    """Forget these choices where the URL does not have them: a link then opens what it says, and Back goes back."""
    for name in names:
        if name not in st.query_params:
            st.session_state[f"chosen_{name}"] = ""


def refuse_gone(name: str, there: Container[str], *, what: str) -> None:
    """Stop the page if the URL names an id that does not exist, instead of opening something else.

    If this tab had opened the id, it was removed meanwhile; the choice is then cleared, and a toast says so.
    """
    asked = st.query_params.get(name, "")
    if not asked or asked in there or asked == NEW:
        if asked in there:
            st.session_state[f"opened_{name}"] = asked
        return
    if asked == st.session_state.get(f"opened_{name}"):
        put(name, None)
        st.toast(f"The {what} that was open here was removed.", icon=":material/link_off:")
        return
    with st.container(border=True, gap="small"):
        st.markdown(f"### :material/link_off: This link names a {what} that does not exist here")
        st.caption("It was removed, or the link comes from another workspace:")
        st.code(asked, language=None)
        if st.button(
            "Show what exists here", type="primary", key=f"gone_{name}", icon=":material/arrow_forward:"
        ):
            put(name, None)
            st.rerun()
    st.stop()


def number(name: str, default: int | None = None) -> int | None:
    """The integer in the URL under `name`, or the default if it is not one."""
    try:
        return int(get(name))
    except ValueError:
        return default


def pick(
    label: str,
    options: Sequence[str],
    *,
    name: str,
    names: Callable[[str], str] = str,
    **look: Any,
) -> str:
    """A select box whose choice stands in the URL; the first option if the URL names an unknown one."""
    key = f"pick_{name}"
    current = get(name)
    chosen = current if current in options else options[0]
    st.session_state[key] = chosen

    def changed() -> None:
        put(name, st.session_state[key])

    look = {"filter_mode": "contains"} | look
    st.selectbox(label, options, format_func=names, key=key, on_change=changed, **look)
    put(name, chosen)
    return chosen


def switch(
    name: str,
    options: Mapping[str, str],
    *,
    label: str = "",
    default: str = "",
    forgets: Sequence[str] = (),
    **look: Any,
) -> str:
    """A segmented control whose choice stands in the URL; `options` maps URL values to labels.

    No label is shown if `label` is empty. Without a choice it is `default`, or the first option. Another choice removes
    those called `forgets`, which only the one before has.
    """
    key = f"switch_{name}"
    current = get(name)
    chosen = current if current in options else default or next(iter(options))
    st.session_state[key] = chosen

    def changed() -> None:
        put(name, st.session_state[key])
        for each in forgets:
            put(each, None)

    st.segmented_control(
        label or name.capitalize(),
        list(options),
        key=key,
        on_change=changed,
        required=True,
        format_func=lambda each: options[each],
        label_visibility="visible" if label else "collapsed",
        **look,
    )
    return chosen


def tabs(name: str, options: Mapping[str, str], *, key: str) -> dict[str, TabContainer]:
    """Tabs whose open one stands in the URL; `options` maps URL values to labels.

    Fill only the tab whose `.open` is true.
    """
    labels = list(options.values())
    if get(name) in options:
        st.session_state[key] = options[get(name)]
    elif st.session_state.get(key) not in labels:
        st.session_state[key] = labels[0]

    def changed() -> None:
        opened = st.session_state[key]
        put(name, next(each for each, label in options.items() if label == opened))

    return dict(zip(options, st.tabs(labels, key=key, on_change=changed), strict=True))


def table_key(name: str, shown: object) -> str:
    """A widget key for a table whose selection is `shown`; it changes when the selection came from elsewhere.

    A table keeps its own selection as long as its key stays; `table_says` records a choice made in the table.
    """
    turn = st.session_state.setdefault(f"{name}_turn", 0)
    if st.session_state.get(f"{name}_shows") != shown:
        turn = st.session_state[f"{name}_turn"] = turn + 1
        table_says(name, shown)
    return f"{name}_{turn}"


def table_says(name: str, shown: object) -> None:
    """Record that this selection was made in the table."""
    st.session_state[f"{name}_shows"] = shown


def form_token(name: str) -> str:
    """A token for one display of a form, so that a double click on its button starts one thing.

    A form shown `MOMENT_SECONDS` after its use gets a new token.
    """
    token, used = st.session_state.get(f"{name}_token", ("", 0.0))
    if not token or (used and time.time() - used > MOMENT_SECONDS):
        token = secrets.token_hex(8)
        st.session_state[f"{name}_token"] = (token, 0.0)
    return str(token)


def form_used(name: str) -> None:
    """Record that the form was submitted."""
    st.session_state[f"{name}_token"] = (form_token(name), time.time())


def go(page: str, **choices: str) -> None:
    """Switch to a page with these choices in the URL."""
    for name, value in choices.items():
        st.session_state[f"chosen_{name}"] = value
    kept = {name: value for name, value in choices.items() if value}
    st.switch_page(f"pages/{page}.py", query_params=kept)
