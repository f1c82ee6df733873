"""Augmented views on the pages, by widget key: encoded on Data, told there, and trained on from the form of Train."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.registry import ENCODERS
from qlatent.services.datasets import datasets
from qlatent.services.runs import listing
from qlatent.services.runs.listing import RunSummary
from qlatent.services.vectors import augmented, encoding
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.worker import work
from tests.launchers import LauncherDouble
from tests.pages.test_train_images import folder_of_pictures, written

Open = Callable[..., AppTest]


@pytest.fixture
def photos(tmp_path: Path, no_workers: LauncherDouble) -> tuple[Workspace, str]:
    """Pictures with the vectors of the built-in encoder; runs wait until a test carries them out."""
    workspace = open_workspace(tmp_path / "workspace")
    dataset = datasets.store(workspace, folder_of_pictures(tmp_path, count=20), name="Photos").dataset
    encoding.encode(workspace, dataset, encoder="builtin")
    return workspace, dataset


def carry_out(workspace: Workspace) -> RunSummary:
    """The newest run, done."""
    run = listing.list_runs(workspace)[0]
    work(workspace, workspace.run(run.id))
    return listing.summary(workspace, run.id)


def test_views_are_encoded_on_the_page_and_told_there(opened: Open, photos: tuple[Workspace, str]) -> None:
    workspace, dataset = photos
    at = opened(workspace.path, "data", dataset=dataset)
    assert "Augmented views by" not in written(at)
    assert "encode_view_count" not in {each.key for each in at.slider}
    at.toggle(key="encode_views").set_value(True).run()
    slider = at.slider(key="encode_view_count")
    assert (slider.min, slider.max, slider.value) == (2, 32, 4)
    slider.set_value(3).run()
    at.button(key="encode_start").click().run()
    assert not at.exception and not at.error
    run = carry_out(workspace)
    assert (run.state, run.spec.views) == ("finished", 3)
    at = opened(workspace.path, "data", dataset=dataset)
    assert f"Augmented views by {ENCODERS[run.encoder].title}: " in written(at)
    assert "3 of each of 20 images" in written(at)
    assert len(at.dataframe[0].value) == 1  # one encoder, one modality


def test_an_encoder_without_images_offers_no_views(opened: Open, photos: tuple[Workspace, str]) -> None:
    workspace, dataset = photos
    at = opened(workspace.path, "data", dataset=dataset)
    at.selectbox(key="encode_with").set_value("text").run()
    assert not at.exception
    assert "encode_views" not in {each.key for each in at.toggle}


def test_the_form_says_what_to_do_first_and_then_trains(opened: Open, photos: tuple[Workspace, str]) -> None:
    workspace, dataset = photos
    at = opened(workspace.path, "train", dataset=dataset)
    at.segmented_control(key="train_source").set_value("vectors").run()
    assert "train_views" not in {each.key for each in at.selectbox}
    at.selectbox(key="train_head").set_value("qssl").run()
    at.selectbox(key="train_objective").set_value("ntxent").run()
    assert "Augmented views of the image, encoded" in at.selectbox(key="train_views").options
    at.selectbox(key="train_views").set_value("augmented").run()
    (said,) = [each.value for each in at.info]
    assert "No augmented views of the images" in said
    assert "views 4" in said and "page Data" in said
    assert at.button(key="train_encode_views")
    at.button(key="train_start").click().run()
    assert not at.exception
    assert [each for each in at.error if "views 4" in each.value]
    assert listing.list_runs(workspace, "train") == []

    encoding.encode(workspace, dataset, encoder="builtin", views=augmented.USUAL)
    at.selectbox(key="train_views").set_value("noise").run()
    assert not at.info
    at.selectbox(key="train_views").set_value("augmented").run()
    assert not at.info
    assert "4 views of each of 20 images; training needs 163.8 kB of memory" in written(at)
    at.button(key="train_start").click().run()
    assert not at.exception and not at.error
    run = listing.list_runs(workspace, "train")[0]
    assert run.spec.configs.objective["view_count"] == 4
    assert len(at.selectbox(key="pick_encoder").options) == 1
