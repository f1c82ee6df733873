"""A runner that computes here, part by part, and keeps each part in a folder. Torch-free."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import numpy as np

from qlatent.errors import AbsentError
from qlatent.hardware.local.job_folder import JobFolder
from qlatent.hardware.local.session import AbstractSession, Part
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import Estimate, Outcome, State, Status, Work


class LocalRunner(AbstractRunner):
    """Computes jobs here: each `poll` advances by a part, and another process can go on with those that are missing.

    `opened` makes a session of a work and refuses options that the device would ignore. Without a `folder` the jobs
    end with this object.
    """

    def __init__(
        self,
        device: str,
        opened: Callable[[Work], AbstractSession],
        *,
        folder: Path | None = None,
        packages: tuple[str, ...] = (),
        calibration: str = "",
    ) -> None:
        self.device, self._opened, self._packages = device, opened, packages
        self._calibration = calibration
        self._folder = folder or self._temporary()
        self._session: tuple[str, AbstractSession] | None = None

    def estimate(self, work: Work) -> Estimate:
        session = self._opened(work)
        return Estimate(seconds=_seconds(session), parts=1, **asdict(session.sizes()))

    def submit(self, work: Work, *, tag: str) -> str:
        session = self._opened(work)
        made = JobFolder.created(self._folder, tag, device=self.device, session=session)
        self._session = (made.job, session)
        return self._handle(made)

    def poll(self, handle: str) -> Status:
        job = self._job(handle)
        parts = _parts(job)
        missing = [number for number in range(len(parts)) if not job.has(number)]
        if missing and not job.cancelled:
            self._compute(job, missing[0], parts[missing[0]])
            missing = missing[1:]
        total = parts[-1].stop if parts else 0
        done = total - sum(len(parts[number]) for number in missing)
        state: State = "done" if not missing else "cancelled" if job.cancelled else "running"
        return Status(state, done, total)

    def fetch(self, handle: str) -> Outcome:
        job = self._job(handle)
        found, missing, seconds = [], list[int](), 0.0
        width = job.document()["observables"]
        for number, items in enumerate(_parts(job)):
            if job.has(number):
                part, used = job.part(number)
                found.append(part)
                seconds += used
            else:
                missing += items
                found.append(_absent(len(items), width))
        return _outcome(job, found, seconds=seconds, missing=missing, versions=self._versions())

    def cancel(self, handle: str) -> None:
        job = self._job(handle)
        if not all(job.has(number) for number in range(len(_parts(job)))):
            job.cancel()

    def find(self, tag: str) -> str | None:
        job = JobFolder.of_tag(self._folder, tag)
        return self._handle(job) if job.exists else None

    def calibration(self) -> str:
        return self._calibration

    def _handle(self, job: JobFolder) -> str:
        return json.dumps({"device": self.device, "job": job.job})

    def _temporary(self) -> Path:
        """A folder that is removed with this object."""
        made = tempfile.mkdtemp(prefix="qlatent-jobs-")
        weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return Path(made)

    def _job(self, handle: str) -> JobFolder:
        try:
            job = str(json.loads(handle)["job"])
        except (ValueError, KeyError, TypeError) as err:
            raise AbsentError(
                f"{handle!r} is no handle of a job.", remedy="Pass what `submit` returned."
            ) from err
        return JobFolder.opened(self._folder, job, device=self.device)

    def _compute(self, job: JobFolder, number: int, items: range) -> None:
        started = time.process_time()
        if self._session is None or self._session[0] != job.job:
            self._session = (job.job, self._opened(job.work()))
        session = self._session[1]
        if not number or not job.calibration():
            job.keep_calibration(dict(session.calibration()))
        part = session.measure(items)
        job.keep(number, part, seconds=time.process_time() - started)

    def _versions(self) -> dict[str, str]:
        return {name: metadata.version(name) for name in ("numpy", *self._packages)}


def _parts(job: JobFolder) -> list[range]:
    """The items of each part."""
    document = job.document()
    total, size = document["items"], document["part"]
    return [range(start, min(start + size, total)) for start in range(0, total, size)]


def _seconds(session: AbstractSession) -> float:
    """CPU seconds of the whole job, from a few of its items."""
    total = len(session.work)
    if not total:
        return 0.0
    if session.tried > 1:
        session.measure(range(1))  # warms up
    started, tried = time.process_time(), min(total, session.tried)
    session.measure(range(tried))
    return (time.process_time() - started) * total / tried


def _absent(items: int, observables: int) -> Part:
    nothing = np.full((items, observables), np.nan)
    return Part(nothing, nothing, nothing, np.full(nothing.shape, -1, dtype=np.int64))


def _outcome(
    job: JobFolder, parts: list[Part], *, seconds: float, missing: list[int], versions: dict[str, str]
) -> Outcome:
    """The parts as one outcome; without any counts if one of them has none."""
    columns = min((each.counts.shape[1] for each in parts), default=0)
    joined = {
        name: np.concatenate([getattr(each, name) for each in parts])
        for name in ("expectations", "errors", "raw")
    }
    return Outcome(
        **joined,
        counts=np.concatenate([each.counts[:, :columns] for each in parts]),
        shots=job.document()["shots"],
        seconds=seconds,
        calibration=job.calibration(),
        versions=versions,
        missing=tuple(missing),
    )
