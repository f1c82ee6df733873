"""Runs for retrieval: by labels, by judgements and end to end; saved files, refusals and shares."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

from qlatent.errors import ConfigError, InputError, UnavailableError
from qlatent.services import bin
from qlatent.services.datasets import datasets
from qlatent.services.experiments import scarcity
from qlatent.services.heads import kept_heads
from qlatent.services.runs import listing, queue
from qlatent.services.training import sweeps
from qlatent.services.training.kinds.table import run_configs
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.vectors import encoding
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.worker import work
from tests.launchers import LauncherDouble

ITEMS, CLASSES, WIDTH = 80, 4, 12
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{number}" for number in range(24))]
FAST = {"epochs": 2, "batch_size": 8, "qubits": 3, "snapshots": 2, "probe_size": 10, "evaluations": 2}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random BERT of three layers in the format of transformers."""
    path = tmp_path_factory.mktemp("models") / "tiny"
    path.mkdir()
    (path / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(vocab=str(path / "vocab.txt"), model_max_length=16).save_pretrained(path)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=WIDTH, num_hidden_layers=3, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=16, initializer_range=0.3,
    )  # fmt: skip
    BertModel(config).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts whose words depend on their label, and one without a label."""
    rng = np.random.default_rng(0)
    rows = ["id,text,label"]
    for number in range(ITEMS):
        label = number % CLASSES
        words = rng.integers(0, 6, size=5) + 6 * label
        rows.append(f"t{number},{' '.join(f'w{word}' for word in words)},l{label}")
    rows.append("alone,w1 w7 w13,")
    path = tmp_path_factory.mktemp("brought") / "texts.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.fixture
def workspace(tmp_path: Path, texts: Path, model: Path, no_workers: LauncherDouble) -> Workspace:
    """The texts with vectors of the tiny model; workers are carried out by `done`."""
    opened = open_workspace(tmp_path / "workspace")
    datasets.store(opened, texts, name="Texts")
    encoding.encode(opened, "texts", encoder="text", settings={"model": str(model)})
    return opened


Ask = Callable[..., TrainingRequest]


def request(settings: dict[str, Any] | None = None, **given: Any) -> TrainingRequest:
    usual: dict[str, Any] = {"head": "qbec", "objective": "ranking", "source": "retrieval"}
    return TrainingRequest("texts", settings={**FAST, **(settings or {})}, **{**usual, **given})


def done(workspace: Workspace, asked: TrainingRequest) -> str:
    run = start_training(workspace, asked)
    state = work(workspace, workspace.run(run))
    assert state == "finished", listing.summary(workspace, run).message
    return run


def judgements(folder: Path, *, negatives: bool = True) -> Path:
    """The first twenty texts are queries; the next text of their label is an answer, the one after it is not."""
    rows = []
    for number in range(20):
        rows.append(f"t{number}\t0\tt{20 + (number % CLASSES) + CLASSES * (number // CLASSES)}\t1")
        if negatives:
            rows.append(f"t{number}\t0\tt{41 + number}\t0")
    path = folder / "qrels.tsv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_run_by_labels_keeps_head_figures_and_queries(workspace: Workspace) -> None:
    run = done(workspace, request())
    found = listing.metrics(workspace, run)
    assert (found["train_pairs"], found["heldout_pairs"], found["documents"]) == (64.0, 16.0, 64.0)
    by_query = workspace.run(run).queries()
    assert len(by_query["rows"]) == 16
    assert not (
        workspace.run(run).path / "views"
    ).exists()  # how queries were answered is no picture of views
    assert found["ndcg@10"] == pytest.approx(float(np.nanmean(by_query["ndcg@10"])))
    columns = listing.evaluations(workspace, run)
    assert columns["step"].tolist() == [0, 16]
    assert columns["ndcg@10"][-1] == pytest.approx(found["ndcg@10"])
    (kept,) = kept_heads.list_heads(workspace)
    assert kept_heads.estimator(workspace, kept.id).transform(np.eye(WIDTH, dtype=np.float32)).shape == (
        WIDTH,
        3,
    )
    assert not list((workspace.run(run).path / "checkpoints").glob("*"))  # of no use once it is finished


def test_a_run_by_judgements_meets_its_hard_negatives(workspace: Workspace, tmp_path: Path) -> None:
    file = judgements(tmp_path)
    run = done(workspace, request(judgements=str(file)))
    file.unlink()  # the run has its own copy
    found = listing.metrics(workspace, run)
    assert found["train_pairs"] + found["heldout_pairs"] == 20
    again = start_training(workspace, request(judgements=str(judgements(tmp_path))))
    assert (
        listing.summary(workspace, again).spec.judgements == listing.summary(workspace, run).spec.judgements
    )
    other = start_training(workspace, request(judgements=str(judgements(tmp_path, negatives=False))))
    assert (
        listing.summary(workspace, other).spec.judgements != listing.summary(workspace, run).spec.judgements
    )


def test_a_stopped_run_goes_on_with_the_same_losses(workspace: Workspace) -> None:
    whole = listing.losses(workspace, done(workspace, request()))["total"]
    run = start_training(workspace, request({"seed": 0}, name="again"))
    folder = workspace.run(run)
    folder.request_stop()
    assert work(workspace, folder) == "stopped"
    folder.clear_stop()
    assert work(workspace, folder) == "finished"
    assert listing.losses(workspace, run)["total"].tolist() == whole.tolist()


@pytest.mark.parametrize("unfreeze", ["last", "published"])
def test_end_to_end_the_text_model_is_kept_and_its_vectors_fit_the_head(
    workspace: Workspace, model: Path, unfreeze: str
) -> None:
    if unfreeze == "published":
        with pytest.raises(InputError, match="Cannot train 4 layers; the text model has 3"):
            start_training(workspace, request({"unfreeze": unfreeze, "model": str(model)}))
        return
    settings = {"unfreeze": unfreeze, "model": str(model), "encoder_rate": 0.01, "max_length": 16}
    run = done(workspace, request(settings))
    path = listing.encoder_path(workspace, run)
    report = encoding.encode(
        workspace, "texts", encoder="text", settings={"model": str(path), "max_length": 16}
    )
    (kept,) = kept_heads.list_heads(workspace)
    assert kept.encoder == report.encoder_key
    kept_heads.check_space(kept, report.encoder_key)
    with pytest.raises(InputError):
        before = next(
            each["key"] for each in workspace.items.encoders("texts") if each["key"] != report.encoder_key
        )
        kept_heads.check_space(kept, before)
    assert list((workspace.path / "cache").glob("*.npy"))
    assert not list((workspace.path / "cache").glob("*.part"))


def test_stored_token_states_are_used_again_and_change_nothing(workspace: Workspace, model: Path) -> None:
    settings = {"unfreeze": "last", "model": str(model), "max_length": 16}
    first = done(workspace, request(settings))
    (cache,) = (workspace.path / "cache").glob("*.npy")
    written = cache.stat().st_mtime_ns
    second = done(workspace, request(settings, name="again"))
    assert cache.stat().st_mtime_ns == written
    cache.unlink()  # a cache may be emptied
    third = done(workspace, request(settings, name="once more"))
    losses = [listing.losses(workspace, run)["total"].tolist() for run in (first, second, third)]
    assert losses[0] == losses[1] == losses[2]


REFUSED: list[tuple[dict[str, Any], dict[str, Any], type[Exception], str]] = [
    ({}, {"objective": "stress"}, ConfigError, "cannot be trained for retrieval"),
    ({"nonsense": 1}, {}, ConfigError, "nonsense"),
    ({"qubits": 12}, {}, ConfigError, "12"),
    ({"input_dim": 99}, {}, ConfigError, "vectors have width 12"),
    ({"modalities": ("image",)}, {}, ConfigError, "one of the vectors' modalities: text"),
    ({"unfreeze": "last"}, {}, ConfigError, "model is empty"),
    ({"unfreeze": "last", "model": "/nowhere"}, {}, UnavailableError, "not on this machine"),
    ({"heldout": 0.0, "share": 1.5}, {}, ConfigError, "share"),
    ({"logits": "fidelity"}, {"head": "bec"}, ConfigError, "have no fidelity"),
]


@pytest.mark.parametrize(("settings", "given", "error", "said"), REFUSED)
def test_what_cannot_work_is_refused_before_it_starts(
    workspace: Workspace, settings: dict[str, Any], given: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        start_training(workspace, request(settings, **given))
    assert listing.list_runs(workspace, "train") == []


def test_judgements_go_with_the_last_run_that_has_them(workspace: Workspace, tmp_path: Path) -> None:
    asked = request(judgements=str(judgements(tmp_path)))
    first, second = (start_training(workspace, asked) for _ in range(2))
    kept = workspace.judgements(listing.summary(workspace, first).spec.judgements)
    later = time.time() + bin.DAY + 1
    queue.remove(workspace, first)
    bin.empty(workspace, now=later)
    assert kept.exists()
    queue.remove(workspace, second)
    os.utime(kept, (later + bin.DAY, later + bin.DAY))  # a run is just being made with them
    bin.empty(workspace, now=later)
    assert kept.exists()
    third = start_training(workspace, asked)
    queue.remove(workspace, third)
    bin.empty(workspace, now=later)
    assert not kept.exists()


def test_judgements_of_other_items_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_text("q1\t0\td1\t1\nq2\t0\td2\t1\n")
    with pytest.raises(InputError, match=r"0 of 2 judged queries .* \(q1, q2\)"):
        start_training(workspace, request(judgements=str(path)))
    with pytest.raises(InputError, match="There is no file"):
        start_training(workspace, request(judgements=str(tmp_path / "gone.tsv")))


def test_a_study_trains_what_is_missing_and_compares_on_the_same_queries(workspace: Workspace) -> None:
    study = scarcity.Study(
        "texts", heads=("qbec", "bec", "identity"), dims=(3,), shares=(0, 0.25, 1), seeds=2,
        settings={"epochs": 2, "batch_size": 8},
    )  # fmt: skip
    table = scarcity.places(workspace, study)
    assert len(table) == 18
    assert len(scarcity.lacking(table)) == 18
    sweeps.start(workspace, table, workers=1)
    for view in listing.list_runs(workspace, "train"):
        assert work(workspace, workspace.run(view.id)) == "finished"
    table = scarcity.places(workspace, study)
    assert not scarcity.lacking(table)
    assert kept_heads.list_heads(workspace) == []  # one of many is not kept
    rows = scarcity.rows(workspace, table)
    found = scarcity.cells(rows, reference="bec")
    assert len(found) == 9
    cell = next(each for each in found if (each.head, each.share) == ("qbec", 1))
    own = np.mean([row["by_query"] for row in rows if (row["head"], row["share"]) == ("qbec", 1)], axis=0)
    other = np.mean([row["by_query"] for row in rows if (row["head"], row["share"]) == ("bec", 1)], axis=0)
    assert cell.value == pytest.approx(own.mean(), abs=1e-3)
    assert cell.against is not None
    assert cell.against.difference.mean == pytest.approx((own - other).mean(), abs=1e-3)
    assert cell.seeds == 2
    drawn = [row for row in rows if row["share"] == 0]
    assert all(
        listing.summary(workspace, place.run.id).status.steps == 0
        for place in table
        if place.share == 0 and place.run
    )
    assert len(drawn) == 6
    with pytest.raises(ConfigError, match="share of 2"):
        scarcity.places(workspace, scarcity.Study("texts", shares=(2,)))


def test_triples_of_texts_are_imported_and_learned_from(
    workspace: Workspace, tmp_path: Path, model: Path
) -> None:
    def said(label: int, number: int) -> str:
        return " ".join(f"w{6 * label + (number // 6**place) % 6}" for place in range(5))

    rows = ["anchor,positive,negative_1,negative_2"]
    rows += [
        ",".join(
            said((number + shift) % CLASSES, 7 * number + kind) for kind, shift in enumerate((0, 0, 1, 2))
        )
        for number in range(20)
    ]
    file = tmp_path / "triples.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    assert datasets.store(workspace, file, name="Triples").rows == 80
    encoding.encode(workspace, "triples", encoder="text", settings={"model": str(model)})
    asked = TrainingRequest(
        "triples", head="bec", objective="ranking", source="retrieval", settings=FAST, judgements=str(file)
    )
    found = listing.metrics(workspace, done(workspace, asked))
    assert found["train_pairs"] + found["heldout_pairs"] == 20
    assert found["documents"] == 60  # those that ask answer nobody
    other = tmp_path / "others.jsonl"
    other.write_text('{"query": "nothing", "positive": ["of these", "is here"]}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"0 of 1 judged queries.*nothing"):
        start_training(workspace, replace(asked, judgements=str(other)))


def test_a_study_begun_before_rules_had_names_keeps_its_rule_of_splitting(workspace: Workspace) -> None:
    settings = {"epochs": 2, "batch_size": 8}
    study = scarcity.Study("texts", heads=("bec",), dims=(3,), shares=(0.25, 1), seeds=1, settings=settings)
    older = replace(study, settings={**settings, "split_rule": "contents"})
    for place in scarcity.places(workspace, older):
        for name in ("split_rule", "group_by"):
            place.spec.configs.training.pop(name)
        queue.enqueue(workspace, place.spec)
    again = scarcity.places(workspace, study)
    assert [place.run is not None for place in again] == [True, True]
    assert {run_configs(place.spec).training.split_rule for place in again} == {"contents"}
    assert [
        place.run
        for place in scarcity.places(workspace, replace(study, settings={**settings, "split_rule": "groups"}))
    ] == [None, None]
