"""Groups stay together in every kind of training, and old runs keep their split rule."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from qlatent.errors import ConfigError, InputError
from qlatent.services.datasets import grouping
from qlatent.services.experiments import experiments
from qlatent.services.experiments import grid as grid_of
from qlatent.services.runs import listing, queue
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.training import execution
from qlatent.services.training.kinds.retrieval import spec as retrieval_spec
from qlatent.services.training.kinds.table import run_configs
from qlatent.services.training.kinds.vectors import work
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import training_spec
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import TrainingConfig
from qlatent.training.core.rows import Labels, heldout_mask, probe_positions
from qlatent.types import Item
from tests.carried_out import in_process, trained
from tests.services.experiment_workspace import grid, labelled
from tests.services.run_workspace import SETTINGS, add

PICTURES, CAPTIONS, WIDTH = 30, 4, 8
QUIET = {**SETTINGS, "epochs": 1, "probe_size": 10, "snapshots": 2}


def captions() -> list[Item]:
    """Images with several captions each; sellers have three images, and two images share a text."""
    random = np.random.default_rng(0)
    pictures = random.normal(size=(PICTURES, WIDTH)).astype(np.float32)
    found = []
    for picture in range(PICTURES):
        for caption in range(CAPTIONS):
            text = random.normal(size=WIDTH).astype(np.float32)
            found.append(
                Item(
                    id=f"c{picture:02}-{caption}",
                    text="the same"
                    if (picture, caption) in ((0, 0), (1, 3))
                    else f"text {picture} {caption}",
                    label=f"l{picture % 3}",
                    vectors={"image": pictures[picture], "text": text},
                    metadata={"seller": f"s{picture // 3}", "number": picture // 3, "empty": None},
                )
            )
    return found


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with Workspace.open(tmp_path_factory.mktemp("groups") / "workspace") as workspace:
        add(workspace, "captions", captions())
        yield workspace


def rule(**changes) -> TrainingConfig:
    return TrainingConfig(**changes)


def of(workspace: Workspace, **changes) -> np.ndarray:
    return grouping.groups(workspace, "captions", workspace.items.version("captions"), rule(**changes))


def test_captions_of_a_picture_and_pictures_of_a_text_are_one_group(workspace):
    got = of(workspace)
    picture = np.arange(PICTURES * CAPTIONS) // CAPTIONS
    assert len(set(got)) == PICTURES - 1
    assert len(set(got[picture <= 1])) == 1
    assert all(len(set(got[picture == each])) == 1 for each in range(PICTURES))


@pytest.mark.parametrize("column", ["seller", "number"])
def test_equal_values_of_a_chosen_column_are_one_group(workspace, column):
    seller = np.arange(PICTURES * CAPTIONS) // CAPTIONS // 3
    got = of(workspace, group_by=column)
    assert len(set(got)) == PICTURES // 3
    assert all(len(set(got[seller == each])) == 1 for each in range(PICTURES // 3))


def test_a_column_that_is_not_there_is_refused_before_a_run_starts(workspace):
    assert grouping.columns(workspace, "captions") == ["seller", "number", "label", "source"]
    request = TrainingRequest("captions", settings={**QUIET, "group_by": "sellr"})
    with pytest.raises(ConfigError, match=r"no item of 'captions' has this column.*did you mean 'seller'"):
        training_spec(workspace, request)
    with pytest.raises(ConfigError, match="has no effect"):
        of(workspace, group_by="seller", split_rule="contents")


@pytest.mark.parametrize("split_rule", ["groups", "contents"])
def test_ranks_of_contents_hold_out_the_rows_that_the_contents_themselves_do(workspace, split_rule):
    """Runs of earlier versions split by the texts; a resumed run needs the same split."""
    spec = training_spec(workspace, TrainingRequest("captions", settings={**QUIET, "split_rule": split_rule}))
    config = run_configs(spec).training
    table = workspace.items.table("captions").to_pylist()
    texts = Labels(
        np.array([f"{row['given_image'] or ''}|{row['given_text'] or ''}" for row in table]),
        np.array([row["split"] or "" for row in table]),
        np.array([row["label"] or "" for row in table]),
        of(workspace, split_rule=split_rule),
    )
    ranks = grouping.of_vectors(workspace, spec, config)[1]
    np.testing.assert_array_equal(heldout_mask(ranks, config), heldout_mask(texts, config))
    np.testing.assert_array_equal(probe_positions(ranks.label, config), probe_positions(texts.label, config))


def test_ids_with_a_number_sign_belong_together(tmp_path):
    random = np.random.default_rng(1)
    items = [
        Item(id=f"{n // 2}.jpg#{n % 2}", text=f"t{n}", vectors={"text": random.normal(size=4).astype(np.float32)})
        for n in range(20)
    ]  # fmt: skip
    with Workspace.open(tmp_path / "workspace") as workspace:
        add(workspace, "ids", items, modalities=("text",))
        got = grouping.groups(workspace, "ids", workspace.items.version("ids"), rule())
        assert got.tolist() == [n // 2 for n in range(20)]


def test_items_of_a_single_group_are_refused_before_a_run_starts(workspace, tmp_path):
    items = [replace(each, metadata={"shop": "one"}) for each in captions()]
    with Workspace.open(tmp_path / "workspace") as other:
        add(other, "captions", items)
        request = TrainingRequest("captions", settings={**QUIET, "group_by": "shop"})
        with pytest.raises(InputError, match="All 120 usable rows form one group"):
            training_spec(other, request)
        with pytest.raises(InputError, match="All 120 usable rows form one group"):
            experiments.create(other, grid_of.Grid("captions", ("pca",), settings={"group_by": "shop"}))


def sides_of(workspace: Workspace, **settings) -> tuple[set[int], set[int]]:
    """Images on each side of a run's split, training and held out."""
    spec = training_spec(workspace, TrainingRequest("captions", settings={**QUIET, **settings}))
    data = work.load_data(workspace, spec, run_configs(spec))
    return set((data.train_rows // CAPTIONS).tolist()), set((data.heldout_rows // CAPTIONS).tolist())


@pytest.mark.parametrize("modalities", [("image", "text"), ("text",), ("image",)])
def test_no_image_of_a_run_on_vectors_is_on_both_sides(workspace, modalities):
    learned, judged = sides_of(workspace, modalities=modalities)
    assert judged
    assert not learned & judged
    learned, judged = sides_of(workspace, modalities=("image", "text"), split_rule="contents")
    assert len(learned & judged) > 10  # what was wrong


def test_no_seller_of_a_run_on_vectors_is_on_both_sides(workspace):
    learned, judged = sides_of(workspace, group_by="seller")
    assert judged
    assert not {each // 3 for each in learned} & {each // 3 for each in judged}


def test_no_image_of_a_retrieval_run_is_on_both_sides(workspace):
    settings = {"qubits": 2, "epochs": 1, "batch_size": 8, "modalities": ("text",)}
    request = TrainingRequest("captions", None, "bec", "ranking", settings, source="retrieval")
    spec = training_spec(workspace, request)
    data = retrieval_spec.items(workspace, spec, run_configs(spec).training).data
    sides = [set((data.rows[part] // CAPTIONS).tolist()) for part in (data.train, data.heldout)]
    assert sides[1]
    assert not sides[0] & sides[1]
    assert (data.counts["groups_on_both_sides"], data.counts["heldout_pairs"]) == (0, 24)


def test_the_run_says_how_many_groups_there_are_and_that_none_is_on_both_sides(workspace):
    run = trained(workspace, TrainingRequest("captions", settings=QUIET))
    figures = listing.metrics(workspace, run)
    assert figures["train_groups"] + figures["heldout_groups"] == PICTURES - 1
    assert figures["groups_on_both_sides"] == 0


# --- what was there before --------------------------------------------------------------------------------


def as_before(workspace: Workspace, run: str) -> None:
    """The run's spec as written before split rules had names."""
    path = workspace.run(run).path / "spec.json"
    spec = json.loads(path.read_text())
    for name in ("split_rule", "group_by"):
        spec["configs"]["training"].pop(name)
        spec["settings"].pop(name, None)
    path.write_text(json.dumps(spec))


def losses(workspace: Workspace, run: str) -> list[dict[str, float]]:
    return [each["losses"] for each in workspace.run(run).events()[0] if each["type"] == "step"]


def test_a_run_without_a_rule_resumes_as_it_began(workspace):
    whole = trained(workspace, TrainingRequest("captions", settings={**SETTINGS, "split_rule": "contents"}))
    asked = TrainingRequest("captions", settings={**SETTINGS, "split_rule": "contents"})
    run = queue.enqueue(workspace, training_spec(workspace, asked))
    as_before(workspace, run)
    assert "split_rule" not in workspace.run(run).spec["configs"]["training"]
    turns = iter(range(100))
    folder = workspace.run(run)
    with Heartbeat(folder) as heartbeat:
        assert (
            execution.execute(workspace, folder, heartbeat=heartbeat, should_stop=lambda: next(turns) == 7)
            == "stopped"
        )
        assert (
            execution.execute(workspace, folder, heartbeat=heartbeat, should_stop=lambda: False) == "finished"
        )
    assert losses(workspace, run) == losses(workspace, whole)


def test_an_experiment_without_a_rule_is_found_again_and_trains_nothing(tmp_path):
    with Workspace.open(tmp_path / "workspace") as workspace:
        add(workspace, "pairs", labelled(40))
        asked = grid(heads=("pca",), dims=(2,), seeds=1, settings={"probe_size": 20})
        old = {"probe_size": 20, "split_rule": "contents"}
        first = experiments.create(workspace, replace(asked, settings=old))
        written = json.loads((workspace.experiments_path / first.id / "experiment.json").read_text())
        assert "split_rule" not in written["settings"]  # as earlier versions wrote it, and under their id
        assert first.settings["split_rule"] == "contents"
        with in_process():
            begun = experiments.start(workspace, first)
            as_before(workspace, begun[0])
            again = experiments.create(workspace, asked)
            assert again == first
            assert experiments.start(workspace, again) == []
            new = experiments.create(workspace, replace(asked, settings={**old, "split_rule": "groups"}))
        assert new.id != first.id
        assert new.settings["split_rule"] == "groups"
