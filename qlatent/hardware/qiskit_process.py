"""Qiskit in a process of its own: exports of circuits and the noise of devices, from any thread. Torch-free.

Qiskit 2.6.2, imported for the first time in a thread that ends, kills the process when another thread uses it, and a
web server runs each visit in such a thread. So nothing but `qiskit_worker` imports it: a helper process, started when
it is first needed, begun anew when it died, gone when its parent is.
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
"""Seconds until an answer must be there; on two busy cores the import alone may take half a minute."""

_PACKAGE = Path(__file__).resolve().parents[2]
_TRIES = 2


def exported(circuit: Circuit, format: Literal["qasm3", "qpy"], inputs: ArrayLike | None = None) -> bytes:
    """OpenQASM 3 (UTF-8) or QPY of the circuit, its angles open; `inputs` (inputs,) are bound if they are given.

    `UnavailableError` if Qiskit is not installed, its process does not answer, or it dies twice.
    """
    row = None if inputs is None else np.asarray(inputs, dtype=float).tolist()
    text: str = ask(format, circuit=circuit.to_json(), inputs=row)
    return base64.b64decode(text) if format == "qpy" else text.encode()


def devices() -> list[str]:
    """Devices with a snapshot of their noise; `UnavailableError` without qiskit-ibm-runtime."""
    found: list[str] = ask("devices")
    return found


def device_noise(name: str) -> NoiseConfig:
    """`snapshots.noise` of a device."""
    return NoiseConfig(**ask("noise", name=name))


def ask(task: str, **arguments: Any) -> Any:
    """The worker's answer to one of its tasks; arguments and answer are JSON."""
    return _helper.ask(task, arguments)


class Helper:
    """One worker process, for one caller at a time; others wait for `patience` seconds at most."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._replies: SimpleQueue[bytes] = SimpleQueue()

    def ask(self, task: str, arguments: dict[str, Any]) -> Any:
        """The answer; a `QlatentError` of the worker is raised here, a bug as a `RuntimeError` with its traceback."""
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
            remedy="Look at the log of the app for its last words; too little memory is one reason.",
        )

    def close(self) -> None:
        """End the process; the next question starts another."""
        process, self.process = self.process, None
        if process is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()  # it ends by itself
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _exchange(self, request: bytes) -> bytes:
        """The worker's line, empty if it died before it wrote one."""
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
            start_new_session=True,  # Ctrl-C in the terminal is for the parent
        )
        self._replies = SimpleQueue()
        threading.Thread(
            target=_listen, args=(self.process.stdout, self._replies), name="qiskit-replies", daemon=True
        ).start()


def _listen(pipe: Any, replies: SimpleQueue[bytes]) -> None:
    """Every line as it comes, and an empty one at the end: a pipe cannot be read with a time limit everywhere."""
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
        remedy="Try again: its process is started anew. A machine that is busy or short of memory may need longer.",
    )


def _start_over() -> None:
    """In a forked child: the process is the parent's, and so are the pipes to it, which no copy may hold open."""
    global _helper
    if process := _helper.process:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            os.dup2(nowhere, pipe.fileno())
        os.close(nowhere)
        process.returncode = 0  # not ours to wait for
        _parents.append(_helper)
    _helper = Helper(patience=_helper.patience)


_helper = Helper()
_parents: list[Helper] = []  # kept: a lock of a pipe may be held by a thread that the child does not have
atexit.register(lambda: _helper.close())
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_start_over)
