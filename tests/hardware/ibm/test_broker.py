"""A visitor's key in a process of its own: whole jobs through it, and the key found nowhere else."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from qlatent.circuits.layouts import qssl_ring
from qlatent.errors import AbsentError, InputError, KeyNeededError, QlatentError
from qlatent.hardware import qiskit_process
from qlatent.hardware.ibm.access import Access
from qlatent.hardware.ibm.brokered import BrokerRunner, KeyHolder, ask
from qlatent.hardware.ibm.opening import open_ibm
from qlatent.hardware.ibm.runner import IbmRunner
from tests.hardware.ibm.conftest import work_of
from tests.ibm_service.running import StandIn

pytestmark = pytest.mark.slow  # each starts processes of its own


@pytest.fixture(scope="module")
def started_before() -> set[int]:
    """Processes that tests of other files started here and left, some with the same key in their environment."""
    return {process.pid for process in psutil.Process().children(recursive=True)}


@pytest.fixture(scope="module")
def holder(stand_in: StandIn, started_before: set[int]) -> Iterator[KeyHolder]:
    """One broker for the tests that do not end it: it imports Qiskit with its first job."""
    stand_in.switch("reset")
    started = KeyHolder(Access(stand_in.key, stand_in.crn), url=stand_in.url)
    yield started
    started.forget()


def processes_with(text: str, started_before: set[int]) -> list[str]:
    """The files of /proc that tell arguments or environment with this text, of this process and those begun here."""
    found = []
    own = psutil.Process()
    for process in (own, *(each for each in own.children(recursive=True) if each.pid not in started_before)):
        for path in (Path(f"/proc/{process.pid}/cmdline"), Path(f"/proc/{process.pid}/environ")):
            try:
                if text.encode() in path.read_bytes():
                    found.append(str(path))
            except OSError:  # it has ended
                continue
    return found


def test_a_job_goes_through_the_broker_and_its_key_nowhere(
    service: StandIn,
    holder: KeyHolder,
    started_before: set[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    runner = open_ibm("test_ring", holder.folder)
    work = work_of(mitigation="readout")
    estimate = runner.estimate(work)
    handle = runner.submit(work, tag="brokered")
    assert runner.find("brokered") == handle
    service.settle()
    assert runner.poll(handle).state == "done"
    outcome = runner.fetch(handle)
    assert estimate.circuits == 3 and outcome.expectations.shape == (4, 3)
    assert np.isfinite(outcome.errors).all() and outcome.counts.dtype == np.int64
    runner.cancel(handle)
    kept = [path for path in [*holder.folder.rglob("*"), *tmp_path.rglob("*")] if path.is_file()]
    assert not [path for path in kept if service.key.encode() in path.read_bytes()]
    assert processes_with(service.key, started_before) == []
    assert service.key not in "".join(capfd.readouterr())
    assert service.key not in str(service.jobs) and service.key not in handle
    assert not any(request["key"] for request in service.requests)


def test_the_circuit_of_each_level_is_the_one_that_a_job_sends(
    service: StandIn, holder: KeyHolder, runner: IbmRunner
) -> None:
    work = work_of()
    told = holder.levels(work.circuit, None, work.weights, device="test_ring", seed=3)
    assert told["device"] == "test_ring"
    for each in qiskit_process.read(told).levels:
        asked = replace(work, options=replace(work.options, optimization_level=each.level, seed=3))
        (sent,) = runner._prepared(asked).sent(0, len(work))
        gates = [step for step in sent.circuit.data if len(step.qubits) == 2]
        used = {tuple(sorted(sent.circuit.find_bit(bit).index for bit in step.qubits)) for step in gates}
        assert each.pair_gates == len(gates) > 0 and each.pairs == tuple(sorted(used))
        read = [step.qubits[0] for step in sent.circuit.data if step.operation.name == "measure"]
        assert each.end == tuple(sent.circuit.find_bit(bit).index for bit in read)
    with pytest.raises(QlatentError, match="8 qubits"):
        holder.levels(qssl_ring(9, 1), None, np.zeros(18), device="test_line")


def test_the_page_is_told_of_account_and_devices(service: StandIn, holder: KeyHolder) -> None:
    told = holder.account()
    assert told["instance"]["plan"] == "open" and told["usage"]["limit"] == 600
    assert [each["name"] for each in holder.instances()] == ["open-instance"]
    assert {each["name"] for each in holder.devices()} == {"test_ring", "test_line", "test_lattice"}
    assert holder.device("test_line")["pairs"][0] == [0, 1, pytest.approx(0.004)]
    assert BrokerRunner("test_line", holder.folder).calibration() == holder.device("test_line")["time"]


def test_errors_come_through(service: StandIn, holder: KeyHolder) -> None:
    with pytest.raises(AbsentError, match="has no device 'nowhere'"):
        BrokerRunner("nowhere", holder.folder).estimate(work_of())
    with pytest.raises(RuntimeError, match="unknown task 'dance'"):
        ask(holder.folder, "dance")


def test_only_this_user_reaches_the_broker(holder: KeyHolder) -> None:
    assert stat.S_IMODE(holder.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((holder.folder / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("end", ["forget", "terminate"])
def test_a_broker_that_ended_needs_the_key(service: StandIn, end: str) -> None:
    started = KeyHolder(Access("wrong-key", service.crn), url=service.url)
    with pytest.raises(InputError, match="does not know this API key"):
        started.account()
    if end == "forget":
        started.forget()
    else:
        os.kill(started._process.pid, signal.SIGTERM)
        started._process.wait(10)
    assert not started.alive and not started.folder.exists()
    with pytest.raises(KeyNeededError, match="The key of this job is gone"):
        BrokerRunner("test_ring", started.folder).poll("{}")
    started.forget()


def test_without_any_key_one_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyNeededError, match="need an API key"):
        open_ibm("test_ring")
