"""Training from images on the page Train, by widget key: the form, a finished run with all one watches, and Explore."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets
from qlatent.services.runs import launchers, listing, queue
from qlatent.services.training import image_views
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.training.images.configs import ProbeConfig
from qlatent.worker import work
from tests.launchers import LauncherDouble

pytestmark = pytest.mark.usefixtures("narrow_backbone")

Open = Callable[..., AppTest]
SETTINGS = {
    "steps": 3,
    "batch_size": 8,
    "size": 16,
    "qubits": 3,
    "snapshots": 3,
    "probes": 2,
    "probe_size": 20,
}


def folder_of_pictures(folder: Path, *, count: int = 40) -> Path:
    """Pictures in folders named by class, with a table of splits left out: the seed draws the held-out ones."""
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    lines = ["id,image,label"]
    for number in range(count):
        Image.fromarray(rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)).save(
            folder / "pictures" / f"{number}.png"
        )
        lines.append(f"p{number},{number}.png,{'<b>cat</b>' if number % 2 else 'dog'}")
    (folder / "pictures" / "table.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "pictures"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str, str]:
    """A workspace of pictures with a finished run on them."""
    workspace = open_workspace(tmp_path_factory.mktemp("images"))
    dataset = datasets.store(
        workspace, folder_of_pictures(tmp_path_factory.mktemp("brought")), name="Pictures"
    ).dataset
    request = TrainingRequest(dataset, head="qssl", objective="ntxent", settings=SETTINGS, source="images")
    with launchers.using(LauncherDouble()):  # carried out here: a worker takes seconds to start
        run = start_training(workspace, request)
    state = work(workspace, workspace.run(run))
    assert state == "finished", listing.summary(workspace, run).message
    return workspace, dataset, run


def written(at: AppTest) -> str:
    return " ".join(str(each.value) for each in [*at.markdown, *at.caption])


def test_a_finished_run_shows_states_probe_and_two_views(
    opened: Open, trained: tuple[Workspace, str, str]
) -> None:
    workspace, _, run = trained
    at = opened(workspace.path, "train", run=run)
    text = written(at)
    for said in (
        "Hilbert–Schmidt distance", "Linear probe", "Two views of an image", "held-out images; always predicting",
        "Overlap of the two states",
    ):  # fmt: skip
        assert said in text
    assert {"Alignment", "Uniformity"} <= {each.label for each in at.metric}
    assert len(at.selectbox(key="view_image").options) == 20


def test_the_published_probe_is_started_stopped_resumed_and_shown(
    opened: Open,
    trained: tuple[Workspace, str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    no_workers: LauncherDouble,
) -> None:
    original, _, run = trained
    shutil.copytree(original.path, tmp_path / "copy")
    workspace = open_workspace(tmp_path / "copy")
    short = ProbeConfig(epochs=3, batch_size=16)
    monkeypatch.setattr("qlatent.training.images.configs.ProbeConfig", lambda seed: short)
    at = opened(workspace.path, "train", run=run)
    assert not [each for each in at.segmented_control if each.key == "probe_protocol"]
    at.button(key="probe_start").click().run()
    assert not at.exception
    probing = workspace.run(listing.list_runs(workspace, "probe")[0].id)
    assert "probe_start" not in {each.key for each in at.button}
    at.button(key="probe_stop").click().run()
    assert work(workspace, probing) == "stopped"
    at.run()
    at.button(key="probe_resume").click().run()
    assert probing.status().state == "queued"
    assert work(workspace, probing) == "finished"
    at.run()
    assert not at.exception
    assert not {"probe_start", "probe_stop", "probe_resume"} & {each.key for each in at.button}
    found = image_views.published_probe(workspace, run)
    assert found is not None
    said = (
        f"As published: {found['accuracy']:.1%} ({found['low']:.1%}–{found['high']:.1%}), the best of 3 tests"
    )
    assert said in written(at)
    at.segmented_control(key="probe_protocol").set_value("published").run()
    assert not at.exception


def test_another_image_and_step_are_shown_when_chosen(
    opened: Open, trained: tuple[Workspace, str, str]
) -> None:
    workspace, _, run = trained
    at = opened(workspace.path, "train", run=run)
    at.selectbox(key="view_image").select_index(3).run()
    at.select_slider(key="view_step").set_value(0).run()
    assert not at.exception
    assert "after step 0. The chart shows the basis" in written(at)


def test_the_form_starts_a_run_on_the_pictures(
    opened: Open, trained: tuple[Workspace, str, str], no_workers: LauncherDouble
) -> None:
    workspace, dataset, _ = trained
    at = opened(workspace.path, "train", dataset=dataset)
    assert at.number_input(key="train_images_batch_size").value == 16  # of forty pictures, not 256
    assert "QSSL · QSSL" in str(at.selectbox(key="train_images_head").options) or at.selectbox(
        key="train_images_head"
    )
    at.number_input(key="train_images_steps").set_value(2).run()
    at.number_input(key="train_images_size").set_value(16).run()
    at.button(key="train_start").click().run()
    assert not at.exception
    newest = listing.list_runs(workspace, "train")[0]
    assert newest.spec.source == "images"
    assert newest.spec.configs.training | {"steps": 2, "batch_size": 16, "size": 16} == (
        newest.spec.configs.training
    )
    queue.stop(workspace, newest.id)
    queue.remove(workspace, newest.id)


def test_pictures_smaller_than_the_crop_are_refused_with_what_helps(
    opened: Open, trained: tuple[Workspace, str, str]
) -> None:
    workspace, dataset, _ = trained
    at = opened(workspace.path, "train", dataset=dataset)
    at.button(key="train_start").click().run()
    assert "40 of 40 images have fewer than 32 pixels a side" in at.error[0].title
    assert len(listing.list_runs(workspace, "train")) == 1


def test_explore_draws_the_run_like_any_other(opened: Open, trained: tuple[Workspace, str, str]) -> None:
    workspace, _, run = trained
    assert not opened(workspace.path, "explore", run=run).exception
