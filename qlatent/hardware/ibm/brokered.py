"""The side that asks a broker: it starts one with a visitor's key, and runs jobs through it. Torch- and Qiskit-free."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qlatent import errors
from qlatent.circuits.circuit import Circuit
from qlatent.errors import KeyNeededError, UnavailableError
from qlatent.hardware.ibm import messages
from qlatent.hardware.ibm.access import INSTANCE_NAME, KEY_NAME, Access, loopback
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import Estimate, Outcome, Status, Work

SOCKET, AUTH, READY = "socket", "secret", "ready"
PATIENCE = 600.0
"""Seconds to wait for an answer; requests wait for each other, and a submit for its turn."""

_PACKAGE = Path(__file__).resolve().parents[3]
_START = 60.0


class KeyHolder:
    """A broker's process, started with a key; `folder` is how others find it. `forget` ends it and its key."""

    def __init__(self, access: Access, *, url: str = "") -> None:
        url = loopback(url) if url else ""
        self.folder = Path(tempfile.mkdtemp(prefix="qlatent-ibm-"))  # 0700
        paths = [str(_PACKAGE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        inherited = {name: text for name, text in os.environ.items() if name not in (KEY_NAME, INSTANCE_NAME)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qlatent.hardware.ibm.broker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=inherited | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, paths)))},
            start_new_session=True,  # so that Ctrl-C reaches the app only
        )
        self._finalizer = weakref.finalize(self, _end, self._process, self.folder)
        given = {"key": access.key, "instance": access.instance, "url": url, "folder": str(self.folder)}
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(OSError):  # it ended: there is no answer either
            self._process.stdin.write(json.dumps(given).encode() + b"\n")
            self._process.stdin.flush()
        if self._process.stdout.readline().strip() != READY.encode():
            self.forget()
            raise UnavailableError(
                "The process that keeps the key did not start.", remedy="See the log of the app."
            )

    @property
    def alive(self) -> bool:
        """Whether the key is still there."""
        return self._process.poll() is None

    def forget(self) -> None:
        """Ends the process; jobs go on at IBM, and need the key to be followed."""
        self._finalizer()

    def instances(self) -> list[dict[str, Any]]:
        """The instances of the key's account: crn, name, plan, pricing."""
        return list(ask(self.folder, "instances"))

    def account(self) -> dict[str, Any]:
        """Instance, usage and fingerprint of the account."""
        return dict(ask(self.folder, "account"))

    def devices(self) -> list[dict[str, Any]]:
        """The devices of the instance: name, qubits, queue, status."""
        return list(ask(self.folder, "devices"))

    def device(self, name: str) -> dict[str, Any]:
        """The calibration of a device: time, readout by qubit, pairs as [a, b, error], single."""
        return dict(ask(self.folder, "device", device=name))

    def levels(
        self, circuit: Circuit, inputs: ArrayLike | None, weights: ArrayLike, *, device: str, seed: int = 0
    ) -> dict[str, Any]:
        """As `IbmRunner.levels`."""
        row = None if inputs is None else np.asarray(inputs, dtype=float).tolist()
        angles = {"inputs": row, "weights": np.asarray(weights, dtype=float).tolist()}
        return dict(ask(self.folder, "levels", device=device, circuit=circuit.to_json(), seed=seed, **angles))


class BrokerRunner(AbstractRunner):
    """Runs jobs on a device through the broker in `folder`; any process of this user can."""

    remote = True

    def __init__(self, device: str, folder: Path) -> None:
        self.device, self._folder = device, folder

    @property
    def account(self) -> str:  # type: ignore[override]  # read only here
        """As `IbmRunner.account`."""
        return str(ask(self._folder, "account")["fingerprint"])

    def estimate(self, work: Work) -> Estimate:
        """As `IbmRunner.estimate`."""
        return Estimate(**self._ask("estimate", work=work))

    def submit(self, work: Work, *, tag: str) -> str:
        """As `IbmRunner.submit`."""
        return str(self._ask("submit", work=work, tag=tag))

    def poll(self, handle: str) -> Status:
        """As `IbmRunner.poll`."""
        return Status(**self._ask("poll", handle=handle))

    def fetch(self, handle: str) -> Outcome:
        """As `IbmRunner.fetch`."""
        document, arrays = _exchanged(
            self._folder, {"task": "fetch", "device": self.device, "handle": handle}
        )
        return messages.to_outcome(document, arrays)

    def cancel(self, handle: str) -> None:
        """As `IbmRunner.cancel`."""
        self._ask("cancel", handle=handle)

    def find(self, tag: str) -> str | None:
        """As `IbmRunner.find`."""
        found: str | None = self._ask("find", tag=tag)
        return found

    def usage(self, handle: str) -> float:
        """As `IbmRunner.usage`."""
        return float(self._ask("usage", handle=handle))

    def calibration(self) -> str:
        """As `IbmRunner.calibration`."""
        return str(self._ask("calibration"))

    def _ask(self, task: str, **arguments: Any) -> Any:
        return ask(self._folder, task, device=self.device, **arguments)


def ask(folder: Path, task: str, *, work: Work | None = None, **arguments: Any) -> Any:
    """The answer of the broker in a folder; raises its error, or `KeyNeededError` if it is gone."""
    document, arrays = messages.of_work(work) if work else ({}, {})
    asked = {"task": task, **arguments} | ({"work": document} if work else {})
    return _exchanged(folder, asked, arrays)[0]


def _exchanged(
    folder: Path, asked: dict[str, Any], arrays: dict[str, np.ndarray] | None = None
) -> tuple[Any, dict[str, np.ndarray]]:
    try:
        secret = (folder / AUTH).read_bytes()
        with Client(str(folder / SOCKET), family="AF_UNIX", authkey=secret) as channel:
            channel.send_bytes(messages.packed(asked, arrays))
            if not channel.poll(PATIENCE):
                raise UnavailableError(
                    "The process that keeps the key does not answer.",
                    remedy="Forget the key and enter it again.",
                )
            reply, found = messages.unpacked(channel.recv_bytes())
    except (OSError, EOFError, AuthenticationError) as err:
        raise KeyNeededError(
            "The key of this job is gone: it was forgotten, or the app was started anew.",
            remedy="Enter the key again; the job goes on at IBM meanwhile.",
        ) from err
    if "bug" in reply:
        raise RuntimeError(f"The process that keeps the key:\n{reply['bug']}")
    if "error" in reply:
        more = {"seconds": reply["seconds"]} if "seconds" in reply else {}
        raise getattr(errors, reply["error"])(reply["message"], remedy=reply["remedy"], **more)
    return reply["result"], found


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
    shutil.rmtree(folder, ignore_errors=True)
