"""What the plan of an instance has left."""

from __future__ import annotations

from dataclasses import dataclass

from qlatent.hardware.ibm import causes
from qlatent.hardware.ibm.connection import Connection


@dataclass(frozen=True, slots=True)
class Usage:
    """QPU seconds of an instance in the last 28 days; `limit` and `remaining` are None for plans without a limit."""

    consumed: float
    limit: float | None
    reached: bool

    @property
    def remaining(self) -> float | None:
        """Seconds that are left."""
        return None if self.limit is None else max(self.limit - self.consumed, 0.0)


def usage(connection: Connection) -> Usage:
    """What the connection's instance has used; one request."""
    told = connection.answer(connection.client.cloud_usage)
    limit = told.get("usage_limit_seconds") or told.get("usage_allocation_seconds")
    return Usage(
        float(told.get("usage_consumed_seconds") or 0.0),
        None if limit is None else float(limit),
        bool(told.get("usage_limit_reached")),
    )


def require_time(connection: Connection) -> Usage:
    """The usage, or an error if nothing of the plan is left."""
    found = usage(connection)
    if found.reached or found.remaining == 0.0:
        raise causes.used_up(found.consumed, found.limit or found.consumed)
    return found
