"""What goes through the socket of a broker: a JSON document with arrays, as bytes. Nothing is unpickled. Torch-free."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from qlatent.circuits.circuit import Circuit
from qlatent.hardware.work import Outcome, RunOptions, Work

Arrays = Mapping[str, np.ndarray]
_LENGTH = struct.Struct(">I")
_TABLES = ("expectations", "errors", "raw", "counts")


def packed(document: Mapping[str, Any], arrays: Arrays | None = None) -> bytes:
    """The message of a document and arrays: length of the JSON text, the text, and an npz archive."""
    text = json.dumps(document).encode()
    archive = io.BytesIO()
    if arrays:
        np.savez(archive, allow_pickle=False, **arrays)
    return _LENGTH.pack(len(text)) + text + archive.getvalue()


def unpacked(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Document and arrays of a message."""
    (length,) = _LENGTH.unpack_from(data)
    start = _LENGTH.size + length
    document = json.loads(data[_LENGTH.size : start])
    if start == len(data):
        return document, {}
    with np.load(io.BytesIO(data[start:]), allow_pickle=False) as archive:
        return document, dict(archive)


def of_work(work: Work) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A work as document and arrays."""
    document = {
        "circuit": work.circuit.to_json(),
        "circuits": [circuit.to_json() for circuit in work.circuits],
        "options": asdict(work.options),
    }
    return document, {"weights": work.weights, "angles": work.angles}


def to_work(document: Mapping[str, Any], arrays: Arrays) -> Work:
    """The work of `of_work`."""
    return Work(
        Circuit.from_json(document["circuit"]),
        arrays["weights"],
        arrays["angles"],
        RunOptions(**document["options"]),
        tuple(map(Circuit.from_json, document["circuits"])),
    )


def of_outcome(outcome: Outcome) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """An outcome as document and arrays."""
    document = {
        "shots": outcome.shots,
        "seconds": outcome.seconds,
        "calibration": dict(outcome.calibration),
        "versions": dict(outcome.versions),
        "missing": list(outcome.missing),
    }
    return document, {name: getattr(outcome, name) for name in _TABLES}


def to_outcome(document: Mapping[str, Any], arrays: Arrays) -> Outcome:
    """The outcome of `of_outcome`."""
    return Outcome(
        arrays["expectations"],
        arrays["errors"],
        arrays["raw"],
        arrays["counts"],
        shots=document["shots"],
        seconds=document["seconds"],
        calibration=document["calibration"],
        versions=document["versions"],
        missing=tuple(document["missing"]),
    )
