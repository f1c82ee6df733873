"""A workspace with heads to execute, and a double of a device: a simulator that a test can tell to fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import qlatent
from qlatent.circuits import simulate
from qlatent.errors import AbsentError, QlatentError
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import Estimate, Outcome, RunOptions, Status, Work
from qlatent.services.hardware import requests, work
from qlatent.services.hardware.requests import HardwareRequest
from qlatent.services.heads import kept_heads
from qlatent.services.runs import launchers
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.runs.job import Job
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.fitted_head import fitted
from tests.services.run_workspace import small


def furnished(path: Path) -> tuple[Workspace, str]:
    """A workspace with the dataset `pairs`, and the id of a kept head of two qubits."""
    workspace = small(path)
    fitted().save(path / "saved")
    head = kept_heads.keep(workspace, path / "saved", name="Two qubits", run_id=None, dataset_id="pairs")
    return workspace, head


def pca(workspace: Workspace, path: Path) -> str:
    """The id of a kept head without a circuit."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(20, 8)) for name in ("image", "text")}
    qlatent.create("pca", input_dim=8, dim=2).fit(arrays).save(path)
    return kept_heads.keep(workspace, path, name="Axes", run_id=None, dataset_id=None)


class ClockDouble:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.time, self.waits = 1000.0, list[float]()

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


class DeviceDouble(AbstractRunner):
    """A double of a device on another machine: exact values, `part` items at each poll, and jobs that outlive it.

    `trouble` maps a method's name to what happens instead, one entry a call; None lets the call through.
    """

    remote = True

    def __init__(self, *, part: int = 1000, seconds: float = 10.0, account: str = "") -> None:
        self.device, self.part, self.seconds, self.account = "ibm_double", part, seconds, account
        self.jobs: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.trouble: dict[str, list[Any]] = {}
        self.calibrated = "today"
        self.late = 0  # how many questions for the usage come before it is told

    def _happens(self, name: str) -> Any:
        self.calls.append(name)
        told = self.trouble.get(name)
        found = told.pop(0) if told else None
        if isinstance(found, BaseException):
            raise found
        return found() if callable(found) else found

    def estimate(self, work: Work) -> Estimate:
        return Estimate(self.seconds, 1, len(work) * work.options.shots, 1, 100, 2, 2, 0.1)

    def submit(self, work: Work, *, tag: str) -> str:
        name = next((name for name, job in self.jobs.items() if job["tag"] == tag), "")
        if not name:
            name = f"job-{len(self.jobs) + 1}"
            self.jobs[name] = {"tag": tag, "work": work, "done": 0, "state": "queued"}
        self._happens("submit")  # after it exists: a reply can be lost
        return json.dumps({"job": name})

    def find(self, tag: str) -> str | None:
        self._happens("find")
        found = [name for name, job in self.jobs.items() if job["tag"] == tag]
        return json.dumps({"job": found[0]}) if found else None

    def calibration(self) -> str:
        return self.calibrated

    def poll(self, handle: str) -> Status:
        job = self._job(handle)
        told = self._happens("poll")
        if isinstance(told, Status):
            return told
        if job["state"] != "cancelled":
            job["done"] = min(job["done"] + self.part, len(job["work"]))
            job["state"] = "done" if job["done"] == len(job["work"]) else "running"
        return Status(job["state"], job["done"], len(job["work"]))

    def fetch(self, handle: str) -> Outcome:
        self._happens("fetch")
        job = self._job(handle)
        circuit = job["work"]
        z = simulate.expectations(circuit.circuit, circuit.angles, circuit.weights).numpy()
        missing = tuple(range(job["done"], len(z)))
        z[list(missing)] = np.nan
        counts = np.where(np.isfinite(z), np.round(circuit.options.shots * (1 - z) / 2), -1)
        errors = np.full(z.shape, 0.01)
        return Outcome(
            z, errors, z, counts.astype(np.int64), circuit.options.shots,
            float("nan") if self.late else self.seconds, missing=missing,
        )  # fmt: skip

    def usage(self, handle: str) -> float:
        self._happens("usage")
        self._job(handle)
        self.late -= 1
        return float("nan") if self.late >= 0 else self.seconds

    def cancel(self, handle: str) -> None:
        self._happens("cancel")
        self._job(handle)["state"] = "cancelled"

    def _job(self, handle: str) -> dict[str, Any]:
        name = json.loads(handle)["job"]
        if name not in self.jobs:
            raise AbsentError(f"No job {name}.", remedy="Submit it again.")
        return self.jobs[name]


def request(head: str, **changes: Any) -> HardwareRequest:
    """Eight items of `pairs` on the double."""
    asked = HardwareRequest(head, "pairs", "ibm_double", items=8, options=RunOptions(shots=100))
    return replace(asked, **changes)


def queued(workspace: Workspace, asked: HardwareRequest) -> str:
    """The id of a new job whose worker has not begun."""
    with launchers.using(LauncherDouble()):
        return requests.start(workspace, requests.check(workspace, asked))


def carried_out(
    workspace: Workspace, job: str, device: AbstractRunner, *, stop: Callable[[], bool] = lambda: False,
    clock: ClockDouble | None = None,
) -> tuple[str, ClockDouble]:  # fmt: skip
    """The state of a run after one attempt at it on the double, as the worker would write it, and the clock."""
    folder, clock = workspace.run(job), clock or ClockDouble()
    folder.clear_stop()
    with Heartbeat(folder) as heartbeat:
        try:
            state = work.carry_out(
                workspace,
                Job(folder, heartbeat, lambda: stop() or folder.stop_requested()),
                clock=clock,
                opened=lambda spec, folder, broker: device,
            )
            heartbeat.end(state)
        except QlatentError as err:
            state = "failed"
            heartbeat.end(state, error=err.message, remedy=err.remedy)
    workspace.catalogue.set_queue_state(job, state)
    return state, clock
