"""Each thing that can be wrong is told apart, and the key goes to the sign-in service alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from qlatent.errors import AbsentError, BusyError, InputError, QlatentError, RunError, UnavailableError
from qlatent.hardware.clock import Clock
from qlatent.hardware.ibm import account, devices
from qlatent.hardware.ibm.access import Access
from qlatent.hardware.ibm.connection import Connection
from qlatent.hardware.ibm.runner import IbmRunner
from qlatent.hardware.ibm.submitting import Submitter
from tests.hardware.ibm.conftest import ClockDouble, work_of
from tests.ibm_service.running import StandIn
from tests.ibm_service.settings import Instance

OTHER = Instance(name="other", account="2" * 32)


def assert_key_stayed(service: StandIn) -> None:
    """No request but those of the sign-in held a key."""
    assert service.requests
    assert not [r for r in service.requests if r["key"] or r["authorization"].lower() == "apikey"]


def test_a_connection_tells_instance_plan_and_usage(connection: Connection, service: StandIn) -> None:
    assert (connection.instance.plan, connection.instance.pricing) == ("open", "free")
    assert connection.instance.free and connection.instance.open
    used = account.usage(connection)
    assert (used.consumed, used.limit, used.remaining, used.reached) == (0, 600, 600, False)
    assert_key_stayed(service)


def test_a_wrong_key_is_told(service: StandIn) -> None:
    with pytest.raises(InputError, match=r"does not know this API key \(HTTP 400\)"):
        _ = Connection(Access("wrong", service.crn), url=service.url).instance
    assert [r["path"] for r in service.requests] == ["/identity/token"]


def test_a_sign_in_service_that_is_down_gets_no_key_sent_elsewhere(service: StandIn) -> None:
    service.fault("/identity/token", status=503, times=99)
    with pytest.raises(
        UnavailableError, match=r"sign-in service is not working \(HTTP 503\). The key is not"
    ):
        _ = Connection(Access(service.key, service.crn), url=service.url).instance
    assert {r["path"] for r in service.requests} == {"/identity/token"}


def test_a_sign_in_that_fails_later_ends_the_request(service: StandIn, connection: Connection) -> None:
    """The client would send the raw key to the Runtime instead of a token."""
    _ = connection.instance
    service.fault("/identity/token", status=503, times=99)
    with pytest.raises(UnavailableError, match="sign-in service is not working"):
        account.usage(connection)
    with pytest.raises(UnavailableError, match="sign-in service is not working"):
        _ = connection.service
        IbmRunner("test_ring", connection).estimate(work_of())
    assert_key_stayed(service)


def test_without_a_network_that_is_told(service: StandIn) -> None:
    with pytest.raises(UnavailableError, match="cannot be reached from this machine") as caught:
        _ = Connection(Access(service.key, service.crn), url="http://127.0.0.1:9").instance
    assert service.key not in str(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("instances", "wanted", "message"),
    [
        ([], "", "has no instance of IBM Quantum"),
        ([{"allocated": False}], "", "has no instance of IBM Quantum"),
        (
            [{}, {"name": "paid", "plan": "Flex", "pricing": "paid"}],
            "",
            r"No instance is chosen.*paid \(flex\)",
        ),
        ([{}], OTHER.crn, "does not have the instance 'crn:v1:.*it has open-instance"),
    ],
)
def test_an_instance_is_named_and_belongs_to_the_key(
    service: StandIn, instances: list[dict[str, Any]], wanted: str, message: str
) -> None:
    service.switch("instances", instances=instances)
    with pytest.raises(InputError, match=message):
        _ = Connection(Access(service.key, wanted), url=service.url).instance


def test_an_instance_can_be_named(service: StandIn) -> None:
    service.switch("instances", instances=[{}, {"name": "paid", "plan": "Flex", "pricing": "paid"}])
    chosen = Connection(Access(service.key, "paid"), url=service.url).instance
    assert chosen.crn == Instance(name="paid").crn and not chosen.free


def refused_token(service: StandIn) -> None:
    service.fault("/api/v1/.*", status=401, times=9)


def no_right(service: StandIn) -> None:
    service.fault("/api/v1/backends", status=403, times=9)


def retired(service: StandIn) -> None:
    service.switch("device", name="test_ring", retired=True)


def maintained(service: StandIn) -> None:
    service.switch("device", name="test_ring", status="paused")


def small(service: StandIn) -> None:
    service.switch("device", name="test_ring", qubits=2, edges=[[0, 1]])


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        (refused_token, UnavailableError, r"does not accept the sign-in of this key any more \(HTTP 401\)"),
        (no_right, InputError, "The key may not use this instance"),
        (retired, AbsentError, "has no device 'test_ring'; it has .*retired"),
        (maintained, UnavailableError, r"takes no jobs at present \(its status is 'paused'\)"),
        (small, InputError, "has 2 qubits, and the circuit needs 3"),
    ],
)
def test_causes_are_told_apart(
    service: StandIn, runner: IbmRunner, wrong: Any, kind: type[QlatentError], message: str
) -> None:
    wrong(service)
    with pytest.raises(kind, match=message):
        runner.estimate(work_of())
    assert service.jobs == []
    assert_key_stayed(service)


def test_a_refusal_by_the_service_is_told_in_its_words(service: StandIn, runner: IbmRunner) -> None:
    service.fault("/api/v1/jobs", method="POST", status=400)
    with pytest.raises(RunError, match=r"IBM refused \(HTTP 400\).*A fault of the stand-in"):
        runner.submit(work_of(), tag="refused")


def test_one_503_is_repeated_by_the_client(service: StandIn, connection: Connection) -> None:
    _ = connection.client
    service.fault("/api/v1/instances/usage", status=503)
    assert account.usage(connection).remaining == 600


@pytest.mark.slow  # the client repeats the request for half a minute
def test_a_service_in_maintenance_is_told(service: StandIn, connection: Connection) -> None:
    _ = connection.client
    service.fault("/api/v1/.*", status=503, times=99)
    with pytest.raises(UnavailableError, match=r"service is not working at present \(HTTP 503\)"):
        account.usage(connection)


QUESTIONS: dict[str, Callable[[Connection], object]] = {
    "/api/v1/instances/usage": account.usage,
    "/api/v1/backends": devices.listed,
    "/api/v1/backends/test_line/properties": lambda connection: devices.calibration(connection, "test_line"),
    "/api/v1/jobs": lambda connection: Submitter(connection, Clock()).search("tag"),
}


@pytest.mark.parametrize("path", QUESTIONS)
def test_requests_are_repeated_as_late_as_the_service_asks(
    service: StandIn, connection: Connection, clock: ClockDouble, path: str
) -> None:
    _ = connection.client
    service.fault(path, status=429, headers={"Retry-After": "7"})
    expected = QUESTIONS[path](connection)
    assert clock.waits == [7.0] and QUESTIONS[path](connection) == expected
    for headers, later in (({"Retry-After": "120"}, "in 120 seconds"), ({}, "in a minute")):
        service.fault(path, status=429, headers=headers)
        with pytest.raises(BusyError, match=f"fewer requests .*Try again {later}"):
            QUESTIONS[path](connection)
    assert clock.waits == [7.0]  # nobody waits for minutes without a word
    service.fault(path, status=429, headers={"Retry-After": "1"}, times=9)
    with pytest.raises(BusyError) as caught:
        QUESTIONS[path](connection)
    assert caught.value.seconds == 1.0 and clock.waits == [7.0, 1.0, 1.0]


def test_a_time_of_day_to_ask_again_is_read(service: StandIn, connection: Connection) -> None:
    _ = connection.client
    at = format_datetime(datetime.now(UTC) + timedelta(minutes=3), usegmt=True)
    service.fault("/identity/token", status=429, headers={"Retry-After": at})
    with pytest.raises(BusyError) as caught:
        _ = Connection(Access(service.key, service.crn), url=service.url).instance
    assert caught.value.seconds == pytest.approx(180, abs=5)


def test_a_busy_service_is_asked_again_before_a_device_is_read(
    service: StandIn, runner: IbmRunner, clock: ClockDouble
) -> None:
    service.fault("/api/v1/backends/test_ring/.*", status=429, headers={"Retry-After": "3"}, times=2)
    assert runner.estimate(work_of()).parts == 1 and clock.waits == [3.0, 3.0]


def test_devices_are_listed_by_one_request(service: StandIn, connection: Connection) -> None:
    service.switch("device", name="test_line", status="paused")
    _ = connection.client
    before = len(service.requests)
    found = devices.listed(connection)
    assert [(d.name, d.qubits, d.queue, d.online) for d in found] == [
        ("test_lattice", 144, 0, True),
        ("test_ring", 12, 3, True),
        ("test_line", 8, 1, False),
    ]
    paths = [r["path"] for r in service.requests[before:]]
    assert [path for path in paths if path != "/identity/token"] == ["/api/v1/backends"]


def test_a_calibration_has_errors_by_qubit_and_pair(service: StandIn, connection: Connection) -> None:
    found = devices.calibration(connection, "test_line")
    assert found.readout == pytest.approx([0.035] * 8)
    assert sorted(found.pairs) == [(q, q + 1) for q in range(7)]
    assert (found.median_pair, found.single) == pytest.approx((0.004, 0.0003))
    assert datetime.fromisoformat(found.time) < datetime.now(UTC)
    service.switch("device", name="test_line", calibrations=2)
    later = devices.calibration(connection, "test_line")
    assert datetime.fromisoformat(later.time) == datetime.fromisoformat(found.time) + timedelta(hours=1)
    with pytest.raises(
        AbsentError, match=r"has no device 'nowhere'; it has test_lattice, test_line, test_ring"
    ):
        devices.calibration(connection, "nowhere")
    before = datetime.fromisoformat(found.time) + timedelta(minutes=1)
    assert devices.calibration(connection, "test_line", before=before) == found
