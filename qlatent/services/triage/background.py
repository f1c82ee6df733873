"""Learn from decisions beside the page: a thread asks a companion process, so that no decision waits for it."""

from __future__ import annotations

import logging
import threading
from queue import SimpleQueue

from qlatent.companion import Companion
from qlatent.errors import QlatentError
from qlatent.services.triage import learning
from qlatent.settings import settings
from qlatent.store.workspace import Workspace

PATIENCE = 600.0  # seconds; the evidence of a million items takes minutes

_log = logging.getLogger(__name__)
_companion = Companion(
    "qlatent.services.triage.learning_worker", name="learning from decisions", patience=PATIENCE
)
_asked: SimpleQueue[tuple[Workspace, str, bool]] = SimpleQueue()
_waiting: set[tuple[str, str]] = set()  # workspace and queue
_turn = threading.Lock()
_thread: threading.Thread | None = None


def learn_soon(workspace: Workspace, queue: str, *, always: bool = False) -> None:
    """Learn from the decisions of a queue, if there are enough new ones or `always`; returns at once.

    What goes wrong is in the app's log: decisions do not depend on it. QLATENT_LEARN_BESIDE=false switches it off.
    """
    global _thread
    if not settings().learn_beside:
        return
    key = (str(workspace.path), queue)
    with _turn:
        if key in _waiting and not always:
            return
        _waiting.add(key)
        _asked.put((workspace, queue, always))
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_work, name="learning from decisions", daemon=True)
            _thread.start()


def _work() -> None:
    while True:
        workspace, queue, always = _asked.get()
        with _turn:
            _waiting.discard((str(workspace.path), queue))
        try:
            if always or learning.due(workspace, queue):
                _companion.ask("learn", {"path": str(workspace.path), "queue": queue})
        except (QlatentError, RuntimeError, OSError):
            _log.warning("could not learn from the decisions of %s", queue, exc_info=True)
