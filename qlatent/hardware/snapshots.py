"""IBM devices on one past day: the calibration snapshots in qiskit-ibm-runtime; no account and no network.

A snapshot shows a device, possibly retired, on one past day. IBM calls noise models from snapshots a best case: they
omit crosstalk, drift and idle errors.
"""

from __future__ import annotations

import importlib
import re
from functools import cache, lru_cache
from typing import Any

from qlatent.errors import InputError, UnavailableError

_CLASS = re.compile(r"Fake[A-Z]\w*")
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


def _provider() -> Any:
    try:
        return importlib.import_module("qiskit_ibm_runtime.fake_provider")
    except ImportError as err:
        raise UnavailableError(
            "The noise of IBM's devices comes with qiskit-ibm-runtime, which is not installed.",
            remedy="Install it: pip install -r requirements.txt",
        ) from err
