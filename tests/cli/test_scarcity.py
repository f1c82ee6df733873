"""`qlatent scarcity` from the command line: trains what is missing, writes table and report, and goes on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from qlatent.cli import main
from qlatent.services.datasets import datasets
from qlatent.services.runs import listing, queue
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.worker import work

SETTINGS = ["--set", "epochs=1", "--set", "batch_size=8"]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Labelled vectors; queued runs are carried out at once, in this process."""
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 4
    vectors = (rng.normal(size=(4, 12))[labels] + rng.normal(size=(80, 12))).astype(np.float32)
    np.savez(tmp_path / "texts.npz", text=vectors, label=np.array([f"l{label}" for label in labels]))
    opened = open_workspace(tmp_path / "workspace")
    datasets.store(opened, tmp_path / "texts.npz", name="Texts")

    def dispatch(workspace: Workspace, workers: int | None = None) -> list[str]:
        queued = [run.id for run in listing.list_runs(workspace, "train") if run.state == "queued"]
        for run in queued:
            work(workspace, workspace.run(run))
        return queued

    monkeypatch.setattr(queue, "dispatch", dispatch)
    return opened


def ask(workspace: Workspace, out: Path, *options: str) -> int:
    sys.argv = ["qlatent", "scarcity", "texts", "--out", str(out), "-w", str(workspace.path), *options]
    try:
        main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


USUAL = ("--heads", "qbec,bec", *SETTINGS)


def test_table_and_report_are_written_and_what_is_done_is_kept(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert (
        ask(workspace, out, *USUAL, "--dims", "3", "--shares", "0,25,100", "--seeds", "2", "--title", "Few")
        == 0
    )
    document = json.loads((out / "scarcity.json").read_text())
    assert len(document["rows"]) == 12
    assert len(document["cells"]) == 6
    ends = {each["share"]: each for each in document["cells"] if each["head"] == "qbec"}
    rows = [row["ndcg@10"] for row in document["rows"] if (row["head"], row["share"]) == ("qbec", 0.25)]
    assert ends[0.25]["value"] == pytest.approx(np.mean(rows), abs=1e-3)
    assert ends[0.25]["difference"]["mean"] == pytest.approx(
        np.mean(rows)
        - np.mean(
            [row["ndcg@10"] for row in document["rows"] if (row["head"], row["share"]) == ("bec", 0.25)]
        ),
        abs=1e-3,
    )
    text = (out / "scarcity.md").read_text()
    assert text.startswith("# Few")
    assert "| Head | untrained | 25% | 100% |" in text
    assert "plotly" in (out / "scarcity.html").read_text()
    before = len(listing.list_runs(workspace, "train"))
    assert ask(workspace, out, *USUAL, "--dims", "3", "--shares", "25,100", "--seeds", "2") == 0
    assert len(listing.list_runs(workspace, "train")) == before


def test_several_dimensions_are_columns(workspace: Workspace, tmp_path: Path) -> None:
    options = ("--dims", "2,3", "--shares", "0,100", "--seeds", "1", "--name", "texts")
    assert ask(workspace, tmp_path / "out", *USUAL, *options) == 0
    text = (tmp_path / "out" / "texts.md").read_text()
    assert "## By dimension, untrained" in text
    assert "## By dimension, trained on 100% of the queries" in text
    assert "| Head | 3 | 2 |" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--shares", "1;2"), "expected comma-separated percentages"),
        (("--shares", "200"), "Got a share of 2"),
        (("--heads", "nonsense"), "nonsense"),
        (("--dims", "12"), "12"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_trained(
    workspace: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    said: str,
) -> None:
    assert ask(workspace, tmp_path / "out", *options) == 1
    assert said in capsys.readouterr().err.replace("\n", " ")
    assert listing.list_runs(workspace, "train") == []


@pytest.mark.parametrize("command", [("train",), ("compare",), ("scarcity", "--dims", "4")])
def test_a_column_to_keep_together_reaches_the_split_of_every_command(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    """All items have one source, so that nothing can be held out, and one column is not there."""
    for column, said in (
        ("source", "All 80 usable rows form one group"),
        ("shop", "no item of 'texts' has this column"),
    ):
        name, *options = command
        sys.argv = ["qlatent", name, "texts", *options, "--group-by", column, "-w", str(workspace.path)]
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        assert said in " ".join(capsys.readouterr().err.split())
