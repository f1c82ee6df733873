"""A process beside this one that keeps a heavy library loaded and answers questions about it. Torch-free.

It starts on first use, serves one caller at a time, starts again after a crash, and ends with its parent. Requests and
replies are JSON, one line each. `Companion` is the side that asks, `serve` the side that answers.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from qlatent import errors
from qlatent.errors import QlatentError, UnavailableError

PATIENCE = 120.0
"""Timeout of a request in seconds; on two busy cores an import alone may take half a minute."""

_PACKAGE = Path(__file__).resolve().parents[1]
_TRIES = 2


def environment() -> dict[str, str]:
    """The environment of a process that runs a module of this package, wherever it was imported from."""
    paths = [str(_PACKAGE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, paths)))}


class Companion:
    """A process that runs a module which calls `serve`; `name` is what it is about, such as "Qiskit"."""

    def __init__(self, module: str, *, name: str, patience: float = PATIENCE) -> None:
        self.module, self.name, self.patience = module, name, patience
        self.process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._replies: SimpleQueue[bytes] = SimpleQueue()
        self._before_fork: list[
            Any
        ] = []  # kept alive: a thread that the child lacks may hold a lock of a pipe
        _all.add(self)

    def ask(self, task: str, arguments: dict[str, Any]) -> Any:
        """The response; raises the worker's `QlatentError`, or `RuntimeError` with its traceback for other errors."""
        request = json.dumps({"task": task, "arguments": arguments}).encode() + b"\n"
        if not self._turn.acquire(timeout=self.patience):
            raise self._silent()
        try:
            for _ in range(_TRIES):
                if reply := self._exchange(request):
                    return self._result(json.loads(reply))
        finally:
            self._turn.release()
        raise UnavailableError(
            f"The process that runs {self.name} ended {_TRIES} times without an answer.",
            remedy="See the log of the app for its last messages; too little memory is one possible reason.",
        )

    def close(self) -> None:
        """Ends the process; the next request starts a new one."""
        process, self.process = self.process, None
        if process is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()  # the worker exits at the end of its input
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def start_over(self) -> None:
        """Forgets the process in a forked child and closes the child's copies of the parent's pipes."""
        if process := self.process:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                os.dup2(nowhere, pipe.fileno())
            os.close(nowhere)
            process.returncode = 0  # the parent waits for it
            self._before_fork.append((process, self._turn, self._replies))
        self.process, self._turn, self._replies = None, threading.Lock(), SimpleQueue()

    def _exchange(self, request: bytes) -> bytes:
        """The worker's response line, or an empty line if it died before responding."""
        if self.process is None or self.process.poll() is not None:
            self.close()
            self._start()
        assert self.process is not None and self.process.stdin is not None
        try:
            self.process.stdin.write(request)
            self.process.stdin.flush()
            reply = self._replies.get(timeout=self.patience)
        except OSError:  # the pipe is broken
            reply = b""
        except Empty:
            self.process.kill()
            self.close()
            raise self._silent() from None
        if not reply:
            self.close()
        return reply

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            start_new_session=True,  # so that Ctrl-C reaches the parent only
        )
        self._replies = SimpleQueue()
        arguments = (self.process.stdout, self._replies)
        threading.Thread(
            target=_put_lines, args=arguments, name=f"replies of {self.module}", daemon=True
        ).start()

    def _result(self, reply: dict[str, Any]) -> Any:
        if "result" in reply:
            return reply["result"]
        if "bug" in reply:
            raise RuntimeError(f"The process that runs {self.name}:\n{reply['bug']}")
        raise getattr(errors, reply["error"])(reply["message"], remedy=reply["remedy"])

    def _silent(self) -> UnavailableError:
        return UnavailableError(
            f"The process that runs {self.name} did not answer within {self.patience:g} seconds.",
            remedy="Try again; it is restarted. A busy machine or one with little memory may need longer.",
        )


def serve(tasks: Mapping[str, Callable[..., Any]]) -> int:
    """Answers the requests of a `Companion` in the main thread, and exits as soon as its parent is gone."""
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # output of libraries must not mix with the replies
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        replies.write(json.dumps(_reply(tasks, requests.get())).encode() + b"\n")


def _listen(requests: SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)  # the parent is gone, and the main thread may be inside a library


def _reply(tasks: Mapping[str, Callable[..., Any]], line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line)
        return {"result": tasks[asked["task"]](**asked["arguments"])}
    except QlatentError as err:
        return {"error": type(err).__name__, "message": err.message, "remedy": err.remedy}
    except Exception:  # noqa: BLE001  (a bug: the parent raises it with this traceback)
        return {"bug": traceback.format_exc()}


def _put_lines(pipe: Any, replies: SimpleQueue[bytes]) -> None:
    """Puts each line into a queue, and an empty line at the end; not every platform can read a pipe with a timeout."""
    with pipe:
        for line in pipe:
            replies.put(line)
    replies.put(b"")


def _each(done: Callable[[Companion], None]) -> None:
    for companion in list(_all):
        done(companion)


_all: weakref.WeakSet[Companion] = weakref.WeakSet()
atexit.register(_each, Companion.close)
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=lambda: _each(Companion.start_over))
