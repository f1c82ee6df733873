"""Gets the server ready for its first visitor, and keeps garbage collection away from what stays loaded.

After every run of a page Streamlit collects all garbage, which passes over every object of every loaded library: 0.2 s
for each press of a button. Objects that are frozen are not passed over.
"""

from __future__ import annotations

import gc
import importlib
import logging
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from qlatent.settings import settings

FIRST = ("lancedb", "qlatent.ui.shell.page", "qlatent.ui.triage.work", "qlatent.layout.plane")
"""What the first visitor would wait for."""
FOR_A_CLASS = ("qlatent.heads.arrays",)
"""What the first trained circuit of a lesson needs, for which a whole class would wait at once."""

_log = logging.getLogger(__name__)
_turn = threading.Lock()
_frozen: int | None = None  # modules when objects were last frozen; None where no server runs


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Load libraries before the first visitor is served; from then on what is loaded is frozen.

    They are loaded in the main thread. Beside a page that imports the same modules, one of the two would get a module
    that is not complete.
    """
    global _frozen
    _frozen = 0
    _load()
    yield {}


@contextmanager
def settled() -> Iterator[None]:
    """Freeze what was loaded by what is done inside. In a process that serves nothing, as in tests, does nothing."""
    try:
        yield
    finally:
        _freeze()


def _load() -> None:
    for name in (*FIRST, *(FOR_A_CLASS if settings().classes_only else ())):
        try:
            importlib.import_module(name)
        except (ImportError, OSError):  # the page that needs it says what is wrong
            _log.warning("could not load %s", name, exc_info=True)
    _freeze()


def _freeze() -> None:
    """Freeze all objects if modules were loaded since; the few that become garbage later stay in memory."""
    global _frozen
    with _turn:
        loaded = len(sys.modules)
        if _frozen is None or loaded == _frozen:
            return
        _frozen = loaded
        gc.collect()
        gc.freeze()
