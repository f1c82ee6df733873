"""`python -m qlatent.hardware.ibm.broker`: the process that holds the key of one browser session. Torch-free.

It reads the key from its input, answers requests at a socket that only this user can reach, and ends when its input
ends (the app is gone, or the key is forgotten), with its parent, or by SIGTERM; then its folder is removed. The key is
in the memory of this process and nowhere else: not in its arguments, environment, files, replies or log. `brokered.py`
is the side that asks.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection as Channel
from multiprocessing.connection import Listener
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from qlatent.circuits.circuit import Circuit
from qlatent.errors import BusyError, QlatentError
from qlatent.hardware.clock import Clock
from qlatent.hardware.ibm import account, devices, messages
from qlatent.hardware.ibm.access import Access, redacted
from qlatent.hardware.ibm.brokered import AUTH, READY, SOCKET
from qlatent.hardware.ibm.connection import Connection
from qlatent.hardware.ibm.runner import IbmRunner
from qlatent.hardware.ibm.submitting import Submitter

Reply = tuple[dict[str, Any], dict[str, np.ndarray]]
_LOOK = 2.0  # seconds between two looks whether the parent is there


class Broker:
    """Answers requests with the key; each returns a document and arrays."""

    def __init__(self, access: Access, url: str) -> None:
        self._access = access
        self._connection = Connection(access, url=url)
        self._submitter = Submitter(self._connection, Clock())
        self._runners: dict[str, IbmRunner] = {}
        self._tasks: dict[str, Callable[..., Any]] = {
            "instances": lambda: [asdict(each) for each in self._connection.instances],
            "account": self._account,
            "devices": lambda: [asdict(each) for each in devices.listed(self._connection)],
            "device": self._device,
        }

    def reply(self, data: bytes) -> bytes:
        """The message that answers a message; errors are told without the key."""
        try:
            asked, arrays = messages.unpacked(data)
            document, answer = self._answer(asked, arrays)
            return messages.packed({"result": document}, answer)
        except QlatentError as err:
            told = {"error": type(err).__name__, "message": err.message, "remedy": err.remedy}
            safe: dict[str, Any] = {name: self._safe(text) for name, text in told.items()}
            return messages.packed(safe | ({"seconds": err.seconds} if isinstance(err, BusyError) else {}))
        except Exception:  # noqa: BLE001 - a bug: the side that asks raises it with this traceback
            return messages.packed({"bug": self._safe(traceback.format_exc())})

    def _answer(self, asked: dict[str, Any], arrays: dict[str, np.ndarray]) -> Reply:
        task, device = asked["task"], asked.get("device", "")
        if task in self._tasks:
            return self._tasks[task](**({"name": device} if device else {})), {}
        runner = self._runner(device)
        match task:
            case "estimate":
                return asdict(runner.estimate(messages.to_work(asked["work"], arrays))), {}
            case "levels":
                circuit = Circuit.from_json(asked["circuit"])
                return runner.levels(circuit, asked["inputs"], asked["weights"], seed=asked["seed"]), {}
            case "submit":
                return runner.submit(messages.to_work(asked["work"], arrays), tag=asked["tag"]), {}  # type: ignore[return-value]
            case "poll":
                return asdict(runner.poll(asked["handle"])), {}
            case "fetch":
                return messages.of_outcome(runner.fetch(asked["handle"]))
            case "cancel":
                return runner.cancel(asked["handle"]), {}  # type: ignore[func-returns-value, return-value]
            case "find":
                return runner.find(asked["tag"]), {}  # type: ignore[return-value]
            case "usage":
                return runner.usage(asked["handle"]), {}  # type: ignore[return-value]
            case "calibration":
                return runner.calibration(), {}  # type: ignore[return-value]
        raise ValueError(f"unknown task {task!r}")

    def _account(self) -> dict[str, Any]:
        instance, used = self._connection.instance, account.usage(self._connection)
        return {
            "instance": asdict(instance),
            "usage": asdict(used),
            "fingerprint": self._connection.fingerprint,
        }

    def _device(self, name: str) -> dict[str, Any]:
        found = devices.calibration(self._connection, name)
        pairs = [[*pair, error] for pair, error in found.pairs.items()]
        return {
            "device": name,
            "time": found.time,
            "readout": found.readout,
            "pairs": pairs,
            "single": found.single,
        }

    def _runner(self, device: str) -> IbmRunner:
        if device not in self._runners:
            self._runners[device] = IbmRunner(device, self._connection, submitter=self._submitter)
        return self._runners[device]

    def _safe(self, text: str) -> str:
        return redacted(text, self._access)


def main() -> int:
    """Serves until the input ends."""
    given = json.loads(sys.stdin.buffer.readline())
    folder = Path(given["folder"])
    signal.signal(signal.SIGTERM, lambda *_: _end(folder))
    broker = Broker(Access(given.pop("key"), given["instance"]), given["url"])
    requests: SimpleQueue[tuple[Channel, bytes]] = SimpleQueue()
    listener = _listener(folder)
    for watch in (_watch_input, _watch_parent):
        threading.Thread(target=watch, args=(folder,), daemon=True).start()
    threading.Thread(target=_accept, args=(listener, requests), daemon=True).start()
    print(READY, flush=True)
    os.dup2(2, 1)  # nobody reads what libraries print
    while True:  # Qiskit stays in the main thread, and the client is asked one thing at a time
        channel, data = requests.get()
        with contextlib.suppress(OSError):  # who asked is gone
            channel.send_bytes(broker.reply(data))


def _listener(folder: Path) -> Listener:
    """A socket in the folder (0700) with its secret in a file of this user alone (0600) beside it."""
    secret = secrets.token_bytes(32)
    file = os.open(folder / AUTH, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as target:
        target.write(secret)
    return Listener(str(folder / SOCKET), family="AF_UNIX", authkey=secret)


def _accept(listener: Listener, requests: SimpleQueue[tuple[Channel, bytes]]) -> None:
    while True:
        try:
            channel = listener.accept()
        except Exception:  # noqa: BLE001, S112 - whoever does not know the secret; the next may
            continue
        threading.Thread(target=_receive, args=(channel, requests), daemon=True).start()


def _receive(channel: Channel, requests: SimpleQueue[tuple[Channel, bytes]]) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            requests.put((channel, channel.recv_bytes()))


def _watch_input(folder: Path) -> None:
    sys.stdin.buffer.read()
    _end(folder)


def _watch_parent(folder: Path) -> None:
    """Ends with the parent also where a child of it still holds the pipe."""
    parent, never = os.getppid(), threading.Event()
    while os.getppid() == parent:
        never.wait(_LOOK)
    _end(folder)


def _end(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
