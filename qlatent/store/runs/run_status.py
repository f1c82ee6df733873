"""How far a run is, as its worker writes it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

STATES = ("queued", "running", "stopped", "finished", "failed", "interrupted")
ACTIVE = ("queued", "running")  # something will still happen without anybody's doing


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a run is. `rate` in steps/s; `heartbeat` and `process_started` in unix seconds."""

    state: str = "queued"
    step: int = 0
    steps: int = 0
    rate: float | None = None
    seconds_left: float | None = None
    pid: int | None = None
    process_started: float | None = None
    heartbeat: float | None = None
    error: str = ""
    remedy: str = ""  # what to do about the error
    attempt: int = 0
    phase: str = ""  # what is being done, where the steps do not say it

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"unknown state {self.state!r}; expected one of {', '.join(STATES)}")

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> RunStatus:
        """The status that a JSON object holds; what a newer version has added is left out."""
        return cls(**{key: value for key, value in document.items() if key in _FIELDS})


_FIELDS = {field.name for field in fields(RunStatus)}
