"""`qlatent hardware` as people and programs use it; workers run in this process."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from qlatent.cli import main
from qlatent.services.heads import kept_heads
from qlatent.services.workspaces import open_workspace
from tests.carried_out import in_process
from tests.services.fitted_head import vectors
from tests.services.hardware.executing import furnished


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a workspace, and its head."""
    folder = tmp_path_factory.mktemp("hardware-cli") / "workspace"
    workspace, head = furnished(folder)
    workspace.close()
    return folder, head


def run(*options: str, workspace: Path | None = None) -> int:
    sys.argv = ["qlatent", "hardware", *options, *(["--workspace", str(workspace)] if workspace else [])]
    try:
        with in_process():
            main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def told(capsys: pytest.CaptureFixture[str], *options: str, workspace: Path | None = None) -> dict[str, Any]:
    assert run(*options, "--json", workspace=workspace) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_devices_are_listed_without_an_account(capsys: pytest.CaptureFixture[str]) -> None:
    found = {each["name"]: each for each in told(capsys, "devices")["devices"]}
    assert {"exact", "shots", "twin:fake_fez"} <= found.keys()
    paris = found["twin:fake_paris"]
    assert (paris["qubits"], paris["calibrated"][:4]) == (27, "2021")
    assert paris["pair_error"] == pytest.approx(0.013, abs=5e-4)  # the median of its snapshot
    assert "twin:fake_kyoto" not in found  # half of its gates failed on that day


def test_a_job_is_estimated_submitted_looked_at_and_fetched(
    capsys: pytest.CaptureFixture[str], place: tuple[Path, str], tmp_path: Path
) -> None:
    folder, head = place
    asked = (head, "pairs", "--device", "exact", "--modality", "image", "--items", "12")
    estimate = told(capsys, "estimate", *asked, workspace=folder)
    assert (estimate["items"], estimate["known"], estimate["circuits"]) == (12, 0, 1)
    assert estimate["seconds"] > 0 and estimate["payload_bytes"] >= 0

    job = told(capsys, "submit", *asked, "--yes", workspace=folder)["job"]
    status = told(capsys, "status", job, workspace=folder)
    assert (status["state"], status["done"], status["items"], status["seen"]) == ("done", 12, 12, False)
    out = tmp_path / "latents.parquet"
    fetched = told(capsys, "fetch", job, "--out", str(out), workspace=folder)
    assert fetched["rows"] == 12 and fetched["slope"] == pytest.approx(1.0, abs=1e-4)
    table = pd.read_parquet(out)
    assert list(table) == ["id", "qubit_0", "qubit_0_error", "qubit_1", "qubit_1_error"]
    rows = [int(each.removeprefix("item-")) for each in table["id"]]
    with open_workspace(folder) as workspace:
        expected = kept_heads.transform(workspace, head, {"image": vectors()["image"][rows]})["image"]
    np.testing.assert_allclose(table[["qubit_0", "qubit_1"]], expected, atol=1e-5)

    sys.argv = ["qlatent", "export", job, "--out", str(tmp_path / "same.csv"), "--workspace", str(folder)]
    with pytest.raises(SystemExit):
        main()
    assert "→" in capsys.readouterr().out
    np.testing.assert_allclose(pd.read_csv(tmp_path / "same.csv")["qubit_1"], table["qubit_1"])

    listed = told(capsys, "jobs", workspace=folder)["jobs"]
    assert [(each["job"], each["device"], each["seen"]) for each in listed] == [(job, "exact", True)]
    assert told(capsys, "estimate", *asked, workspace=folder)["known"] == 12


def test_a_job_is_submitted_only_after_a_yes(
    capsys: pytest.CaptureFixture[str], place: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, head = place
    asked = ("submit", head, "pairs", "--device", "shots", "--items", "5", "--shots", "64")
    monkeypatch.setattr("typer.confirm", lambda text, err: False)
    assert run(*asked, workspace=folder) == 1
    said = capsys.readouterr().err
    assert "shots: 5 items, 64 shots, mitigation none" in said and "± 0.125 standard error" in said
    before = len(told(capsys, "jobs", workspace=folder)["jobs"])
    monkeypatch.setattr("typer.confirm", lambda text, err: True)
    assert run(*asked, workspace=folder) == 0
    assert "5 items on shots, done" in capsys.readouterr().out
    assert len(told(capsys, "jobs", workspace=folder)["jobs"]) == before + 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("status", "r0"), "There is no job 'r0'"),
        (("cancel", "r0"), "There is no job 'r0'"),
        (("fetch", "r0", "--out", "x.png"), "got the extension '.png'"),
        (("submit", "HEAD", "pairs", "--device", "twin:fake_pari", "--yes"), "no snapshot of a device 'fake_pari'"),
        (("submit", "HEAD", "nothing", "--device", "exact", "--yes"), "no dataset 'nothing'"),
        (("submit", "HEAD", "pairs", "--device", "exact", "--mitigation", "magic", "--yes"), "mitigation='magic'"),
        (("estimate", "HEAD", "pairs", "--device", "imb_fez"), "'imb_fez'"),
        (("estimate", "HEAD", "pairs", "--device", "exact", "--id", "absent"), "None of the 1 selected ids"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], place: tuple[Path, str], options: tuple[str, ...], said: str
) -> None:
    folder, head = place
    named = [head if each == "HEAD" else each for each in options]
    assert run(*named, "--json", workspace=folder) == 1
    document = json.loads(capsys.readouterr().out)
    assert said in document["error"]["message"] and document["error"]["remedy"]
