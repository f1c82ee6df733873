"""Decoded results: from the text of a job's result to expectation values, errors and counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from qlatent.errors import RunError
from qlatent.hardware import readout
from qlatent.hardware.ibm.programs import META
from qlatent.hardware.work import Array

_PROGRAM = "executor"
_ROWS = 32  # items whose outcomes are counted together: up to 16 wires have 65,536 of them


@dataclass(frozen=True, eq=False)
class PartResult:
    """The results of a part's items: (items, observables) each; `counts` (items, 0) where nothing was sampled."""

    expectations: Array
    errors: Array
    raw: Array
    counts: np.ndarray
    shots: int
    calibrated: str
    readout: readout.Readout | None = None  # of each wire, where it was measured


def decoded(text: str, *, job: str, items: int) -> PartResult:
    """The results in the text; a `RunError` that keeps the job if the text is not whole."""
    from qiskit_ibm_runtime.decoders.defaults import DEFAULT_DECODERS

    try:
        json.loads(text)
        pubs: Any = reduce(_apply, DEFAULT_DECODERS[_PROGRAM], text)
        found = [(pub, pub.metadata["circuit_metadata"][META]) for pub in pubs]
        return (_estimated if hasattr(found[0][0].data, "evs") else _sampled)(found, items)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as err:
        raise RunError(
            f"The result of job {job} is not whole ({len(text):,} characters arrived): {type(err).__name__}.",
            remedy="Nothing is lost, and nothing is paid again: fetch it once more later.",
        ) from err


def _apply(data: Any, decoder: Any) -> Any:
    return decoder.decode(data) if decoder.is_applicable(data) else data


def _sampled(found: list[tuple[Any, dict[str, Any]]], items: int) -> PartResult:
    prepared = {told["prepared"]: _bits(pub) for pub, told in found if "prepared" in told}
    measured, blind = _readout(prepared) if prepared else (None, False)
    asked = [(pub, told) for pub, told in found if "words" in told]
    count = _observables(asked)
    values, errors, raw = (np.full((items, count), np.nan) for _ in range(3))
    counts = np.zeros((items, count), np.int64)
    shots = 0
    for pub, told in asked:
        bits = _bits(pub) if "item" not in told else _bits(pub)[None]  # (items, shots, wires)
        first, shots = told.get("item", 0), bits.shape[1]
        words = [tuple(("Z", wire) for wire in word) for word in told["words"]]
        for start in range(0, len(bits), _ROWS):
            outcomes, signs = _outcomes(bits[start : start + _ROWS])
            part = readout.estimated(outcomes, signs, words, shots=shots, readout=measured)
            rows = slice(first + start, first + start + len(outcomes))
            for table, estimate in (
                (values, part.values),
                (errors, part.errors),
                (raw, part.raw),
                (counts, part.counts),
            ):
                table[rows, told["numbers"]] = estimate
    if blind:
        values[:], errors[:] = np.nan, np.nan
    return PartResult(values, errors, raw, counts, shots, asked[0][1]["calibrated"], measured)


def _readout(prepared: dict[int, np.ndarray]) -> tuple[readout.Readout | None, bool]:
    """The readout of each wire, and whether it cannot be inverted: then only the raw values are known."""
    outcomes, signs = _outcomes(np.stack([prepared[0], prepared[1]]))
    try:
        return readout.measured_readout(outcomes, signs, shots=prepared[0].shape[0]), False
    except RunError:
        return None, True


def _outcomes(bits: np.ndarray) -> tuple[Array, Array]:
    """Counts (items, outcomes) of the distinct outcomes in bits (items, shots, wires), and their signs."""
    items, shots, wires = bits.shape
    seen, places = np.unique(
        np.packbits(bits, axis=2).reshape(items * shots, -1), axis=0, return_inverse=True
    )
    rows = np.repeat(np.arange(items), shots)
    counts = np.bincount(rows * len(seen) + places.ravel(), minlength=items * len(seen))
    signs = 1.0 - 2.0 * np.unpackbits(seen, axis=1)[:, :wires]
    return counts.reshape(items, len(seen)).astype(float), signs.astype(float)


def _estimated(found: list[tuple[Any, dict[str, Any]]], items: int) -> PartResult:
    count = _observables(found)
    values, errors, raw = (np.full((items, count), np.nan) for _ in range(3))
    for pub, told in found:
        numbers = told["numbers"]
        rows = slice(told["item"], told["item"] + 1) if "item" in told else slice(None)
        values[rows, numbers], errors[rows, numbers] = (_finite(v) for v in (pub.data.evs, pub.data.stds))
        if (factors := getattr(pub.data, "evs_noise_factors", None)) is not None:
            raw[rows] = np.atleast_2d(
                np.moveaxis(np.asarray(factors), -1, 0)[0].T
            )  # at the device's own noise
    return PartResult(values, errors, raw, np.zeros((items, 0), np.int64), 0, found[0][1]["calibrated"])


def _observables(found: list[tuple[Any, dict[str, Any]]]) -> int:
    return 1 + max(number for _, told in found for number in told["numbers"])


def _finite(values: Any) -> Array:
    """(items, observables) of (observables, items) or (observables,); what no fit could tell is NaN."""
    table = np.atleast_2d(np.asarray(values, dtype=float).T)
    return np.where(np.isfinite(table), table, np.nan)


def _bits(pub: Any) -> np.ndarray:
    """The bits (…, shots, qubits) of the register that all circuits have; bit w is wire w."""
    return np.asarray(pub.data.meas.to_bool_array(order="little"))
