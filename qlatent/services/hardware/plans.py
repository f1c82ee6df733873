"""The plan that pays for a job: instance, price and what is left of it. Qiskit-free with a visitor's broker.

With the installation's own key IBM's client is imported: call it in a process's main thread then.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from qlatent.hardware.ibm import access
from qlatent.settings import settings

FREE = ("free", "trial")
"""Price types of plans on which jobs cost nothing."""


def plan(broker: str = "") -> dict[str, Any]:
    """Instance, plan, pricing, whether it is free, and the QPU seconds of 28 days: consumed, limit, remaining.

    `limit` and `remaining` are None for plans without a limit; `fingerprint` is what jobs and budgets know the account
    by. Raises `KeyNeededError` without a key, and the cause if IBM does not answer.
    """
    told = _told(broker)
    instance, usage = told["instance"], told["usage"]
    limit, consumed = usage["limit"], usage["consumed"]
    return {
        "instance": instance["name"], "plan": instance["plan"], "pricing": instance["pricing"],
        "free": instance["pricing"] in FREE, "consumed": consumed, "limit": limit,
        "remaining": None if limit is None else max(limit - consumed, 0.0), "fingerprint": told["fingerprint"],
    }  # fmt: skip


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
