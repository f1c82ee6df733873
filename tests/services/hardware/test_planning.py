"""A request as JSON, and the estimate of the process that keeps Qiskit loaded."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from qlatent.hardware.work import RunOptions
from qlatent.services.hardware import planning
from qlatent.services.hardware.requests import HardwareRequest
from qlatent.services.selections.definitions import Ids
from tests.services.hardware.executing import furnished

ASKED = HardwareRequest(
    "h1", "pairs", "shots", "image", "given", 5, Ids(ids=("item-003", "absent")), RunOptions(shots=64), True, "c0ffee"
)  # fmt: skip


def test_a_request_survives_as_json() -> None:
    assert planning.request_of(json.loads(json.dumps(planning.document(ASKED)))) == ASKED


@pytest.mark.slow
def test_a_thread_gets_its_estimate_from_another_process(tmp_path: Path) -> None:
    workspace, head = furnished(tmp_path / "workspace")
    asked = HardwareRequest(head, "pairs", "shots", definition=Ids(ids=("item-003", "absent")))
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(planning.estimate(workspace, asked)))
    thread.start()
    thread.join()
    here = planning.estimate(workspace, asked)
    assert isinstance(found[0], dict)
    assert (found[0]["items"], found[0]["unknown"], found[0]["executions"]) == (1, 1, 1024)
    same = ("circuits", "executions", "pair_gates", "depth", "standard_error")
    assert {name: found[0][name] for name in same} == {name: here[name] for name in same}
