"""What stands around every page: the workspace, opened once, and cards for what goes wrong."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services import uploads
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.settings import settings
from qlatent.ui.shell import parts, server
from qlatent.ui.shell.formatting import literal

log = logging.getLogger("qlatent.app")
Function = TypeVar("Function", bound=Callable[..., Any])


server.ask_nobody()  # where `streamlit run app.py` started the server


@st.cache_resource(show_spinner="Opening the workspace…")
def _open(path: str) -> Workspace:
    uploads.sweep()
    return open_workspace(Path(path))


def serves_others() -> bool:
    """Whether other machines can reach this server: then nobody may name paths on this one."""
    return st.get_option("server.address") not in server.LOOPBACK


PAGES = (
    ("home", "Home", ":material/home:"),
    ("data", "Data", ":material/photo_library:"),
    ("train", "Train", ":material/model_training:"),
    ("explore", "Explore", ":material/scatter_plot:"),
    ("compare", "Compare", ":material/balance:"),
    ("circuits", "Circuits", ":material/hub:"),
    ("heads", "Heads", ":material/deployed_code:"),
)


def navigation() -> st.Page:
    """The page that the URL asks for, with all pages along the top."""
    pages = [
        st.Page(f"pages/{name}.py", title=title, icon=icon, default=name == "home")
        for name, title, icon in PAGES
    ]
    page = st.navigation(pages, position="top")
    st.session_state["framed"] = True
    return page


def workspace() -> Workspace:
    """The workspace of the settings, opened once a process; `StoreError` if it cannot be read.

    A freshly started server runs the file in `pages/` that a link names by itself, without `app.py`: then the
    navigation is declared here and the script runs again, within its frame.
    """
    if not st.session_state.get("framed"):
        navigation()
        st.rerun()
    return _open(str(settings().workspace.resolve()))


def notice() -> None:
    """Says above every page why nothing can be written, where that is so."""
    with suppress(QlatentError):  # a workspace that does not open is the page's to tell
        if problem := workspace().problem():
            st.warning(
                f"{literal(problem, limit=1000)} What is stored can be looked at; nothing new can be stored.",
                title="This workspace can only be read at present",
                icon=":material/lock:",
            )


@contextmanager
def guarded() -> Iterator[None]:
    """Show what goes wrong inside as a card: the person's errors as they are, ours as ours, and logged."""
    try:
        yield
    except QlatentError as err:
        parts.error_card(err)
    except Exception as err:
        log.exception("a page failed")
        parts.bug_card(err, "".join(traceback.format_exception(err)))


def panel(function: Function) -> Function:
    """A part of a page that answers by itself: a fragment whose errors become cards."""

    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with guarded():
            return function(*args, **kwargs)

    return st.fragment(inner)  # type: ignore[return-value]
