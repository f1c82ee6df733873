"""Learn from decisions in another process, so that no decision waits for it.

Beside the page a thread asks a companion; a command starts a process that outlives it.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from queue import SimpleQueue

from qlatent.companion import Companion, environment
from qlatent.errors import QlatentError
from qlatent.services.triage import learning
from qlatent.settings import settings
from qlatent.store.workspace import Workspace

WORKER = "qlatent.services.triage.learning_worker"

_log = logging.getLogger(__name__)
_companion = Companion(WORKER, name="learning from decisions", patience=2 * learning.PATIENCE)
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


def learn_apart(workspace: Workspace, queue: str) -> None:
    """Start a process that learns from the decisions of a queue, if there are enough new ones; returns at once.

    It goes on when this process ends, and ends at once if another is at it. What goes wrong is in the file beside the
    scores whose name ends in `.log`. QLATENT_LEARN_BESIDE=false switches it off.
    """
    if not settings().learn_beside or not learning.due(workspace, queue):
        return
    log = workspace.scores(queue).with_suffix(".log")
    try:
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", WORKER, str(workspace.path), queue], stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, start_new_session=True, env=environment(),
            )  # fmt: skip
    except OSError:
        _log.warning("could not start learning from the decisions of %s", queue, exc_info=True)
        return
    # reap the child, since a dead child stays a zombie until its parent waits for it
    threading.Thread(target=process.wait, name="reap the learning process", daemon=True).start()


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
