"""What is chosen lives in the URL, so that a link reopens the view; the session only bridges page switches.

Nothing but short strings is kept here: arrays stay on disk and in caches by id.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

NEW = "new"  # in place of an id: the form of a new one
MOMENT_SECONDS = 3.0
"""Two clicks within this time are one."""
PAGES = ("home", "data", "train", "explore", "compare", "circuits", "heads")


def get(name: str, default: str = "") -> str:
    """The choice called `name`: from the URL, else as it was on the page before."""
    if name in st.query_params:
        return st.query_params[name]
    return st.session_state.get(f"chosen_{name}", default)


def put(name: str, value: object) -> None:
    """Remember a choice in the URL and across pages; an empty one is forgotten."""
    text = "" if value is None else str(value)
    st.session_state[f"chosen_{name}"] = text
    if text:
        if st.query_params.get(name) != text:
            st.query_params[name] = text
    elif name in st.query_params:
        del st.query_params[name]


def refuse_gone(name: str, there: Container[str], *, what: str) -> None:
    """Stop the page where a link names an id that is not there, instead of opening something else.

    An id that this tab has opened before was removed meanwhile, and gives way without a word.
    """
    asked = st.query_params.get(name, "")
    if not asked or asked in there or asked == NEW:
        if asked in there:
            st.session_state[f"opened_{name}"] = asked
        return
    if asked == st.session_state.get(f"opened_{name}"):
        put(name, None)
        return
    with st.container(border=True, gap="small"):
        st.markdown(f"### :material/link_off: This link leads to a {what} that is not here")
        st.caption("It was removed, or the link was made in another workspace:")
        st.code(asked, language=None)
        if st.button(
            "Show what is here", type="primary", key=f"gone_{name}", icon=":material/arrow_forward:"
        ):
            put(name, None)
            st.rerun()
    st.stop()


def number(name: str, default: int | None = None) -> int | None:
    """The whole number in the URL under `name`, or the default if it is none."""
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
    """A select box whose choice is the URL's; an id that is not there any more gives way to the first one."""
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


def switch(name: str, options: Mapping[str, str], *, label: str = "", **look: Any) -> str:
    """A segmented control whose choice is the URL's; `options` maps what stands in the URL to words.

    Without a label none is shown.
    """
    key = f"switch_{name}"
    current = get(name)
    chosen = current if current in options else next(iter(options))
    st.session_state[key] = chosen

    def changed() -> None:
        put(name, st.session_state[key])

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
    """Tabs of which the URL says which one is open; `options` maps what stands in the URL to words.

    Only the open one is worth filling: `.open` of each tells.
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
    """A key for a table whose selection is `shown`: a new one whenever that came from elsewhere than the table.

    A table keeps its own selection as long as its key stays; `table_says` tells of a choice made in it.
    """
    turn = st.session_state.setdefault(f"{name}_turn", 0)
    if st.session_state.get(f"{name}_shows") != shown:
        turn = st.session_state[f"{name}_turn"] = turn + 1
        table_says(name, shown)
    return f"{name}_{turn}"


def table_says(name: str, shown: object) -> None:
    """The table itself was used to choose this."""
    st.session_state[f"{name}_shows"] = shown


def form_token(name: str) -> str:
    """Stands for one showing of a form: clicked twice within a moment its button means one thing.

    A form that is shown a moment after it was used is another one.
    """
    token, used = st.session_state.get(f"{name}_token", ("", 0.0))
    if not token or (used and time.time() - used > MOMENT_SECONDS):
        token = secrets.token_hex(8)
        st.session_state[f"{name}_token"] = (token, 0.0)
    return str(token)


def form_used(name: str) -> None:
    """What the form asks for has been done."""
    st.session_state[f"{name}_token"] = (form_token(name), time.time())


def go(page: str, **choices: str) -> None:
    """Switch to a page with these choices in the URL."""
    for name, value in choices.items():
        st.session_state[f"chosen_{name}"] = value
    kept = {name: value for name, value in choices.items() if value}
    st.switch_page(f"pages/{page}.py", query_params=kept)
