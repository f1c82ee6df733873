"""Run Qiskit in a subprocess: circuit exports and device noise, usable from any thread. Torch-free.

If Qiskit 2.6.2 is first imported in a thread that ends, its use in another thread crashes the process, and a web server
handles each visit in such a thread. So only `qiskit_worker` imports it: a subprocess that starts on first use, restarts
after a crash, and ends with its parent.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from qlatent import errors
from qlatent.circuits.circuit import Circuit
from qlatent.circuits.noise import NoiseConfig
from qlatent.errors import UnavailableError

PATIENCE = 120.0
"""Timeout of a request in seconds; on two busy cores the import alone may take half a minute."""

_PACKAGE = Path(__file__).resolve().parents[2]
_TRIES = 2


def exported(circuit: Circuit, format: Literal["qasm3", "qpy"], inputs: ArrayLike | None = None) -> bytes:
    """The circuit as OpenQASM 3 (UTF-8) or QPY with symbolic angles; `inputs` (inputs,) are bound if given.

    Raises `UnavailableError` if Qiskit is not installed, or its process times out or crashes twice.
    """
    row = None if inputs is None else np.asarray(inputs, dtype=float).tolist()
    text: str = ask(format, circuit=circuit.to_json(), inputs=row)
    return base64.b64decode(text) if format == "qpy" else text.encode()


def devices() -> list[str]:
    """Names of devices with a noise snapshot; `UnavailableError` without qiskit-ibm-runtime."""
    found: list[str] = ask("devices")
    return found


def device_noise(name: str) -> NoiseConfig:
    """The noise of a device, from `snapshots.noise`."""
    return NoiseConfig(**ask("noise", name=name))


def ask(task: str, **arguments: Any) -> Any:
    """The worker's response to a task; arguments and response are JSON."""
    return _helper.ask(task, arguments)


class Helper:
    """A worker process that serves one caller at a time; others wait up to `patience` seconds."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._replies: SimpleQueue[bytes] = SimpleQueue()

    def ask(self, task: str, arguments: dict[str, Any]) -> Any:
        """The response; raises the worker's `QlatentError`, or `RuntimeError` with its traceback for other errors."""
        request = json.dumps({"task": task, "arguments": arguments}).encode() + b"\n"
        if not self._turn.acquire(timeout=self.patience):
            raise _silent(self.patience)
        try:
            for _ in range(_TRIES):
                if reply := self._exchange(request):
                    return _result(json.loads(reply))
        finally:
            self._turn.release()
        raise UnavailableError(
            f"The process that runs Qiskit ended {_TRIES} times without an answer.",
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
            raise _silent(self.patience) from None
        if not reply:
            self.close()
        return reply

    def _start(self) -> None:
        paths = [str(_PACKAGE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qlatent.hardware.qiskit_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, paths)))},
            start_new_session=True,  # so that Ctrl-C reaches the parent only
        )
        self._replies = SimpleQueue()
        threading.Thread(
            target=_listen, args=(self.process.stdout, self._replies), name="qiskit-replies", daemon=True
        ).start()


def _listen(pipe: Any, replies: SimpleQueue[bytes]) -> None:
    """Puts each line into a queue, and an empty line at the end; not every platform can read a pipe with a timeout."""
    with pipe:
        for line in pipe:
            replies.put(line)
    replies.put(b"")


def _result(reply: dict[str, Any]) -> Any:
    if "result" in reply:
        return reply["result"]
    if "bug" in reply:
        raise RuntimeError(f"Qiskit's process:\n{reply['bug']}")
    raise getattr(errors, reply["error"])(reply["message"], remedy=reply["remedy"])


def _silent(seconds: float) -> UnavailableError:
    return UnavailableError(
        f"Qiskit did not answer within {seconds:g} seconds.",
        remedy="Try again; its process is restarted. A busy machine or one with little memory may need longer.",
    )


def _start_over() -> None:
    """Resets the helper in a forked child and closes its copies of the parent's pipes."""
    global _helper
    if process := _helper.process:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            os.dup2(nowhere, pipe.fileno())
        os.close(nowhere)
        process.returncode = 0  # the parent waits for it
        _parents.append(_helper)
    _helper = Helper(patience=_helper.patience)


_helper = Helper()
_parents: list[Helper] = []  # kept alive: a thread that the child lacks may hold a lock of a pipe
atexit.register(lambda: _helper.close())
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_start_over)
