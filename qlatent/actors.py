"""Whose name stands beside what is made: decisions, runs and collections."""

from __future__ import annotations

import getpass
from contextvars import ContextVar

from qlatent.settings import settings

_acting: ContextVar[str] = ContextVar("acting", default="")


def own_name() -> str:
    """The name set by `act_as`, else `QLATENT_USER`, else that of the account on this machine, "" if it has none."""
    return _acting.get() or settings().user.strip() or _account()


def act_as(name: str) -> None:
    """Make things in this name, in this thread; "" ends it."""
    _acting.set(name)


def others(owner: str) -> str:
    """The owner of something, if that is somebody else; "" for one's own, and where it is not known."""
    return owner if owner != own_name() else ""


def _account() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may run under a number without a name
        return ""
