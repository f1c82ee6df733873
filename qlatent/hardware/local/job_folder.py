"""A job that is computed here, as a folder: its work, one file a part done, and whether it was cancelled. Torch-free.

Files appear whole, by renaming, so that a process that ends at any moment leaves a job that another one goes on with.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.circuits.circuit import Circuit
from qlatent.errors import AbsentError
from qlatent.hardware.local.session import AbstractSession, Part
from qlatent.hardware.work import RunOptions, Work

_WORK, _ARRAYS, _RESULT, _CANCELLED = "work.json", "work.npz", "sizes.json", "cancelled"


class JobFolder:
    """The files of one job."""

    def __init__(self, root: Path, job: str) -> None:
        self.job, self.path = job, root / f"job-{job}"

    @classmethod
    def of_tag(cls, root: Path, tag: str) -> JobFolder:
        """The folder of the job with this tag, which need not exist."""
        return cls(root, hashlib.sha256(tag.encode()).hexdigest()[:16])

    @property
    def exists(self) -> bool:
        """Whether the job was submitted."""
        return (self.path / _WORK).is_file()

    @classmethod
    def created(cls, root: Path, tag: str, *, device: str, session: AbstractSession) -> JobFolder:
        """The folder of a new job; the same tag gives the same job again."""
        made = cls.of_tag(root, tag)
        made.path.mkdir(parents=True, exist_ok=True)
        work = session.work
        arrays = {"weights": work.weights, "angles": work.angles}
        made._write(_ARRAYS, _npz(arrays))
        document = {
            "device": device,
            "tag": tag,
            "items": len(work),
            "observables": len(work.circuit.observables),
            "part": session.part,
            "shots": session.shots,
            "circuit": work.circuit.to_json(),
            "circuits": [each.to_json() for each in work.circuits],
            "options": asdict(work.options),
        }
        made._write(_WORK, json.dumps(document).encode())  # last: a job exists once this file does
        return made

    @classmethod
    def opened(cls, root: Path, job: str, *, device: str) -> JobFolder:
        """The folder of a job; `AbsentError` if there is none, or it is of another device."""
        found = cls(root, job)
        if not found.exists or found.document()["device"] != device:
            raise AbsentError(
                f"There is no job {job!r} of the device {device!r} here.",
                remedy="Submit the work again, or pass the folder in which it was submitted.",
            )
        return found

    def document(self) -> dict[str, Any]:
        """What was submitted, without its arrays."""
        found: dict[str, Any] = json.loads((self.path / _WORK).read_bytes())
        return found

    def work(self) -> Work:
        """The work as it was submitted."""
        document = self.document()
        circuits = tuple(Circuit.from_json(each) for each in document["circuits"])
        with np.load(self.path / _ARRAYS, allow_pickle=False) as arrays:
            return Work(
                Circuit.from_json(document["circuit"]), arrays["weights"], arrays["angles"],
                RunOptions(**document["options"]), circuits,
            )  # fmt: skip

    def has(self, number: int) -> bool:
        """Whether this part is done."""
        return self._part(number).is_file()

    def keep(self, number: int, part: Part, *, seconds: float) -> None:
        """Keeps a part with the CPU seconds it took."""
        arrays = {"expectations": part.expectations, "errors": part.errors, "raw": part.raw}
        self._write(
            self._part(number).name, _npz({**arrays, "counts": part.counts, "seconds": np.array(seconds)})
        )

    def part(self, number: int) -> tuple[Part, float]:
        """A part that is done, and the CPU seconds it took."""
        with np.load(self._part(number), allow_pickle=False) as arrays:
            names = ("expectations", "errors", "raw", "counts")
            return Part(*(arrays[name] for name in names)), float(arrays["seconds"])

    def keep_calibration(self, calibration: dict[str, Any]) -> None:
        """Keeps the calibration that the job was computed with."""
        self._write(_RESULT, json.dumps(calibration).encode())

    def calibration(self) -> dict[str, Any]:
        """The calibration that the job was computed with; empty before its first part."""
        path = self.path / _RESULT
        found: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
        return found

    def cancel(self) -> None:
        """Marks the job as cancelled."""
        self._write(_CANCELLED, b"")

    @property
    def cancelled(self) -> bool:
        """Whether the job was cancelled."""
        return (self.path / _CANCELLED).is_file()

    def _part(self, number: int) -> Path:
        return self.path / f"part-{number:06d}.npz"

    def _write(self, name: str, content: bytes) -> None:
        spare = self.path / f".{name}.new"
        spare.write_bytes(content)
        spare.replace(self.path / name)


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
