"""Accounts at IBM for pages and commands: whose key is in use, what it reaches, and a visitor's key. Qiskit-free.

Each key lives in a process of its own (`hardware/ibm/broker.py`), also the installation's, because pages must not
import IBM's client. Jobs with a visitor's key are given `folder` as their broker; those with the installation's key
need none.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from qlatent.hardware.ibm import access
from qlatent.hardware.ibm.access import Access
from qlatent.hardware.ibm.brokered import KeyHolder
from qlatent.services.hardware.devices import Device, of_account
from qlatent.settings import settings


@dataclass(frozen=True, slots=True)
class Account:
    """The instance that pays, and what its plan has left in 28 days (None: no limit), in QPU seconds."""

    source: str  # where the key is from
    instance: str
    plan: str
    pricing: str
    free: bool
    consumed: float
    limit: float | None
    fingerprint: str  # what budgets and jobs know the account by

    @property
    def remaining(self) -> float | None:
        """Seconds that are left."""
        return None if self.limit is None else max(self.limit - self.consumed, 0.0)


class Key:
    """A key that is in use. `folder` is what a job needs to reach it; "" for the installation's."""

    def __init__(self, given: Access, *, visitor: bool) -> None:
        self.source = given.source
        self._holder = KeyHolder(given, url=access.loopback(settings().ibm_url) if settings().ibm_url else "")
        self.folder = str(self._holder.folder) if visitor else ""

    @property
    def alive(self) -> bool:
        """Whether it has not been forgotten."""
        return self._holder.alive

    def forget(self) -> None:
        """Ends the process that holds the key; jobs go on at IBM."""
        self._holder.forget()

    def instances(self) -> list[dict[str, Any]]:
        """The instances of the account: crn, name, plan, pricing. Raises what is wrong with the key."""
        return self._holder.instances()

    def account(self) -> Account:
        """The instance in use; raises `InputError` if none is chosen or the account does not have it."""
        told = self._holder.account()
        instance, usage = told["instance"], told["usage"]
        free = instance["pricing"] in ("free", "trial")
        named = {name: instance[name] for name in ("plan", "pricing")}
        spent = {name: usage[name] for name in ("consumed", "limit")}
        return Account(
            self.source, instance["name"], **named, free=free, **spent, fingerprint=told["fingerprint"]
        )

    def devices(self) -> list[Device]:
        """The devices of the instance, those with short queues first; errors are told of one device at a time."""
        return of_account(str(self._holder.folder))

    def device(self, name: str) -> dict[str, Any]:
        """The calibration of a device: time, readout error by qubit, pairs as [a, b, error], single."""
        return self._holder.device(name)


def enter(key: str, instance: str = "") -> Key:
    """A visitor's key, in a process of its own until it is forgotten; raises `InputError` for what is no key."""
    return Key(Access(key, instance), visitor=True)


def installed() -> Key | None:
    """The installation's key, from the environment or the secrets file; None without one."""
    given = access.unattended()
    with _turn:
        if given is None:
            return None
        if _installed.get(given) is None or not _installed[given].alive:
            _installed[given] = Key(given, visitor=False)
        return _installed[given]


def stand_in() -> str:
    """The address of the stand-in that is used instead of IBM, for a banner on every page; "" for IBM."""
    return access.loopback(settings().ibm_url) if settings().ibm_url else ""


_installed: dict[Access, Key] = {}
_turn = threading.Lock()
