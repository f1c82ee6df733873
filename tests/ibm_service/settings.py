"""What a test can switch: noise, accounts, instances, how jobs end, and which requests fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KEY = "Canary-0123456789-abcdefghijklmnopqrstuvwxyz-KEY"
"""A key that signs in; long, and of characters that a real one has."""

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/{account}:{name}::"


@dataclass
class Noise:
    """Sizes of the noise; see `execution.py` for what they do."""

    depolarising: float = 0.1
    one_for_zero: float = 0.02
    zero_for_one: float = 0.05
    pair_depolarising: float = 0.0


@dataclass
class Instance:
    """An instance of the service, its plan and what it has used."""

    name: str = "open-instance"
    account: str = "11111111111111111111111111111111"
    plan: str = "Open"
    pricing: str = "free"
    limit: int = 600
    consumed: float = 0.0
    allocated: bool = True  # instances without devices are left out by the client

    @property
    def crn(self) -> str:
        """Its Cloud Resource Name."""
        return CRN.format(account=self.account, name=self.name)

    @property
    def used_up(self) -> bool:
        """Whether nothing of the plan is left."""
        return self.consumed >= self.limit


@dataclass
class Fault:
    """What happens to the next `times` requests whose method and path match: a status, or no reply at all."""

    path: str  # a regular expression that the whole path matches
    status: int = 500
    method: str = ""  # any, if empty
    times: int = 1
    after: bool = False  # the request is carried out first: its reply is what is lost
    drop: bool = False  # the connection is closed instead of a reply
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Fault:
        """The fault that a document of an admin request describes."""
        return cls(**document)


@dataclass
class Jobs:
    """How jobs go."""

    hold: str = ""  # "Queued" or "Running": jobs go no further until it is empty
    endings: list[str] = field(default_factory=list)  # of the next jobs: "done", "failed", "too long"
    cut_results: int = 0  # how many replies have only half of a result
    pending_usage: int = 0  # how many requests for the usage of a job come before it is final
    most_executions: int = 10_000_000
