"""Training for retrieval on the page Train, by widget key: the form, what it asks for, and a finished run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets
from qlatent.services.runs import launchers, listing
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.ui.shell import uploads
from qlatent.worker import work
from tests.launchers import LauncherDouble

Open = Callable[..., AppTest]
SETTINGS = {"epochs": 2, "batch_size": 8, "qubits": 3, "snapshots": 2, "probe_size": 20, "evaluations": 3}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str, str]:
    """A workspace of labelled vectors with a finished run on them."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 12))
    labels = np.arange(80) % 4
    vectors = (centres[labels] + rng.normal(size=(80, 12))).astype(np.float32)
    folder = tmp_path_factory.mktemp("brought")
    np.savez(folder / "texts.npz", text=vectors, label=np.array([f"<b>l{label}</b>" for label in labels]))
    workspace = open_workspace(tmp_path_factory.mktemp("retrieval"))
    dataset = datasets.store(workspace, folder / "texts.npz", name="Texts").dataset
    request = TrainingRequest(
        dataset, head="qbec", objective="ranking", settings=SETTINGS, source="retrieval", name="By label"
    )
    with launchers.using(LauncherDouble()):  # carried out here: a worker takes seconds to start
        run = start_training(workspace, request)
    state = work(workspace, workspace.run(run))
    assert state == "finished", listing.summary(workspace, run).message
    return workspace, dataset, run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[TrainingRequest]:
    """The requests that the page makes; none is carried out."""
    found: list[TrainingRequest] = []

    def start(workspace: Workspace, request: TrainingRequest, *, token: str) -> str:
        assert token
        if request.judgements:
            assert Path(request.judgements).read_text() == "0\t0\t4\t1\n1\t0\t5\t1\n"
        found.append(request)
        return "r"

    monkeypatch.setattr("qlatent.ui.train.form_parts.start_training", start)
    return found


def retrieval_form(opened: Open, trained: tuple[Workspace, str, str]) -> AppTest:
    workspace, dataset, _ = trained
    page = opened(workspace.path, "train", dataset=dataset)
    page.segmented_control(key="train_source").set_value("retrieval").run()
    assert not page.exception
    return page


def test_the_form_asks_for_relevance_by_label(
    opened: Open, trained: tuple[Workspace, str, str], asked: list[TrainingRequest]
) -> None:
    page = retrieval_form(opened, trained)
    assert page.selectbox(key="train_retrieval_head").value == "qbec"
    page.number_input(key="train_retrieval_epochs").set_value(3).run()
    page.button(key="train_start").click().run()
    (request,) = asked
    assert (request.source, request.head, request.objective) == ("retrieval", "qbec", "ranking")
    assert request.settings["epochs"] == 3
    assert request.judgements == ""
    assert request.encoder_key == "given"


def test_judgements_are_asked_for_and_written_for_a_start_alone(
    opened: Open,
    trained: tuple[Workspace, str, str],
    asked: list[TrainingRequest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[bytes] = []

    def written(files: list[Any], folder: Path) -> list[Path]:
        paths = uploads_written(files, folder)
        kept.extend(path.read_bytes() for path in paths)
        return paths

    uploads_written = uploads.written
    monkeypatch.setattr(uploads, "written", written)
    page = retrieval_form(opened, trained)
    page.segmented_control(key="train_retrieval_rule").set_value("judged").run()
    assert any("Upload the judgements" in each.value for each in page.info)
    assert not [each for each in page.button if each.key == "train_start"]
    page.file_uploader(key="train_retrieval_file").upload("qrels.tsv", b"0\t0\t4\t1\n1\t0\t5\t1\n").run()
    page.number_input(key="train_retrieval_epochs").set_value(3).run()
    assert kept == []
    page.button(key="train_start").click().run()
    assert len(asked) == 1
    assert kept == [b"0\t0\t4\t1\n1\t0\t5\t1\n"]
    assert Path(asked[0].judgements).name == "qrels.tsv"


def test_a_text_model_is_named_when_it_is_to_learn(opened: Open, trained: tuple[Workspace, str, str]) -> None:
    page = retrieval_form(opened, trained)
    page.segmented_control(key="train_retrieval_unfreeze").set_value("last").run()
    assert page.text_input(key="train_retrieval_model").value.endswith("all-MiniLM-L6-v2")
    assert page.slider(key="train_retrieval_layers").value == 1


def test_a_finished_run_shows_how_queries_are_answered(
    opened: Open, trained: tuple[Workspace, str, str]
) -> None:
    workspace, _, run = trained
    page = opened(workspace.path, "train", run=run)
    assert not page.exception
    figures = listing.metrics(workspace, run)
    shown = {each.label: each.value for each in page.metric}
    assert shown["NDCG@10"] == f"{figures['ndcg@10']:.3f}"
    assert shown["MRR@10"] == f"{figures['mrr']:.3f}"
    assert any("16 held-out queries search 64 documents" in each.value for each in page.caption)
