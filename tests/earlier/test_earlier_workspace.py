"""A workspace of an earlier version: it opens, goes on, transforms and leads where it led."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from qlatent import worker
from qlatent.services.datasets import datasets, pictures, roles
from qlatent.services.experiments import experiments
from qlatent.services.experiments.grid import Grid
from qlatent.services.heads import kept_heads
from qlatent.services.retrieval import evaluation_runs, results
from qlatent.services.runs import listing, queue
from qlatent.services.vectors import encoding, stored
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.types import Item
from tests.carried_out import in_process
from tests.ingest.builders import png
from tests.pages.conftest import opened, use  # noqa: F401  (fixtures)

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads((HERE / "expected.json").read_text())
IDS: dict[str, str] = EXPECTED["ids"]
LINKS = (HERE / "links.txt").read_text().split()
RENAMED = {"/explore": {name: f"explore_{name}" for name in ("frame", "colour", "basis")}}
"""Choices of a page that have another name in the URL since; an old link still makes them."""


def unpacked(folder: Path) -> Path:
    shutil.unpack_archive(HERE / "workspace.zip", folder)
    return folder


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The workspace, for looking only."""
    return open_workspace(unpacked(tmp_path_factory.mktemp("earlier")))


def test_it_opens_with_everything_in_it(earlier: Workspace) -> None:
    assert {view.id: view.rows for view in datasets.list_datasets(earlier)} == EXPECTED["datasets"]
    listed = {view.id: [view.kind, view.state, view.status.step] for view in listing.list_runs(earlier)}
    assert listed == EXPECTED["runs"]
    assert all(entry for _, entry in earlier.catalogue.run_index.runs())
    assert (earlier.path / "catalogue-0001.db").is_file()  # as it was
    assert IDS["retrieval"] in {run.id for run in evaluation_runs.evaluations(earlier)}
    assert {view.id: [view.name, view.head] for view in kept_heads.list_heads(earlier)} == EXPECTED["heads"]
    assert len(results.figures(earlier, IDS["retrieval"])["heads"]) == 2


def test_vectors_of_earlier_weights_are_read_and_not_taken_for_those_of_today(earlier: Workspace) -> None:
    (key,) = {each["key"] for each in earlier.items.encoders("pictures")}
    vectors = stored.read(earlier, "pictures", key, modalities=("image",))["image"]
    assert vectors.shape == (24, 512)
    assert len(stored.complete({"image": vectors})) == 24
    today = encoding.make_encoder("builtin", {})
    hashes = earlier.items.table("pictures", columns=["image_hash"]).column("image_hash").to_pylist()
    assert key != today.key
    assert earlier.items.missing(today.key, "image", hashes) == list(dict.fromkeys(hashes))


@pytest.mark.parametrize("role", ["head", "loaded"])
def test_its_heads_transform_equally(earlier: Workspace, role: str) -> None:
    inputs = {name: np.array(rows, dtype=np.float32) for name, rows in EXPECTED["inputs"].items()}
    latents = kept_heads.transform(earlier, IDS[role], inputs)
    for name, rows in EXPECTED["latents"][IDS[role]].items():
        np.testing.assert_allclose(latents[name], rows, atol=1e-6)


def test_its_interrupted_run_goes_on_to_the_losses_of_the_unbroken_one(tmp_path: Path) -> None:
    workspace = open_workspace(unpacked(tmp_path))
    with in_process():
        queue.resume(workspace, IDS["interrupted"])
    assert listing.summary(workspace, IDS["interrupted"]).state == "finished"
    losses = listing.losses(workspace, IDS["interrupted"])["total"]
    np.testing.assert_allclose(losses, EXPECTED["losses"], rtol=1e-4)


def test_a_repeated_comparison_trains_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "work", lambda *asked: pytest.fail("something was trained"))
    workspace = open_workspace(unpacked(tmp_path))
    settings = {"epochs": 2, "batch_size": 16, "depth": 1, "snapshots": 2}
    again = experiments.create(
        workspace, Grid("pairs", heads=("acqua", "mlp"), dims=(2,), seeds=2, settings=settings)
    )
    assert again.id == IDS["experiment"]
    with in_process():
        assert experiments.start(workspace, again) == []
        assert experiments.measure(workspace, again) == []
    assert experiments.progress(workspace, again).done


def test_an_item_with_several_pictures_is_added_to_a_dataset_whose_items_had_one(tmp_path: Path) -> None:
    workspace = open_workspace(unpacked(tmp_path))
    before, rows = workspace.items.version("pictures"), workspace.items.count("pictures")
    assert len(pictures.pictures(workspace, "pictures", 0)) == 1
    assert roles.roles(workspace, "pictures")["image"] == "picture"
    first, second = png(1), png(2)
    workspace.items.append("pictures", [Item("new", image=first, pictures=(second,))])
    workspace.items.compact()
    found = pictures.pictures(workspace, "pictures", rows)
    assert [workspace.items.image(each) for each in found] == [first, second]
    assert len(pictures.pictures(workspace, "pictures", 0)) == 1
    old = workspace.items.table("pictures", columns=["id", "pictures"], version=before)
    assert (len(old), old["pictures"].null_count) == (rows, rows)


@pytest.mark.parametrize("link", LINKS)
def test_its_links_lead_where_they_led(earlier: Workspace, opened, link: str) -> None:  # noqa: F811
    address = urlsplit(link)
    choices = dict(parse_qsl(address.query))
    at = opened(earlier.path, address.path.strip("/") or "home", **choices)
    renamed = RENAMED.get(address.path, {})
    choices = {renamed.get(name, name): value for name, value in choices.items()}
    assert {name: "".join(at.query_params[name]) for name in choices} == choices
    for box in (*at.selectbox, *at.segmented_control):
        name = str(box.key).partition("_")[2]
        if str(box.key).startswith(("pick_", "switch_")) and name in choices:
            assert box.value == choices[name]
