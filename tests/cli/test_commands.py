"""The command line from import to export, as a program would use it: one JSON document, exit codes 0, 1 and 2."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qlatent
from qlatent.cli import main
from qlatent.services.workspaces import open_workspace
from qlatent.types import content_hash
from tests.launchers import LauncherDouble

PAIRS, WIDTH = 60, 12


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    """Exit code, the JSON document on stdout, and stderr."""
    sys.argv = ["qlatent", *arguments, "--json"]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    out, err = capsys.readouterr()
    return code, json.loads(out) if out.strip() else None, err


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    image = rng.normal(size=(PAIRS, WIDTH)).astype(np.float32)
    text = image + 0.3 * rng.normal(size=(PAIRS, WIDTH)).astype(np.float32)
    path = tmp_path_factory.mktemp("data") / "pairs.npz"
    np.savez(path, image=image, text=text, label=np.array(["a", "b"] * (PAIRS // 2)))
    return path


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cli") / "workspace")


def test_files_that_belong_together_are_imported_together(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    np.save(tmp_path / "v.npy", np.eye(3, dtype=np.float32))
    (tmp_path / "items.csv").write_text("id,title,size\na,A,3\nb,B,1\nc,C,2\n")
    (tmp_path / "short.csv").write_text("title\na\n")
    place = ("--workspace", str(tmp_path / "ws"))
    both = (str(tmp_path / "items.csv"), str(tmp_path / "v.npy"))
    code, seen, _ = run(capsys, "import", *both, "--preview", *place)
    assert (code, seen["rows"], seen["modalities"]) == (0, 3, {"text": 3, "vector": 3})
    assert "items.csv and v.npy joined row by row: 3 rows and 3 vectors" in seen["notes"]
    assert run(capsys, "import", *both, *place)[1]["rows"] == 3
    code, _, err = run(capsys, "import", str(tmp_path / "short.csv"), str(tmp_path / "v.npy"), *place)
    assert code == 1
    assert "short.csv has 1 rows and v.npy has 3 vectors" in err


def test_items_are_listed_by_any_column(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [{"id": "a", "text": "red chair", "label": "k", "size": 3, "made": "2024-01-05", "new": True,
             "maker": "=1+1"},
            {"id": "b", "text": "lamp", "size": 1.5, "made": "2023-01-05", "new": False, "maker": "Bolt"},
            {"id": "c", "text": "red lamp"}]  # fmt: skip
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    place = ("--workspace", str(tmp_path / "ws"))
    run(capsys, "import", str(tmp_path / "t.jsonl"), *place)

    def ids(*options: str) -> list[str]:
        return [row["id"] for row in run(capsys, "items", "t", *options, *place)[1]["items"]]

    assert ids() == ["a", "b", "c"]
    assert ids("--sort", "size") == ["b", "a", "c"]
    assert ids("--sort", "made", "--descending", "--limit", "1") == ["a"]
    assert ids("--where", "size>=2") == ["a"]
    assert ids("--where", "made <= 2023-06-01") == ["b"]
    assert ids("--where", "new=false") == ["b"]
    assert ids("--where", "maker==1+1") == ["a"]
    assert ids("--where", "text~red", "--where", "text~lamp") == ["c"]
    _, document, _ = run(capsys, "items", "t", "--limit", "1", *place)
    assert (document["rows"], document["items"][0]["size"], document["items"][0]["new"]) == (3, 3.0, True)
    assert run(capsys, "items", "t", "--out", str(tmp_path / "o.csv"), *place)[1]["rows"] == 3
    assert "'=1+1" in (tmp_path / "o.csv").read_text()
    for wrong, said in (("sise>=2", "no column 'sise'"), ("size>=big", "is not a number"), ("maker>=a", "is a text"),
                        ("size", "is not a condition")):  # fmt: skip
        code, _, err = run(capsys, "items", "t", "--where", wrong, *place)
        assert code == 1
        assert said in err


SMALL = (
    "--set",
    "epochs=4",
    "--set",
    "batch_size=16",
    "--set",
    "snapshots=4",
    "--set",
    "qubits=2",
    "--set",
    "depth=1",
)


@pytest.mark.slow
def test_the_whole_path(
    capsys: pytest.CaptureFixture[str], workspace: str, pairs: Path, tmp_path: Path
) -> None:
    place = ("--workspace", workspace)
    code, seen, _ = run(capsys, "import", str(pairs), "--preview", *place)
    assert (code, seen["rows"], seen["refused"]) == (0, PAIRS, 0)
    assert run(capsys, "datasets", *place)[1] == {"datasets": []}  # a preview stores nothing

    code, report, _ = run(capsys, "import", str(pairs), *place)
    assert (code, report["dataset"], report["rows"], report["already"]) == (0, "pairs", PAIRS, False)
    code, again, _ = run(capsys, "import", str(pairs), *place)
    assert (code, again["dataset"], again["already"]) == (0, "pairs", True)
    assert [row["rows"] for row in run(capsys, "datasets", *place)[1]["datasets"]] == [PAIRS]

    code, trained, _ = run(capsys, "train", "pairs", "--head", "acqua", *SMALL, "--seed", "3", *place)
    assert (code, trained["state"]) == (0, "finished")
    assert {"pair_error", "spearman", "reconstruction_image"} <= set(trained["metrics"])
    run_id = trained["run"]
    code, listed, _ = run(capsys, "runs", *place)
    assert [(row["id"], row["state"]) for row in listed["runs"]] == [(run_id, "finished")]
    assert run(capsys, "resume", run_id, *place)[0] == 1  # finished
    (head,) = run(capsys, "heads", *place)[1]["heads"]
    code, kept, _ = run(capsys, "heads", "keep", run_id, "--name", "first", *place)
    assert (code, kept["head"], kept["name"], kept["run"]) == (0, head["head"], "first", run_id)

    code, judged, _ = run(capsys, "evaluate", run_id, "pairs", *place)
    assert (code, judged["rows"]) == (0, PAIRS)
    assert 0 <= judged["metrics"]["neighbour_overlap"] <= 1

    latents = tmp_path / "latents.npz"
    assert run(capsys, "transform", run_id, "pairs", "--out", str(latents), *place)[1]["rows"] == PAIRS
    saved = tmp_path / "head.zip"
    assert run(capsys, "export", run_id, "--out", str(saved), *place)[0] == 0
    code, loaded, _ = run(
        capsys, "load", str(saved), "--name", "copy", "--workspace", str(tmp_path / "other")
    )
    assert (code, loaded["kind"]) == (0, "acqua")

    head = qlatent.load(tmp_path / "other" / "heads" / loaded["head"])
    with np.load(pairs) as data, np.load(latents) as stored:
        expected = head.transform({"image": data["image"], "text": data["text"]})
        np.testing.assert_allclose(stored["image"], expected["image"], atol=1e-6)
        np.testing.assert_allclose(stored["text"], expected["text"], atol=1e-6)


@pytest.mark.slow
def test_texts_are_encoded_by_a_model_in_a_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, minilm: Path
) -> None:
    texts = [
        "A plane is taking off.",
        "An aeroplane departs.",
        "A man plays the flute.",
        "A plane is taking off.",
    ]
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    place = ("--workspace", str(tmp_path / "workspace"))
    assert run(capsys, "import", str(tmp_path / "lines.jsonl"), *place)[0] == 0
    asked = (
        "encode",
        "lines",
        "--encoder",
        "text",
        "--set",
        f"model={minilm}",
        "--set",
        "device=cpu",
        *place,
    )
    code, report, _ = run(capsys, *asked)
    assert (code, report["encoded"], report["cached"], report["failed"]) == (0, 3, 0, [])  # one text twice
    code, again, _ = run(capsys, *asked)
    assert (code, again["encoded"], again["cached"]) == (0, 0, 3)

    opened = open_workspace(Path(place[1]))
    vectors = opened.items.embeddings(report["encoder"], "text", [content_hash(text) for text in texts])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near, far, same = unit[0] @ unit[1:].T
    assert vectors.shape == (4, 384) and near > far + 0.3 and same == pytest.approx(1.0, abs=1e-6)


def test_a_detached_demo_is_queued_once_for_a_worker(
    capsys: pytest.CaptureFixture[str], workspace: str, no_workers: LauncherDouble
) -> None:
    asked = ("demo", "--if-missing", "--detach", "--count", "60", "--workspace", workspace)
    code, first, _ = run(capsys, *asked)
    assert code == 0 and no_workers.launched == [first["run"]]
    assert run(capsys, *asked)[1]["run"] == first["run"] and len(no_workers.launched) == 1


@pytest.mark.slow
def test_a_detached_run_can_be_stopped_and_resumed(
    capsys: pytest.CaptureFixture[str], workspace: str, pairs: Path
) -> None:
    place = ("--workspace", workspace)
    run(capsys, "import", str(pairs), *place)
    long = ("--set", "epochs=100000", "--set", "qubits=2", "--set", "depth=1")
    run_id = run(capsys, "train", "pairs", *long, "--detach", *place)[1]["run"]
    code, stopped, _ = run(capsys, "stop", run_id, *place)
    assert (code, stopped["state"]) == (0, "stopped")
    code, resumed, _ = run(capsys, "resume", run_id, "--detach", *place)
    assert (code, resumed["run"]) == (0, run_id)
    assert run(capsys, "stop", run_id, *place)[1]["state"] == "stopped"


@pytest.mark.slow
def test_a_comparison_ends_with_a_tidy_table_and_a_report(
    capsys: pytest.CaptureFixture[str], workspace: str, pairs: Path, tmp_path: Path
) -> None:
    place = ("--workspace", workspace)
    run(capsys, "import", str(pairs), *place)
    asked = (
        "compare",
        "pairs",
        "--heads",
        "acqua_linear",
        "--dims",
        "2,3",
        "--seeds",
        "1",
        "--set",
        "epochs=2",
    )
    code, document, _ = run(capsys, *asked, "--out", str(tmp_path / "out"), *place)
    assert code == 0
    keys = {"head", "objective", "dim", "seed", "metric", "value", "low", "high", "n"}
    assert all(set(row) == keys for row in document["rows"])
    assert {(row["head"], row["dim"]) for row in document["rows"]} == {
        ("acqua_linear", 2), ("acqua_linear", 3), ("pca", 2), ("pca", 3),
    }  # fmt: skip
    assert "spearman" in {row["metric"] for row in document["rows"]}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "table.json", "table.parquet", "report.html", "report.md",
    }  # fmt: skip
    before = len(run(capsys, "runs", *place)[1]["runs"])
    assert run(capsys, *asked, *place)[0] == 0  # nothing is trained twice
    assert len(run(capsys, "runs", *place)[1]["runs"]) == before
    code, document, err = run(capsys, "compare", "pairs", "--heads", "aqua", *place)
    assert code == 1 and "did you mean 'acqua'" in document["error"]["remedy"] and "Traceback" not in err
    assert run(capsys, "compare", "pairs", "--dims", "two", *place)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "nowhere"), "nowhere"),
        (("train", "pairs", "--set", "qubit=4"), "did you mean 'qubits'?"),
        (("train", "pairs", "--set", "qubits=11"), "qubits=11"),
        (("train", "pairs", "--set", "qubits"), "--set qubits"),
        (("train", "pairs", "--head", "aqua"), "did you mean 'acqua'?"),
        (("encode", "pairs", "--encoder", "builtins"), "did you mean 'builtin'?"),
        (("import", "/no/such/file.csv"), "file.csv"),
        (("evaluate", "nobody", "pairs"), "nobody"),
        (("stop", "r0"), "r0"),
        (("load", "/no/such/head.zip"), "head.zip"),
        (("export", "pairs", "--out", "pairs.docx"), ".docx"),
    ],
)
def test_what_the_user_did_wrong_is_one_line_and_exit_1(
    capsys: pytest.CaptureFixture[str], workspace: str, pairs: Path, arguments: tuple[str, ...], message: str
) -> None:
    run(capsys, "import", str(pairs), "--workspace", workspace)
    code, document, err = run(capsys, *arguments, "--workspace", workspace)
    assert code == 1
    lines = [line for line in err.splitlines() if line.startswith("qlatent: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert document["error"]["message"]


def test_wrong_usage_is_exit_2(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["qlatent", "train"])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert "dataset" in capsys.readouterr().err.lower()


def test_an_app_whose_port_is_taken_says_so_and_names_a_free_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sys.argv = ["qlatent", "app", "--port", str(port), "--headless", "--workspace", str(tmp_path / "ws")]
        with pytest.raises(SystemExit) as exit_:
            main()
    assert exit_.value.code == 1
    assert f"Port {port} is in use. Choose another port, for example --port " in capsys.readouterr().err
