"""`qlatent hardware` on a device of IBM's, against the stand-in of the service.

Commands that start a worker, meet no network or write a file are processes of their own, and so are the workers. The
others run in this process: each of their processes would take seven seconds to load torch and Qiskit.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qlatent.cli import main
from qlatent.hardware.ibm import access
from qlatent.services.hardware import listing
from qlatent.services.runs import launchers
from qlatent.services.workspaces import open_workspace
from qlatent.settings import settings
from tests.ibm_service.running import StandIn
from tests.launchers import LauncherDouble
from tests.services.hardware.executing import furnished

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
REFUSING = "http://127.0.0.1:9"  # nobody listens there


@dataclass
class Installation:
    """A workspace with a head, in an environment that has a key and points at the stand-in."""

    service: StandIn
    folder: Path
    head: str
    environment: dict[str, str]

    def process(self, *options: str, **environment: str) -> dict[str, Any]:
        """The document that a command prints in a process of its own."""
        found = subprocess.run(
            [sys.executable, "-m", *self._command(options)], env=self.environment | environment, cwd=self.folder,
            capture_output=True, timeout=240, check=False,
        )  # fmt: skip
        return self._told(found.returncode, found.stdout.decode(), found.stderr.decode())

    def run(self, *options: str, code: int = 0) -> dict[str, Any]:
        """The document that a command prints in this process."""
        out, err = io.StringIO(), io.StringIO()
        sys.argv, ended = self._command(options), 0
        with launchers.using(LauncherDouble()), redirect_stdout(out), redirect_stderr(err):
            try:
                main()
            except SystemExit as exit_:
                ended = int(exit_.code or 0)
        return self._told(ended, out.getvalue(), err.getvalue(), code=code)

    def _command(self, options: Sequence[str]) -> list[str]:
        return ["qlatent", "hardware", *options, "--workspace", str(self.folder), "--json"]

    def _told(self, ended: int, out: str, err: str, *, code: int = 0) -> dict[str, Any]:
        assert ended == code, err
        assert self.service.key not in out + err
        told: dict[str, Any] = json.loads(out)
        return told

    def until(self, job: str, state: str) -> dict[str, Any]:
        """What `status` says of a job once its worker has brought it into this state."""
        deadline = time.monotonic() + 240
        with open_workspace(self.folder) as workspace:
            while listing.job(workspace, job).state != state and time.monotonic() < deadline:
                time.sleep(0.05)
        told = self.run("status", job)
        assert told["state"] == state, told
        return told


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("cli-ibm") / "workspace"
    workspace, head = furnished(folder)
    workspace.close()
    running = StandIn()
    told = {
        "PYTHONPATH": str(ROOT), "HOME": str(folder), "QLATENT_IBM_URL": running.url, "QISKIT_IBM_TOKEN": running.key,
        "QISKIT_IBM_INSTANCE": "open-instance", "QLATENT_HARDWARE_POLL_RUNNING": "0.05",
        "QLATENT_HARDWARE_POLL_QUEUED": "0.05",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name in access.ADDRESSES:  # the client of this process sets them
            patch.setenv(name, running.url)
        for name, text in told.items():
            patch.setenv(name, text)
        patch.setattr(sys, "argv", [])
        settings.cache_clear()
        yield Installation(running, folder, head, dict(os.environ))
    settings.cache_clear()
    running.close()


def test_a_job_from_the_list_of_devices_to_its_table(here: Installation, tmp_path: Path) -> None:
    service = here.service
    found = here.run("devices")["devices"]
    assert [each["name"] for each in found[:3]] == ["test_lattice", "test_line", "test_ring"]
    assert (found[1]["kind"], found[1]["qubits"], found[1]["queue"], found[1]["online"]) == (
        "device",
        8,
        1,
        True,
    )
    asked = (
        here.head, "pairs", "--device", "test_line", "--modality", "image", "--items", "64", "--shots", "1024",
        "--mitigation", "readout",
    )  # fmt: skip
    told = here.run("estimate", *asked)
    assert (told["items"], told["circuits"], told["parts"], told["remote"]) == (40, 3, 1, True)  # all of 40
    assert told["executions"] == 42 * 1024 and told["seconds"] == pytest.approx(2 + 0.00035 * 42 * 1024)
    assert (told["account"]["instance"], told["account"]["free"]) == ("open-instance", True)

    service.switch("jobs", hold="Queued", pending_usage=4)
    job = here.process("submit", *asked, "--yes")["job"]
    assert (
        here.until(job, "queued")["queue"] == 1
    )  # and nothing of it was computed before the command returned
    assert here.run("submit", *asked, "--yes")["job"] == job  # the same job is not paid twice
    service.switch("jobs", hold="")
    ended = here.until(job, "done")
    assert (ended["done"], ended["items"], ended["shots"], ended["waits_for"]) == (40, 40, 1024, "")
    out = tmp_path / "latents.parquet"
    fetched = here.process("fetch", job, "--out", str(out))
    assert fetched["rows"] == 40 and fetched["slope"] == pytest.approx(
        0.9, abs=0.05
    )  # the gates' noise is left
    table = pd.read_parquet(out)
    assert list(table) == ["id", "qubit_0", "qubit_0_error", "qubit_1", "qubit_1_error"]
    assert np.isfinite(table.drop(columns="id")).all(axis=None) and (table["qubit_0_error"] > 0).all()
    assert here.run("estimate", *asked)["known"] == 40

    service.switch("jobs", hold="Queued")
    other = here.process("submit", here.head, "pairs", "--device", "test_ring", "--items", "4", "--yes")[
        "job"
    ]
    here.until(other, "queued")
    here.run("cancel", other)
    here.until(other, "cancelled")
    assert [each["status"] for each in service.jobs] == ["Completed", "Cancelled"]
    listed = here.run("jobs")["jobs"]
    assert [(each["job"], each["state"]) for each in listed] == [(other, "cancelled"), (job, "done")]
    final = listed[1]
    assert final["seconds_final"] and final["seconds"] == pytest.approx(told["seconds"])
    files = [each for each in here.folder.rglob("*") if each.is_file()]
    assert files and not [each for each in files if service.key.encode() in each.read_bytes()]


def test_what_is_wrong_is_told_with_the_next_step(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = here.process("devices", QLATENT_IBM_URL=REFUSING)
    assert "cannot be reached" in found["problem"] and "Check the network" in found["problem"]
    assert {"exact", "twin:fake_fez"} <= {each["name"] for each in found["devices"]}
    asked = ("estimate", here.head, "pairs", "--device")
    for device, key, said in (
        ("test_line", "", "need an API key"),
        ("test_nowhere", here.service.key, "has no device 'test_nowhere'"),
    ):
        monkeypatch.setenv("QISKIT_IBM_TOKEN", key)
        error = here.run(*asked, device, code=1)["error"]
        assert said in error["message"] and error["remedy"], error
    split = here.run(*asked, "test_line", "--shots", "600000")
    assert (split["parts"], split["executions"]) == (3, 40 * 600_000)  # more than one job may hold
    with open_workspace(here.folder) as workspace:
        assert len(workspace.catalogue.runs()) == 2  # of the test before; nothing was queued
