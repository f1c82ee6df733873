"""Noise of IBM devices from the calibration snapshots in qiskit-ibm-runtime; needs no account and no network.

A snapshot shows a device, possibly retired, on one past day. IBM calls noise models from snapshots a best case: they
omit crosstalk, drift and idle errors.
"""

from __future__ import annotations

import importlib
import re
from functools import cache, lru_cache
from statistics import median
from typing import Any

from qlatent.circuits.noise import NoiseConfig
from qlatent.errors import InputError, UnavailableError

_CLASS = re.compile(r"Fake[A-Z]\w*")
_MOST_ERROR = 0.5  # gates with a larger error were out of order that day
_SINGLE_GATES, _PAIR_GATES = ("sx", "u2"), ("ecr", "cz", "cx")
# excluded: one qubit only; no device (twice); "not intended to represent typical error values" (its documentation)
_LEFT_OUT = {"FakeArmonkV2", "FakeFractionalBackend", "FakeNighthawk", "FakeProviderForBackendV2"}


@cache
def names() -> dict[str, str]:
    """Class name of each device with a snapshot, e.g. "fez" → "FakeFez"; `UnavailableError` without the package."""
    classes = [name for name in dir(_provider()) if _CLASS.fullmatch(name) and name not in _LEFT_OUT]
    return {name.removeprefix("Fake").removesuffix("V2").lower(): name for name in sorted(classes)}


@lru_cache(maxsize=8)
def backend(name: str) -> Any:
    """The snapshot of a device as a backend of Qiskit; raises `InputError` for an unknown name."""
    if name not in names():
        raise InputError(
            f"There is no snapshot of a device {name!r}.", remedy=f"Known: {', '.join(names())}."
        )
    return getattr(_provider(), names()[name])()


@cache
def noise(name: str) -> NoiseConfig:
    """Depolarising noise with the median gate errors of a device, and its median readout error.

    A gate error e is an average infidelity that includes relaxation: p = 3e/2 for one wire, and p = 1 − √(1 − 5e/4) on
    each wire of a pair. Raises `InputError` for an unknown device, or one whose gates were out of order.
    """
    target = backend(name).target
    kinds = (_SINGLE_GATES, _PAIR_GATES, ("measure",))
    native = [next(gate for gate in kind if gate in target.operation_names) for kind in kinds]
    single, pair, readout = (_median_error(target, gate) for gate in native)
    if pair > _MOST_ERROR:
        raise InputError(
            f"On the day of its snapshot half the gates of {name!r} failed.", remedy="Choose another device."
        )
    return NoiseConfig(
        depolarizing=1.5 * single, pair_depolarizing=1 - (1 - 1.25 * pair) ** 0.5, readout=readout
    )


def _median_error(target: Any, gate: str) -> float:
    errors = [place.error for place in target[gate].values() if place and place.error is not None]
    return float(median(errors))


def _provider() -> Any:
    try:
        return importlib.import_module("qiskit_ibm_runtime.fake_provider")
    except ImportError as err:
        raise UnavailableError(
            "The noise of IBM's devices comes with qiskit-ibm-runtime, which is not installed.",
            remedy="Install it: pip install -r requirements.txt",
        ) from err
