"""`qlatent evaluate --retrieval` as people and programs use it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from qlatent.cli import main


@pytest.fixture
def files(tmp_path: Path) -> Path:
    kinds = ("red ceramic mug", "blue wooden chair", "green glass lamp")
    lines = [{"id": f"d{n}", "text": f"{kinds[n % 3]} number {n}"} for n in range(12)]
    (tmp_path / "docs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "queries.tsv").write_text("".join(f"q{n}\t{kind}\n" for n, kind in enumerate(kinds)))
    (tmp_path / "qrels.tsv").write_text("".join(f"q{n % 3}\td{n}\t1\n" for n in range(12)))
    return tmp_path


def run(files: Path, *options: str) -> int:
    sys.argv = [
        "qlatent", "evaluate", "--retrieval", "--workspace", str(files / "workspace"),
        "--queries", str(files / "queries.tsv"), "--judgements", str(files / "qrels.tsv"), *options,
    ]  # fmt: skip
    try:
        main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def test_one_command_from_files_to_figures(capsys: pytest.CaptureFixture[str], files: Path) -> None:
    corpus = ("--corpus", str(files / "docs.jsonl"))
    heads = ("--head", "none", "--head", "pca:qubits=4", "--head", "qbec:qubits=16")
    assert run(files, *corpus, "--encoder", "builtin", *heads, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["corpus"], found["documents"], found["queries"]) == ("docs", 12, 3)
    assert [row["head"] for row in found["heads"]] == ["none", "pca:qubits=4", "qbec:qubits=16"]
    assert all(0 <= row["measures"]["ndcg@10"]["value"] <= 1 for row in found["heads"])
    assert [each["head"] for each in found["differences"]] == ["pca:qubits=4", "qbec:qubits=16"]

    assert run(files, "--corpus", "docs", *heads) == 0  # everything has its vectors now
    said = capsys.readouterr().out
    assert "whole corpus: 12 documents, 3 queries, by judgements" in said
    assert "pca:qubits=4 against none, ndcg@10: " in said
    main_figure = found["heads"][2]["measures"]["ndcg@10"]
    assert "qbec:qubits=16: 5,952 stored, 3,472 used, 2,480 identifiable" in said
    assert "('" not in said and f"{main_figure['value']:.3f}" in said and f"{main_figure['low']:.3f}–" in said


def test_wrong_usage_and_wrong_input_have_their_exit_codes(
    capsys: pytest.CaptureFixture[str], files: Path
) -> None:
    assert run(files) == 2
    assert "--retrieval needs --corpus" in capsys.readouterr().err.replace("\n", " ")
    assert run(files, "--corpus", "absent.jsonl", "--json") == 1
    assert "neither a dataset here nor a file" in json.loads(capsys.readouterr().out)["error"]["message"]
    sys.argv = ["qlatent", "evaluate", "--workspace", str(files / "workspace")]
    with pytest.raises(SystemExit, match="2"):
        main()
