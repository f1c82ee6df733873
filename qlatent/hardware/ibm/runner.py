"""Jobs on a device of IBM's: estimated, submitted once, polled by id, fetched, cancelled; also from another process."""

from __future__ import annotations

import importlib.metadata
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from qlatent.circuits.circuit import Circuit
from qlatent.errors import AbsentError, QlatentError, RunError
from qlatent.hardware.clock import Clock
from qlatent.hardware.ibm import account, devices, submitting
from qlatent.hardware.ibm.connection import Connection
from qlatent.hardware.ibm.handles import Handle, Part, part_tag, read_part_tag
from qlatent.hardware.ibm.programs import Programs
from qlatent.hardware.ibm.results import PartResult, decoded
from qlatent.hardware.ibm.submitting import Submitter
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import Estimate, Outcome, State, Status, Work

_log = logging.getLogger(__name__)

MOST_EXECUTIONS = 10_000_000
"""Of a job: items × shots, calibration included."""

_TOO_LONG = "1305"  # IBM's reason code for a job that ran into its limit
_STATES: dict[str, State] = {
    "queued": "queued",
    "running": "running",
    "completed": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}
_PACKAGES = ("qiskit", "qiskit-ibm-runtime")


@dataclass
class Seen:
    """What the service last said of a part's job."""

    state: State = "queued"
    reason: str = ""


@dataclass
class Limits:
    """What a job may hold."""

    executions: int = MOST_EXECUTIONS


class IbmRunner(AbstractRunner):
    """Runs on the device of a connection; use it in the main thread of its process."""

    remote = True

    def __init__(
        self,
        device: str,
        connection: Connection,
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        submitter: Submitter | None = None,
    ) -> None:
        self.device, self._connection = device, connection
        self._clock = clock or Clock()
        self._limits = limits or Limits()
        self._submitter = submitter or Submitter(connection, self._clock)  # shared by all runners of a key
        self._seen: dict[str, Seen] = {}
        self._programs: tuple[Work, str, Programs] | None = None

    @property
    def account(self) -> str:  # type: ignore[override]  # read only here
        """The fingerprint of the instance that pays."""
        return self._connection.fingerprint

    def estimate(self, work: Work) -> Estimate:
        """What the job will take, from what would be sent; the device's present calibration decides the layout."""
        from qlatent.hardware.local.noisy import expected_slope

        found = self._prepared(work).estimate(self._limits.executions)
        return replace(found, slope=expected_slope(work, self._backend, device=self.device))

    def levels(self, circuit: Circuit, inputs: Any, weights: Any, *, seed: int = 0) -> dict[str, Any]:
        """The circuit at each optimisation level with the calibration in force, as `hardware.levels.on_snapshot`."""
        from qlatent.hardware import levels

        devices.find(self._connection, self.device, qubits=circuit.qubits)
        told = {"device": self.device, "calibrated": self.calibration()}
        return levels.on_backend(circuit, inputs, weights, self._backend, seed=seed) | told

    def submit(self, work: Work, *, tag: str) -> str:
        """The handle of the job with this tag: a new one, or what an earlier attempt with the tag already created.

        A part that is refused does not lose the others: it stands in the handle with the reason, and its items come
        back as missing. Raises the reason if no part could be submitted.
        """
        account.require_time(self._connection)
        programs = self._prepared(work)
        ranges = programs.parts(self._limits.executions)
        handle = Handle(
            self.device, self._connection.fingerprint, tag, tuple(Part(start, stop) for start, stop in ranges)
        )
        mode, close = self._mode(len(ranges))
        try:
            for number in range(len(ranges)):
                handle = self._submitted(handle, number, programs, mode)
        finally:
            if close:
                with self._connection.asking():
                    mode.close()
        return handle.to_json()

    def poll(self, handle: str) -> Status:
        """Where the job stands; one request for each part that has not ended, and one for the queue."""
        read = self._read(handle)
        seen = [self._look(part) for part in read.parts]
        states = [each.state for each in seen]
        state = _overall(states)
        done = sum(len(part) for part, each in zip(read.parts, seen, strict=True) if each.state == "done")
        reasons = [each.reason for each in seen if each.reason]
        return Status(
            state,
            done=done,
            total=len(read),
            queue=self._queue() if state == "queued" else None,
            reason=" ".join(dict.fromkeys(reasons)),
            remedy="Submit the missing items again; what is done stays." if reasons and done else "",
        )

    def fetch(self, handle: str) -> Outcome:
        """The decoded results of the parts that are done; items of the others are `missing`, their rows NaN."""
        read = self._read(handle)
        client = self._connection.client
        found: dict[Part, PartResult] = {}
        for part in read.parts:
            if self._look(part).state == "done":
                text = self._connection.answer(client.job_results, part.job)
                found[part] = decoded(text, job=part.job, items=len(part))
        if not found:
            raise RunError(
                "No part of this job has results.", remedy=self.poll(handle).reason or "Poll it later."
            )
        return self._joined(read, found)

    def cancel(self, handle: str) -> None:
        """Cancels the parts that have not ended; what they used until then counts."""
        for part in self._read(handle).parts:
            if part.job:
                submitting.cancel(self._connection, part.job)

    def find(self, tag: str) -> str | None:
        """The handle of the jobs that an attempt with this tag created, or None."""
        parts: dict[int, Part] = {}
        for job in self._submitter.search(tag):
            for read in filter(None, map(read_part_tag, job.get("tags") or [])):
                _, number, _, part = read
                parts.setdefault(number, Part(part.start, part.stop, job["id"]))
        if not parts:
            return None
        found = tuple(parts[number] for number in sorted(parts))
        return Handle(self.device, self._connection.fingerprint, tag, found).to_json()

    def usage(self, handle: str) -> float:
        """QPU seconds of all parts of a job; NaN until the service calls each of them final."""
        return sum(self._usage(part.job) for part in self._read(handle).parts if part.job)

    def calibration(self) -> str:
        """The time of the calibration in force, ISO 8601."""
        return devices.calibration(self._connection, self.device).time

    def _prepared(self, work: Work) -> Programs:
        """The programs of a work for the calibration in force; transpiled once for each."""
        devices.find(self._connection, self.device, qubits=work.circuit.qubits)
        now = self.calibration()
        if self._programs is None or self._programs[0] is not work or self._programs[1] != now:
            self._programs = work, now, Programs(work, self._backend.target, calibrated=now)
        return self._programs[2]

    @property
    def _backend(self) -> Any:
        """The client's object of the device with the calibration in force."""
        service = self._connection.service

        def found() -> Any:
            backend = service.backend(self.device)
            backend.refresh()  # the service keeps an earlier configuration
            return backend

        return self._connection.answer(found)

    def _mode(self, parts: int) -> tuple[Any, bool]:
        """What primitives submit to, and whether it must be closed: a batch for several parts if the plan has them."""
        backend = self._backend
        if parts == 1 or self._connection.instance.open:
            return backend, False
        from qiskit_ibm_runtime import Batch

        with self._connection.asking():
            return Batch(backend), True

    def _submitted(self, handle: Handle, number: int, programs: Programs, mode: Any) -> Handle:
        part = handle.parts[number]
        own = part_tag(handle.tag, number, len(handle.parts), part)
        try:
            kept = self._submitter.submit(
                lambda: programs.submit(mode, part.start, part.stop, tags=[handle.tag, own]), own
            )
        except QlatentError as err:
            if not any(each.job for each in handle.parts):
                raise
            return handle.replaced(number, Part(part.start, part.stop, refused=str(err)))
        return replace(
            handle.replaced(number, Part(part.start, part.stop, kept.job)),
            cancelled=handle.cancelled + kept.cancelled,
            kept_running=handle.kept_running + kept.kept_running,
            batch=getattr(mode, "session_id", "") or "",
        )

    def _look(self, part: Part) -> Seen:
        if not part.job:
            return Seen("failed", part.refused)
        seen = self._seen.get(part.job)
        if seen is None or seen.state in ("queued", "running"):
            told = self._connection.answer(self._connection.client.job_get, part.job)
            seen = _seen(told, part.job)
            self._seen[part.job] = seen
        return seen

    def _queue(self) -> int | None:
        for device in devices.listed(self._connection):
            if device.name == self.device:
                return device.queue
        return None

    def _read(self, text: str) -> Handle:
        handle = Handle.from_json(text)
        if handle.account != self._connection.fingerprint:
            raise AbsentError(
                "The job belongs to another instance than this key's.",
                remedy="Use the key and the instance it was submitted with.",
            )
        return handle

    def _joined(self, handle: Handle, found: dict[Part, PartResult]) -> Outcome:
        first = next(iter(found.values()))
        width = first.expectations.shape[1]
        values, errors, raw = (np.full((len(handle), width), np.nan) for _ in range(3))
        counts = np.zeros((len(handle), first.counts.shape[1]), np.int64)
        for part, result in found.items():
            rows = slice(part.start, part.stop)
            values[rows], errors[rows] = result.expectations, result.errors
            raw[rows], counts[rows] = result.raw, result.counts
        there = {row for part in found for row in range(part.start, part.stop)}
        return Outcome(
            values,
            errors,
            raw,
            counts,
            shots=first.shots,
            seconds=sum(self._usage(part.job) for part in handle.parts if part.job),
            calibration=self._calibrations(found),
            versions={name: importlib.metadata.version(name) for name in _PACKAGES},
            missing=tuple(row for row in range(len(handle)) if row not in there),
        )

    def _usage(self, job: str) -> float:
        """QPU seconds of a job; NaN unless the service says that they are final."""
        usage = self._metrics(job).get("usage") or {}
        if usage.get("status", "pending") == "pending":
            return float("nan")
        return float(usage.get("qpu_charge_time_seconds") or 0.0)

    def _metrics(self, job: str) -> dict[str, Any]:
        """Times and usage of a job; empty if the service does not tell them: that must not cost the results."""
        try:
            return dict(self._connection.answer(self._connection.client.job_metadata, job))
        except QlatentError:
            _log.warning("IBM does not tell the usage of job %s", job, exc_info=True)
            return {}

    def _calibrations(self, found: dict[Part, PartResult]) -> dict[str, Any]:
        """Which calibration the job was made for, which was in force when it ran, and the readout errors measured."""
        part, first = next(iter(found.items()))
        running = (self._metrics(part.job).get("timestamps") or {}).get("running")
        before = datetime.fromisoformat(running.replace("Z", "+00:00")) if running else None
        told: dict[str, Any] = {"device": self.device, "submitted": first.calibrated}
        try:
            run = devices.calibration(self._connection, self.device, before=before)
            errors = {"readout": run.median_readout, "pair": run.median_pair, "single": run.single}
            told |= {"run": run.time, "errors": errors}
        except QlatentError:  # a device may be retired by then; its results are still good
            _log.warning("IBM does not tell the calibration of %s any more", self.device, exc_info=True)
        read = first.readout
        measured = {} if read is None else {"slope": read.slope.tolist(), "offset": read.offset.tolist()}
        return told | measured


def _overall(states: list[State]) -> State:
    order: tuple[State, ...] = ("running", "queued", "done", "failed")
    return next((state for state in order if state in states), "cancelled")


def _seen(told: dict[str, Any], job: str) -> Seen:
    state = told["state"]
    code = state.get("reason_code") or state.get("reasonCode")
    name = str(state["status"]).lower()
    if str(code) == _TOO_LONG:
        return Seen("failed", f"IBM ended job {job} at its limit of QPU seconds.")
    if name.startswith("failed"):
        why = state.get("reason") or "no reason given"
        return Seen("failed", f"Job {job} failed: {why}" + (f" (code {code})." if code else "."))
    return Seen(_STATES.get(name.split(" ")[0], "running"))
