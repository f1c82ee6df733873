"""A visitor's key and the installation's, each in a process of its own, and jobs that wait for a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import ConfigError, InputError, KeyNeededError
from qlatent.hardware.clock import Clock
from qlatent.hardware.ibm import access
from qlatent.hardware.opening import open_runner
from qlatent.services.hardware import keys, listing, results
from qlatent.services.hardware.keys import Key
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from tests.ibm_service.running import StandIn
from tests.services.hardware.executing import carried_out, furnished, queued, request

pytestmark = pytest.mark.slow  # each key has a process of its own, which imports IBM's client


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    running = StandIn()
    yield running
    running.close()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    workspace, head = furnished(tmp_path_factory.mktemp("ibm") / "workspace")
    with workspace:
        yield workspace, head


@pytest.fixture(autouse=True)
def on_the_stand_in(service: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    service.switch("reset")
    for name in access.ADDRESSES:
        monkeypatch.setenv(name, service.url)
    monkeypatch.setenv("QLATENT_IBM_URL", service.url)
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Clock, "wait", lambda *_: None)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="module")
def held() -> Iterator[list[Key]]:
    used: list[Key] = []
    yield used
    for key in used:
        key.forget()


def assert_nowhere(secret: str, folder: Path) -> None:
    """No file of a workspace has the secret in it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files and not [path for path in files if secret.encode() in path.read_bytes()]


def test_a_visitor_s_job_waits_for_the_key_and_goes_on_with_a_new_one(
    service: StandIn, stored: tuple[Workspace, str], held: list[Key]
) -> None:
    workspace, head = stored
    first, account = keys.entered(service.key, "open-instance")
    held.append(first)
    assert (account.plan, account.free, account.remaining) == ("open", True, 600)
    assert [each.name for each in keys.devices(first)] == ["test_lattice", "test_line", "test_ring"]
    job = queued(workspace, request(head, device="test_ring", account=account.fingerprint))

    def forgets() -> bool:  # the key goes once the job is submitted
        if service.jobs and first.alive:
            first.forget()
        return False

    service.switch("jobs", hold="Queued")
    runner = open_runner("test_ring", access=Path(first.broker))
    state, _ = carried_out(workspace, job, runner, stop=forgets)
    assert state == "stopped" and listing.job(workspace, job).job.needs_key
    assert len(service.jobs) == 1
    service.switch("jobs", hold="")
    service.settle()
    second, again = keys.entered(service.key, service.crn)
    held.append(second)
    assert again.fingerprint == account.fingerprint
    state, _ = carried_out(workspace, job, open_runner("test_ring", access=Path(second.broker)))
    assert (state, len(service.jobs)) == ("finished", 1)
    table = results.table(workspace, job)
    assert len(table) == 8 and np.isfinite(table.drop(columns="id").to_numpy(dtype=float)).all()
    assert_nowhere(service.key, workspace.path)


def test_the_installation_s_key_needs_no_visitor(
    service: StandIn, stored: tuple[Workspace, str], held: list[Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, head = stored
    with pytest.raises(KeyNeededError, match="no device 'test_line' on this machine"):
        open_runner("test_line")
    assert keys.installed() is None
    monkeypatch.setenv("QISKIT_IBM_TOKEN", service.key)
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", "open-instance")
    key = keys.installed()
    assert key is not None and key.broker == "" and keys.installed() is key  # one process
    held.append(key)
    assert "QISKIT_IBM_TOKEN" in key.source
    device = keys.calibrated(key, keys.devices(key)[1])
    assert (device.name, device.queue) == ("test_line", 1)
    assert (device.pair_error, device.readout_error) == pytest.approx((0.004, 0.035))
    assert len(keys.coupling(key, "test_line").pairs) == 7
    asked = request(head, device="test_line")
    job = queued(workspace, asked)

    def settles() -> bool:  # asked between two questions about the job
        service.settle()
        return False

    state, _ = carried_out(workspace, job, open_runner("test_line"), stop=settles)
    assert state == "finished"
    assert_nowhere(service.key, workspace.path)
    again = queued(workspace, asked)
    carried_out(workspace, again, open_runner("test_line"))
    assert len(service.jobs) == 1  # measured already: nothing is paid twice


def test_a_key_that_opens_nothing_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys.stand_in().startswith("http://127.0.0.1:")
    with pytest.raises(InputError, match="does not know this API key"):
        keys.entered("wrong", "open-instance")
    monkeypatch.setenv("QLATENT_IBM_URL", "http://example.org")
    settings.cache_clear()
    with pytest.raises(ConfigError, match="is not an address of this machine"):
        keys.entered("wrong", "open-instance")
