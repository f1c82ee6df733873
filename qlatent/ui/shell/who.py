"""Who uses this browser tab: the name from sign-in, else one that was typed, else that of the installation.

Sign-in is set up in `.streamlit/secrets.toml`, see docs/teams.md.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from qlatent import actors
from qlatent.ui.shell.formatting import literal

NAME = "triage_name"
"""Where the session keeps a typed name; a link does not carry it, so that nobody acts in another's name."""


def name() -> str:
    """The name of whoever uses this browser tab; what is made in this thread is made in it."""
    found = signed_in() or str(st.session_state.get(NAME, "")).strip()
    actors.act_as(found)
    return found or actors.own_name()


def signed_in() -> str:
    """The address, else the name, that the sign-in says; "" where nobody is signed in."""
    user: Any = st.user
    if not user.get("is_logged_in"):
        return ""
    return str(user.get("email") or user.get("name") or user.get("sub") or "")


def providers() -> list[str]:
    """Where one can sign in: "" for the one that is set up without a name, none where sign-in is not set up."""
    if not st.secrets.load_if_toml_exists() or "auth" not in st.secrets:
        return []
    given = st.secrets["auth"]
    named = [key for key, value in given.items() if hasattr(value, "items") and "client_id" in value]
    return ([""] if "client_id" in given else []) + named


def may_enter() -> bool:
    """Whether nobody has to sign in here, or somebody has."""
    return not providers() or bool(signed_in())


def let_in() -> None:
    """Where sign-in is set up, show nothing but it until somebody has signed in."""
    if may_enter():
        return
    st.title("Sign in")
    st.caption("What you make and decide here stands under your name.")
    for provider in providers():
        label = f"Sign in with {literal(provider)}" if provider else "Sign in"
        st.button(
            label, key=f"sign_in_{provider}", type="primary", on_click=st.login, args=(provider or None,)
        )
    st.stop()


def sign_out() -> None:
    """A button that signs out, where somebody is signed in."""
    if signed_in():
        st.button("Sign out", key="sign_out", icon=":material/logout:", on_click=st.logout)
