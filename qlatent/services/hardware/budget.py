"""The budget of an account: the most seconds of QPU time that this workspace uses in 28 days. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from qlatent.errors import InputError, RunError
from qlatent.services.hardware import usage
from qlatent.services.hardware.usage import DAYS
from qlatent.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds used in the last 28 days by jobs of this workspace, also removed ones, and the limit (None: none)."""

    account: str
    used: float
    limit: float | None

    @property
    def left(self) -> float | None:
        """Seconds that are left; None without a limit."""
        return None if self.limit is None else max(self.limit - self.used, 0.0)


def budget(workspace: Workspace, account: str, *, now: float, but: str = "") -> Budget:
    """The budget of an account (fingerprint), without the job `but` (id).

    A job that has not ended, or whose use is not known, counts with what it is expected to use.
    """
    jobs = usage.of_account(workspace, account, now=now)
    used = sum((state.counted for job, state in jobs.items() if job != but), 0.0)
    return Budget(account, used, workspace.catalogue.job_events.budget(account))


def set_budget(workspace: Workspace, account: str, seconds: float | None, *, now: float) -> None:
    """Set the budget of an account; None removes it, and a negative one raises `InputError`."""
    if seconds is not None and not seconds >= 0:
        raise InputError(
            f"A budget of {seconds:g} seconds cannot be set.", remedy="Use a number of seconds, 0 or more."
        )
    workspace.catalogue.job_events.set_budget(account, seconds, now=now)


def check(workspace: Workspace, account: str, *, seconds: float, now: float, but: str = "") -> Budget:
    """The budget, or `RunError` if a job (id `but`) of so many seconds would exceed it."""
    found = budget(workspace, account, now=now, but=but)
    if found.left is not None and seconds > found.left:
        raise RunError(
            f"The job needs about {seconds:.0f} s; {found.left:.0f} s of the budget of {found.limit:.0f} s in "
            f"{DAYS} days are left.",
            remedy="Use fewer items or shots, wait, or raise the budget.",
        )
    return found
