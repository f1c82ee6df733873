"""Opens the workspace for a page, declares the navigation, and shows errors as cards."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services import uploads
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.settings import settings
from qlatent.ui.shell import parts, server, who
from qlatent.ui.shell.formatting import literal

log = logging.getLogger("qlatent.app")
Function = TypeVar("Function", bound=Callable[..., Any])


server.use_local_addresses()  # where `streamlit run app.py` started the server


@st.cache_resource(show_spinner="Opening the workspace…")
def _open(path: str) -> Workspace:
    uploads.sweep()
    return open_workspace(Path(path))


def serves_others() -> bool:
    """Whether other machines can reach this server; if so, paths on this machine cannot be imported."""
    return st.get_option("server.address") not in server.LOOPBACK


PAGES = (
    ("home", "Home", ":material/home:"),
    ("data", "Data", ":material/photo_library:"),
    ("train", "Train", ":material/model_training:"),
    ("explore", "Explore", ":material/scatter_plot:"),
    ("triage", "Triage", ":material/fact_check:"),
    ("compare", "Compare", ":material/balance:"),
    ("circuits", "Circuits", ":material/hub:"),
    ("heads", "Heads", ":material/deployed_code:"),
    ("hardware", "Hardware", ":material/developer_board:"),
    ("learn", "Learn", ":material/school:"),
)


def navigation(counted: Mapping[str, Callable[[], int]] | None = None, *, shown: bool = True) -> st.Page:
    """The page that the URL names; all pages are listed in the top bar, with what is new on them as `counted` tells.

    A server of classes has the page Learn alone, and no bar. Without `shown` the bar is hidden, before sign-in.
    """
    st.session_state["navigation_declared"] = True
    if settings().classes_only:
        learn = st.Page("pages/learn.py", title="Learn")
        start = st.Page(
            lambda: st.switch_page(learn, query_params=st.query_params), title="qlatent", default=True
        )
        return st.navigation([start, learn], position="hidden")
    pages = [
        st.Page(f"pages/{name}.py", title=_titled(title, (counted or {}).get(name)), icon=icon, default=name == "home")
        for name, title, icon in PAGES
    ]  # fmt: skip
    return st.navigation(pages, position="top" if shown else "hidden")


def _titled(title: str, counted: Callable[[], int] | None) -> str:
    count = 0
    if counted:
        with suppress(QlatentError):  # the page itself shows what is wrong
            count = counted()
    return f"{title} ({count})" if count else title


def workspace() -> Workspace:
    """The workspace named in the settings, opened once per process; `StoreError` if it cannot be read.

    A freshly started server runs the file in `pages/` that a link names directly, without `app.py`. In that case the
    navigation is declared here and the script runs again.
    """
    if not st.session_state.get("navigation_declared"):
        navigation()
        st.rerun()
    if not settings().classes_only:
        who.let_in()  # a page may run without app.py, as above
    who.name()  # what is made from here on is made in it
    return _open(str(settings().workspace.resolve()))


def notice() -> None:
    """Show above every page why the workspace is read-only, if it is."""
    with suppress(QlatentError):  # the page itself shows why a workspace does not open
        if problem := workspace().problem():
            st.warning(
                f"{literal(problem, limit=1000)} You can look at stored data, but nothing new can be stored.",
                title="This workspace is read-only at present",
                icon=":material/lock:",
            )


@contextmanager
def guarded() -> Iterator[None]:
    """Show an error raised inside as a card: a `QlatentError` with its remedy, any other with its traceback."""
    try:
        yield
    except QlatentError as err:
        parts.error_card(err)
    except Exception as err:
        log.exception("a page failed")
        parts.bug_card(err, "".join(traceback.format_exception(err)))


def fragment(function: Function) -> Function:
    """Make a function a Streamlit fragment whose errors are shown as cards."""

    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with guarded():
            return function(*args, **kwargs)

    return st.fragment(inner)  # type: ignore[return-value]
