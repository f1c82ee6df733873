"""Part of the page Hardware: what a link asks for that is not offered, and why; the page opens with something else."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

import streamlit as st

from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import literal


def pick(
    label: str,
    options: Sequence[str],
    *,
    name: str,
    names: Callable[[str], str],
    why: Callable[[str], str],
    default: str = "",
    **look: Any,
) -> str:
    """`url_state.pick`, with a sentence below it if the URL asks for what is not among the options.

    `default` is taken instead, by default the first option; `why` says why not. The sentence stays until another option
    is chosen.
    """
    asked = url_state.get(name)
    if asked not in options and default:
        url_state.put(name, default)
    chosen = url_state.pick(label, options, name=name, names=names, **look)
    replaced(label, name, asked, chosen, lambda each: each in options, why)
    return chosen


def replaced(
    what: str, name: str, asked: str, chosen: str, offered: Callable[[str], bool], why: Callable[[str], str]
) -> None:
    """Say that the URL asked for what is not offered, as long as what was chosen in its place stands there."""
    kept = f"unmet_{name}"
    if asked and not offered(asked):
        st.session_state[kept] = (asked, chosen)
    wanted, instead = st.session_state.get(kept, ("", ""))
    if wanted and instead == chosen and not offered(wanted):
        say(what, wanted, why(wanted))
    else:
        st.session_state.pop(kept, None)


def unknown(what: str, name: str, options: Container[str], why: str) -> None:
    """Say that the URL asks under `name` for what is not among the options, as long as it does."""
    asked = url_state.get(name)
    if asked and asked not in options:
        say(what, asked, why)


def say(what: str, asked: str, why: str) -> None:
    """One sentence: what was asked for, and why it is not offered."""
    st.caption(f":material/link_off: {what} {literal(asked, limit=80)} is not offered: {why}.")
