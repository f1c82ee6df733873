"""Keys of IBM accounts: where one comes from, the process that holds it, and what its account has. Torch-free.

A key never stands in a file, an address, a log or the state of a session: it goes by pipe to a process of its own, and
`Key` holds that process alone.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from statistics import median
from typing import Any

from qlatent.errors import QlatentError
from qlatent.hardware.coupling import Coupling
from qlatent.hardware.ibm.access import Access, unattended
from qlatent.hardware.ibm.brokered import KeyHolder
from qlatent.services.hardware import plans
from qlatent.services.hardware.devices import Device
from qlatent.services.hardware.plans import Account
from qlatent.settings import settings

__all__ = [
    "Account", "Coupling", "Key", "account", "calibrated", "coupling", "devices", "entered", "installed", "stand_in",
]  # fmt: skip
_starting = threading.Lock()
_own: tuple[bytes, Key] | None = None  # the installation's key, and what tells it from another


@dataclass(frozen=True, eq=False)
class Key:
    """A key that some process holds; `source` says where it comes from."""

    holder: KeyHolder
    source: str
    installed: bool  # whether jobs are followed with it although nobody is there

    @property
    def broker(self) -> str:
        """What a request names: the folder of the process, "" for the installation's own key."""
        return "" if self.installed else str(self.holder.folder)

    @property
    def alive(self) -> bool:
        """Whether it is still held."""
        return self.holder.alive

    def forget(self) -> None:
        """End the process; jobs go on at IBM."""
        self.holder.forget()


def installed() -> Key | None:
    """The installation's own key, in the one process that this one has for it; None without one."""
    global _own
    given = unattended()
    if given is None:
        return None
    url = settings().ibm_url
    identity = sha256(repr((given.key, given.instance, url)).encode()).digest()
    with _starting:
        if _own is None or _own[0] != identity or not _own[1].alive:
            _own = identity, Key(KeyHolder(given, url=url), given.source, installed=True)
        return _own[1]


def entered(key: str, instance: str) -> tuple[Key, Account]:
    """A visitor's key with the account that it opens; where it opens none, it is forgotten and the cause is raised."""
    made = Key(
        KeyHolder(Access(key, instance), url=settings().ibm_url), "entered in this session", installed=False
    )
    try:
        return made, account(made)
    except QlatentError:
        made.forget()
        raise


def account(key: Key) -> Account:
    """What the key opens; asks IBM."""
    return plans.account(str(key.holder.folder))


def devices(key: Key) -> list[Device]:
    """The devices of the key's instance; asks IBM."""
    return [
        Device(
            each["name"], "device", each["qubits"], each["queue"], f"Its status is {each['status']}.",
            online=each["status"] == "online",
        )
        for each in key.holder.devices()
    ]  # fmt: skip


def calibrated(key: Key, device: Device) -> Device:
    """The device with the median errors of its present calibration; asks IBM."""
    told: dict[str, Any] = key.holder.device(device.name)
    pairs = _median([each[2] for each in told["pairs"]])
    return replace(device, pair_error=pairs, readout_error=_median(told["readout"]), calibrated=told["time"])


def coupling(key: Key, device: str) -> Coupling:
    """Which qubits of the device are coupled, with the errors of its present calibration; asks IBM."""
    told: dict[str, Any] = key.holder.device(device)
    pairs = {(int(a), int(b)): float("nan") if error is None else error for a, b, error in told["pairs"]}
    return Coupling(pairs, tuple(float("nan") if each is None else each for each in told["readout"]))


def stand_in() -> str:
    """The address that is asked in place of IBM's services; "" for IBM."""
    return settings().ibm_url


def _median(values: Sequence[float]) -> float | None:
    known = [value for value in values if value is not None and value == value]
    return float(median(known)) if known else None
