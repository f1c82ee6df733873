"""Retrieval evaluations as runs: their files when they end, stop or fail, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import qlatent
import qlatent.settings
from qlatent import worker
from qlatent.errors import ConfigError, InputError, StoreError
from qlatent.services.heads import kept_heads
from qlatent.services.retrieval import evaluation, evaluation_runs, results
from qlatent.services.retrieval.collection import Task
from qlatent.services.retrieval.evaluation_runs import Request
from qlatent.services.runs import queue
from qlatent.services.vectors import stored
from qlatent.services.vectors.encoding_run import EncodingRequest, start_encoding
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.launchers import LauncherDouble
from tests.services import run_workspace

WIDTH = run_workspace.WIDTH
HEADS = ("none", "pca:qubits=4", "qbec:qubits=4")
KINDS = ("red ceramic mug", "blue wooden chair", "green glass lamp")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_workers: LauncherDouble):
    """Runs are queued but not started."""
    monkeypatch.setenv("QLATENT_THREADS", "1")
    monkeypatch.setattr(worker.signal, "signal", lambda *ignored: None)  # pytest keeps its own
    qlatent.settings.settings.cache_clear()
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened
    qlatent.settings.settings.cache_clear()


@pytest.fixture
def corpus(workspace: Workspace) -> str:
    """Forty items of four labels with imported vectors near their label's axis."""
    rng = np.random.default_rng(2)
    items = [
        Item(id=f"d{n}", text=f"document {n}", label=f"l{n % 4}",
             vectors={"text": (rng.normal(size=WIDTH) + 2 * np.eye(WIDTH)[n % 4]).astype(np.float32)})
        for n in range(40)
    ]  # fmt: skip
    return run_workspace.add(workspace, "corpus", items, modalities=("text",))


@pytest.fixture
def brought(tmp_path: Path) -> dict[str, Path]:
    """Queries and judgements as files, and a corpus of words beside them."""
    lines = [{"id": f"d{n}", "text": f"{KINDS[n % 3]} number {n}"} for n in range(12)]
    (tmp_path / "docs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "my queries.tsv").write_text("".join(f"q{n}\t{kind}\n" for n, kind in enumerate(KINDS)))
    (tmp_path / "qrels.tsv").write_text("".join(f"q{n % 3}\td{n}\t1\n" for n in range(12)))
    return {"queries": tmp_path / "my queries.tsv", "judgements": tmp_path / "qrels.tsv"}


def without_times(document: dict) -> dict:
    rows = [{name: value for name, value in row.items() if name != "latency_ms"} for row in document["heads"]]
    return json.loads(json.dumps({**document, "heads": rows}))


def test_a_run_keeps_the_figures_of_the_service_and_what_each_query_found(
    workspace: Workspace, corpus: str
) -> None:
    run_id = evaluation_runs.start(workspace, Request(corpus, HEADS, against="pca:qubits=4", seed=3))
    folder = workspace.run(run_id)
    assert worker.work(workspace, folder) == "finished"
    direct = evaluation.judged(workspace, Task(corpus, seed=3), heads=HEADS, against="pca:qubits=4")
    figures = results.figures(workspace, run_id)
    assert without_times(figures) == without_times(direct.document)
    assert {each["against"] for each in figures["differences"]} == {"pca:qubits=4"}
    [view] = evaluation_runs.evaluations(workspace)
    assert (view.id, view.state, view.progress, view.name) == (run_id, "finished", 1.0, "3 heads on Corpus")

    matrix = stored.read(workspace, corpus, "given", modalities=("text",))["text"].astype(float)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    cosines = matrix @ matrix.T
    np.fill_diagonal(cosines, -2)
    asked = results.queries(workspace, run_id)
    assert len(asked) == 40 and [each.spread for each in asked] == sorted(
        (each.spread for each in asked), reverse=True
    )
    first = asked[0]
    assert (first.text, first.relevant) == (f"document {first.id[1:]}", 9)
    found = results.answers(workspace, run_id, first.id)
    expected = np.argsort(-cosines[int(first.id[1:])], kind="stable")[:10]
    assert [each.id for each in found["none"]] == [f"d{row}" for row in expected]
    assert [each.gain > 0 for each in found["none"]] == [row % 4 == int(first.id[1:]) % 4 for row in expected]
    assert list(found) == list(HEADS) and found["none"][0].text == f"document {expected[0]}"


def test_the_table_has_measures_costs_and_three_counts_of_parameters(
    workspace: Workspace, corpus: str
) -> None:
    run_id = evaluation_runs.start(workspace, Request(corpus, HEADS))
    worker.work(workspace, workspace.run(run_id))
    figures = results.figures(workspace, run_id)
    table = results.table(figures).set_index("head")
    # four merges of eight numbers down to four: 12 stored, 7 used and 5 identifiable each
    assert table.loc["qbec:qubits=4", [f"parameters_{name}" for name in results.COUNTED]].tolist() == [
        48,
        28,
        20,
    ]
    assert table.loc["none", "ndcg@10"] == figures["heads"][0]["measures"]["ndcg@10"]["value"]
    assert table["bytes_per_document"].tolist() == [4 * WIDTH, 16, 16]
    assert table["against"].fillna("").tolist() == ["", "none", "none"]
    assert 0 <= table.loc["qbec:qubits=4", "saturated"] < 0.05 and np.isnan(table.loc["none", "saturated"])


def test_brought_files_stay_with_the_run_and_queries_are_encoded_with_its_encoder(
    workspace: Workspace, brought: dict[str, Path]
) -> None:
    corpus = evaluation.bring(workspace, str(brought["queries"].parent / "docs.jsonl"))
    encoding = workspace.run(start_encoding(workspace, EncodingRequest(corpus, "builtin")))
    worker.work(workspace, encoding)
    key = stored.choose(workspace, corpus)
    assert evaluation_runs.encoder_of(workspace, key) == ("builtin", {})
    assert evaluation_runs.encoder_of(workspace, "builtin-0") is None

    request = Request(corpus, ("none", "pca:qubits=4"), files=brought, encoder="builtin")
    folder = workspace.run(evaluation_runs.start(workspace, request))
    for file in brought.values():
        file.unlink()
    assert worker.work(workspace, folder) == "finished"
    assert folder.input("queries").name == "my queries.tsv"
    assert (folder.figures()["queries"], folder.figures()["documents"]) == (3, 12)
    told = [event["done"] for event in folder.events()[0] if event["type"] == "progress"]
    assert told == sorted(told) and told[-1] == evaluation_runs.PARTS
    assert [
        each.text for each in sorted(results.queries(workspace, folder.id), key=lambda each: each.id)
    ] == list(KINDS)

    again = Request(corpus, ("none",), files={role: folder.input(role) for role in brought})
    repeated = workspace.run(evaluation_runs.start(workspace, again))  # no encoder needed any more
    assert worker.work(workspace, repeated) == "finished"
    assert repeated.figures()["heads"][0]["measures"] == folder.figures()["heads"][0]["measures"]


def test_a_run_is_ranked_anew_from_its_own_copy(
    workspace: Workspace, corpus: str, brought, tmp_path: Path
) -> None:
    (tmp_path / "run.txt").write_text(
        "".join(f"d{q} Q0 d{d} {d + 1} 0 x\n" for q in range(4) for d in range(8))
    )
    (tmp_path / "self.tsv").write_text("".join(f"d{q}\td{q + 4}\t1\n" for q in range(4)))
    files = {"judgements": tmp_path / "self.tsv", "run": tmp_path / "run.txt"}
    run_id = evaluation_runs.start(workspace, Request(corpus, ("none",), queries=corpus, files=files))
    worker.work(workspace, workspace.run(run_id))
    given, own = results.figures(workspace, run_id)["heads"]
    assert (given["head"], own["head"]) == ("given order", "none")
    # in the given order, which has the query itself too, its only relevant document is at rank 5, 6, 7, 8
    assert given["measures"]["mrr"]["value"] == pytest.approx(np.mean([1 / 5, 1 / 6, 1 / 7, 1 / 8]))
    found = results.answers(workspace, run_id, "d1")
    assert [each.id for each in found["given order"]] == [f"d{n}" for n in range(8)]
    assert "d1" not in {each.id for each in found["none"]} and len(found["none"]) == 7


def test_a_stopped_run_ends_between_queries_and_goes_on_to_the_same_figures(
    workspace: Workspace, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "AT_ONCE", 10)
    folder = workspace.run(evaluation_runs.start(workspace, Request(corpus, HEADS)))
    ranked, spoken = evaluation.ranked_rows, []

    def stopping(ready, collection, *, told):
        def heard(done):
            spoken.append(done)
            if ready.name == HEADS[1] and done == 20:
                folder.request_stop()
            told(done)

        return ranked(ready, collection, told=heard)

    monkeypatch.setattr(evaluation, "ranked_rows", stopping)
    assert worker.work(workspace, folder) == "stopped"
    assert (folder.status().state, folder.has_figures(), spoken) == (
        "stopped",
        False,
        [10, 20, 30, 40, 10, 20],
    )
    assert 0 < folder.status().step < evaluation_runs.PARTS
    with pytest.raises(StoreError, match="no ranked documents"):
        results.queries(workspace, folder.id)
    monkeypatch.setattr(evaluation, "ranked_rows", ranked)
    queue.resume(workspace, folder.id)
    assert worker.work(workspace, folder) == "finished"
    unbroken = evaluation.evaluate(workspace, Task(corpus), heads=HEADS)
    assert without_times(folder.figures()) == without_times(unbroken)


def test_errors_in_the_worker_are_reported(workspace: Workspace, corpus: str, brought) -> None:
    files = brought  # judgements name d0 … d11 and q0 … q2, and ready vectors have no encoder
    folder = workspace.run(evaluation_runs.start(workspace, Request(corpus, ("none",), files=files)))
    assert worker.work(workspace, folder) == "failed"
    assert "3 queries have no vectors of given yet, and no encoder was given" in folder.status().error
    assert "encoder of the corpus" in folder.status().remedy
    assert queue.handle(workspace, folder.id).error is not None


def test_what_cannot_run_is_refused_before_it_is_queued(
    workspace: Workspace, corpus: str, brought, tmp_path: Path
) -> None:
    (tmp_path / "broken.tsv").write_text("q1\td1\tmuch\nq2\td1\tmore\n")
    rows = np.random.default_rng(0).normal(size=(60, WIDTH))
    fitted = qlatent.create("pca", input_dim=WIDTH, modalities=("text",), qubits=3).fit({"text": rows})
    kept_heads.load_upload(workspace, fitted.save(tmp_path / "other", {"encoder": "text-0"}), name="other")
    for changes, kind, said in (
        ({"heads": ()}, ConfigError, "No head was chosen"),
        ({"heads": ("qbec:qubits=8",)}, ConfigError, "the vectors have 8 dimensions"),
        ({"heads": ("qbec:width=4",)}, ConfigError, "unknown key 'width'"),
        ({"heads": ("kept/other",)}, InputError, "was trained on vectors of text-0"),
        ({"heads": ("nobody",)}, InputError, "no head called 'nobody'"),
        ({"encoder_key": "text-1"}, InputError, "no vectors of encoder 'text-1'"),
        ({"queries": corpus}, InputError, "needed together"),
        ({"files": {"queries": brought["queries"]}}, InputError, "needed together"),
        ({"files": brought | {"judgements": tmp_path / "broken.tsv"}}, InputError, "line 2: has the gain 'more'"),
        ({"files": brought, "encoder": "nothing"}, ConfigError, "nothing"),
        ({"corpus": "absent"}, Exception, "absent"),
    ):  # fmt: skip
        with pytest.raises(kind, match=said):
            evaluation_runs.start(workspace, Request(**({"corpus": corpus, "heads": ("none",)} | changes)))
    assert evaluation_runs.evaluations(workspace) == []


def test_only_items_that_share_a_label_can_be_queries(workspace: Workspace, corpus: str) -> None:
    assert evaluation_runs.askers(workspace, corpus) == 40
    alone = [Item(id=f"i{n}", label=label, text=f"{n}") for n, label in enumerate(["a", "b", None, "b"])]
    assert (
        evaluation_runs.askers(workspace, run_workspace.add(workspace, "few", alone, modalities=("text",)))
        == 2
    )
