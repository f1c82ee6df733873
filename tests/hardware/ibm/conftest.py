"""The stand-in of IBM's service, one process for all tests of this folder, as at its start for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from qlatent.circuits import layouts
from qlatent.hardware.clock import Clock
from qlatent.hardware.ibm import access
from qlatent.hardware.ibm.access import Access
from qlatent.hardware.ibm.connection import Connection
from qlatent.hardware.ibm.runner import IbmRunner, Limits
from qlatent.hardware.work import RunOptions, Work
from tests.ibm_service.running import StandIn

RING = layouts.qssl_ring(qubits=3, layers=1)


class ClockDouble(Clock):
    """A clock that does not wait: time goes on by what was asked for, and that is noted."""

    def __init__(self) -> None:
        self.time, self.waits = 0.0, []

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    """The process."""
    running = StandIn()
    yield running
    running.close()


@pytest.fixture
def service(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in without jobs, faults and switches; no address of this process points at it afterwards."""
    for name in access.ADDRESSES:
        monkeypatch.setenv(name, stand_in.url)
    stand_in.switch("reset")
    return stand_in


@pytest.fixture
def clock() -> ClockDouble:
    return ClockDouble()


@pytest.fixture
def connection(service: StandIn, clock: ClockDouble) -> Connection:
    return Connection(Access(service.key, service.crn), url=service.url, clock=clock)


@pytest.fixture
def runner(connection: Connection, clock: ClockDouble) -> IbmRunner:
    return IbmRunner("test_ring", connection, clock=clock)


@pytest.fixture
def in_parts(connection: Connection, clock: ClockDouble) -> Callable[[int], IbmRunner]:
    """A runner whose jobs may hold so many executions."""
    return lambda most: IbmRunner("test_ring", connection, clock=clock, limits=Limits(most))


def work_of(items: int = 4, **options: object) -> Work:
    """Items of a small ring with fixed weights and angles."""
    rng = np.random.default_rng(7)
    angles = rng.uniform(0, np.pi, (items, RING.inputs))
    return Work(RING, rng.uniform(-1, 1, RING.weights), angles, RunOptions(**{"shots": 100, **options}))  # type: ignore[arg-type]
