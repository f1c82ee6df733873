"""The account that pays for a job: its instance and plan, and what is left of it. Qiskit-free with a broker.

Without one the installation's own key is used, and IBM's client imported: call it in a process's main thread then.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qlatent.hardware.ibm import access
from qlatent.hardware.ibm.connection import FREE
from qlatent.settings import settings


@dataclass(frozen=True, slots=True)
class Account:
    """An instance, its plan, and the QPU seconds of 28 days that it has used and may use (None: no limit)."""

    instance: str
    plan: str
    pricing: str
    used: float
    limit: float | None
    fingerprint: str  # what jobs and budgets know it by

    @property
    def free(self) -> bool:
        """Whether jobs cost nothing."""
        return self.pricing in FREE

    @property
    def remaining(self) -> float | None:
        """Seconds that are left; None without a limit."""
        return None if self.limit is None else max(self.limit - self.used, 0.0)

    def document(self) -> dict[str, Any]:
        """All of this as JSON values; the seconds are consumed, limit and remaining."""
        told = asdict(self)
        return told | {"consumed": told.pop("used"), "free": self.free, "remaining": self.remaining}


def account(broker: str = "") -> Account:
    """What the key in a broker (its folder), or the installation's own, opens; asks IBM.

    Raises `KeyNeededError` without a key, and the cause if IBM does not answer.
    """
    told = _told(broker)
    instance, usage = told["instance"], told["usage"]
    limit = usage["limit"]
    return Account(
        instance["name"] or instance["crn"], instance["plan"], instance["pricing"], float(usage["consumed"]),
        None if limit is None else float(limit), told["fingerprint"],
    )  # fmt: skip


def _told(broker: str) -> dict[str, Any]:
    if broker:
        from qlatent.hardware.ibm.brokered import ask

        found: dict[str, Any] = ask(Path(broker), "account")
        return found
    given = access.required(access.unattended(), "ibm")
    from qlatent.hardware.ibm import account
    from qlatent.hardware.ibm.connection import Connection

    connection = Connection(given, url=settings().ibm_url)
    instance, usage = asdict(connection.instance), asdict(account.usage(connection))
    return {"instance": instance, "usage": usage, "fingerprint": connection.fingerprint}
