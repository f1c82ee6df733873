"""Qiskit's own process: the same answers from any thread, and what happens when it dies, hangs or is left behind."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

pytest.importorskip("qiskit_ibm_runtime", reason="needs requirements.txt")
from qiskit import qpy

from qlatent.circuits.bridges import to_qiskit
from qlatent.circuits.layouts import amplitude, qssl_ring
from qlatent.companion import Companion
from qlatent.errors import CircuitError, InputError, UnavailableError
from qlatent.hardware import qiskit_process, snapshots
from qlatent.hardware.local.noisy import NoisyTwin
from qlatent.hardware.work import RunOptions, Work

CIRCUIT = qssl_ring(3, 2)
VISITORS = """
import json, os, sys, threading
from qlatent.circuits.layouts import qssl_ring
from qlatent.hardware import qiskit_process
from qlatent.services.circuits import circuits
view, found = circuits.of_layout("qssl_ring", qubits=3, layers=2), []
def visit(layers):
    own = circuits.of_layout("qssl_ring", qubits=3, layers=layers)  # another circuit: nothing is kept of it
    found.append([circuits.exported(own, name)[:6].decode() for name in ("qasm3", "qpy")])
for turn in range(8):
    threads = [threading.Thread(target=visit, args=(1 + turn,)) for _ in range(1 if turn < 4 else 3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
pid = qiskit_process._helper.process.pid
child = os.fork()
if not child:
    qiskit_process.exported(qssl_ring(2, 1), "qpy")
    own = qiskit_process._helper.process.pid
    qiskit_process._helper.close()
    os._exit(0 if own != pid else 1)
forked = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
qiskit_process.exported(qssl_ring(2, 2), "qpy")
again = qiskit_process._helper.process.pid == pid
print(json.dumps([found, "qiskit" in sys.modules, forked, again, pid]), flush=True)
threading.Event().wait()
"""


@pytest.fixture
def started() -> Iterator[Callable[..., Companion]]:
    """Helpers of one's own, ended with the test."""
    made: list[Companion] = []

    def start(patience: float = 60) -> Companion:
        made.append(Companion("qlatent.hardware.qiskit_worker", name="Qiskit", patience=patience))
        return made[-1]

    yield start
    for helper in made:
        helper.close()


def asked(helper: Companion) -> object:
    return helper.ask("qasm3", {"circuit": CIRCUIT.to_json(), "inputs": None})


def pid(helper: Companion) -> int:
    assert helper.process is not None
    return helper.process.pid


def test_the_answers_are_those_of_this_process() -> None:
    assert qiskit_process.exported(CIRCUIT, "qasm3").decode() == to_qiskit.qasm3(CIRCUIT)
    (back,) = qpy.load(io.BytesIO(qiskit_process.exported(CIRCUIT, "qpy")))
    assert [p.name for p in back.parameters] == [
        p.name for p in to_qiskit.quantum_circuit(CIRCUIT).parameters
    ]
    row = np.arange(1.0, 9.0)
    assert qiskit_process.exported(amplitude(3, 1), "qasm3", row).decode() == to_qiskit.qasm3(
        amplitude(3, 1), row
    )
    assert qiskit_process.devices() == list(snapshots.names())


def test_a_device_measures_what_its_twin_does() -> None:
    x, w = np.arange(1.0, 4.0), np.linspace(0, 2, CIRCUIT.weights)
    found = qiskit_process.on_device(CIRCUIT, x, w, device="lima")
    session = NoisyTwin(Work(CIRCUIT, w, x[None], RunOptions(shots=0)), device="lima", seed=0)
    np.testing.assert_allclose(found.values, session.measure(range(1)).expectations[0], atol=1e-9)
    assert found.pair_gates > 12 and found.device == "fake_lima" and found.calibrated[:2] == "20"
    with pytest.raises(InputError, match="The circuit has 6 qubits, fake_lima has 5"):
        qiskit_process.on_device(qssl_ring(6, 1), np.zeros(6), np.zeros(12), device="lima")


def test_what_people_can_cause_arrives_as_it_was_raised_and_a_bug_with_its_traceback() -> None:
    with pytest.raises(InputError, match=r"no snapshot of a device 'nowhere'\. Known: .*fez"):
        qiskit_process.on_device(CIRCUIT, np.zeros(3), np.zeros(12), device="nowhere")
    with pytest.raises(CircuitError, match=r"amplitudes.* pass inputs=row"):
        qiskit_process.exported(amplitude(2, 1), "qpy")
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*KeyError: 'tea'"):
        qiskit_process.ask("tea")


def test_callers_in_several_threads_share_one_process(started: Callable[..., Companion]) -> None:
    helper = started()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: (asked(helper), pid(helper)), range(8)))
    assert len(set(answers)) == 1


@pytest.mark.slow
def test_a_dead_process_is_begun_anew_even_in_the_middle_of_a_question(
    started: Callable[..., Companion],
) -> None:
    helper = started()
    wanted, first = asked(helper), pid(helper)
    os.kill(first, signal.SIGKILL)
    assert asked(helper) == wanted
    second = pid(helper)
    os.kill(second, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(asked, helper)
        psutil.Process(second).kill()
        assert answer.result(60) == wanted
    assert len({first, second, pid(helper)}) == 3


def test_one_that_dies_at_every_question_is_told(
    started: Callable[..., Companion], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "qiskit.py").write_text("import os; os.abort()", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="ended 2 times without an answer"):
        asked(started())


@pytest.mark.slow
def test_one_that_hangs_is_ended_and_the_next_question_has_another(started: Callable[..., Companion]) -> None:
    helper = started()
    asked(helper)
    first = pid(helper)
    helper.patience = 0.2
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(UnavailableError, match=r"did not answer within 0\.2 seconds\. Try again"):
        asked(helper)
    assert not psutil.pid_exists(first)
    helper.patience = 60
    assert asked(helper)


def test_waiting_for_ones_turn_has_an_end(started: Callable[..., Companion]) -> None:
    helper = started(patience=0.1)
    with helper._turn, pytest.raises(UnavailableError, match=r"did not answer within 0\.1 seconds"):
        asked(helper)


def test_without_qiskit_its_name_is_said(
    started: Callable[..., Companion], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "qiskit.py").write_text("raise ModuleNotFoundError('qiskit')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"pip install -r requirements\.txt"):
        asked(started())


@pytest.mark.slow
def test_visitors_whose_threads_end_do_not_end_the_server_and_its_end_ends_the_worker() -> None:
    """Qiskit imported in a thread that ends was a SIGSEGV at the second visit."""
    with subprocess.Popen([sys.executable, "-c", VISITORS], stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert line, f"the server ended with {server.wait()}"
        finally:
            server.kill()
    found, in_the_server, forked, again, worker = json.loads(line)
    assert found == [["OPENQA", "QISKIT"]] * 16
    assert (in_the_server, forked, again) == (False, 0, True)
    left = [psutil.Process(worker)] if psutil.pid_exists(worker) else []
    assert not psutil.wait_procs(left, 20)[1]
