"""The page Explore by key: what is looked at, how it is coloured, and what it says where something is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets
from qlatent.services.layouts import requests
from qlatent.services.runs import run_index
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Column
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.ui.explore import marks
from qlatent.ui.latent_map.point_map import classes
from tests.carried_out import in_process
from tests.pages.conftest import Furnished
from tests.pages.test_furnished import assert_nothing_foreign_is_markup
from tests.services import shop_workspace
from tests.services.run_workspace import add

Open = Callable[..., AppTest]


def url(at: AppTest) -> dict[str, str]:
    return {name: "".join(value) for name, value in at.query_params.items()}


def maps(at: AppTest) -> int:
    return len(at.get("bidi_component"))


def test_the_newest_run_is_looked_at_first_and_stands_in_the_url(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "explore")
    assert at.selectbox(key="explore_source").value == f"run/{furnished.run}"
    assert url(at)["run"] == furnished.run
    assert maps(at) == 1
    assert_nothing_foreign_is_markup(at)


def test_a_link_of_an_earlier_version_opens_the_same_view(opened: Open, furnished: Furnished) -> None:
    chosen = {"row": "3", "frame": "1", "colour": "frame", "basis": "last", "shape": "2", "show": "text"}
    at = opened(furnished.workspace.path, "explore", run=furnished.run, **chosen)
    assert "Norm ‖z‖, text" in {metric.label for metric in at.metric}
    assert at.selectbox(key="explore_colours").value == "norm"
    assert at.segmented_control(key="switch_explore_basis").value == "last"
    assert at.segmented_control(key="switch_explore_shape").value == "2"
    assert at.segmented_control(key="switch_explore_show").value == "text"
    found = url(at)
    assert not {"frame", "colour", "basis", "shape", "show"} & set(found)
    assert found["explore_frame"] == "1" and found["explore_colour"] == "norm" and found["row"] == "3"
    assert_nothing_foreign_is_markup(at)


def test_latents_of_three_numbers_start_in_space(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "explore", run=furnished.run)
    assert at.segmented_control(key="switch_explore_shape").value == "3"
    at.segmented_control(key="switch_explore_shape").set_value("2").run()
    assert not at.exception and url(at)["explore_shape"] == "2"


def test_vectors_are_looked_at_before_any_head_is_trained(opened: Open, furnished: Furnished) -> None:
    at = opened(
        furnished.workspace.path, "explore", dataset=furnished.pairs, explore_encoder="given", row="5"
    )
    assert at.selectbox(key="explore_source").value == f"vectors/{furnished.pairs}/given"
    assert {"Norm, image", "Norm, text", "Shown by the axes"} <= {metric.label for metric in at.metric}
    assert len(at.dataframe[0].value) == 10  # neighbours
    at.selectbox(key="explore_source").set_value(f"run/{furnished.run}").run()
    assert not at.exception
    assert url(at)["run"] == furnished.run and "dataset" not in url(at) and "explore_encoder" not in url(at)


def test_a_link_to_a_dataset_opens_its_newest_run(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "explore", dataset=furnished.pairs)
    assert at.selectbox(key="explore_source").value == f"run/{furnished.run}"


def test_a_dataset_without_vectors_says_so_and_leads_to_data(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "explore", dataset=furnished.texts)
    assert any("No vectors yet" in each.value for each in at.markdown)
    assert at.button(key="explore_encode") and not maps(at)


@pytest.mark.parametrize("gone", [{"run": "r-gone"}, {"dataset": "gone"}])
def test_a_link_to_what_does_not_exist_says_so_and_opens_nothing_else(
    opened: Open, furnished: Furnished, gone: dict[str, str]
) -> None:
    at = opened(furnished.workspace.path, "explore", **gone)
    assert at.button(key=f"gone_{next(iter(gone))}") and not maps(at)
    assert any("does not exist here" in each.value for each in at.markdown)


def test_a_link_to_vectors_of_another_encoder_opens_no_run_instead(
    opened: Open, furnished: Furnished
) -> None:
    at = opened(furnished.workspace.path, "explore", dataset=furnished.pairs, explore_encoder="clip-gone")
    assert any("set of vectors that does not exist here" in each.value for each in at.markdown)
    assert not maps(at)
    at.button(key="gone_explore_encoder").click().run()
    assert not at.exception and maps(at) == 1


def test_a_selection_in_the_url_is_listed_in_the_table(opened: Open, furnished: Furnished) -> None:
    link = links.to_link(Column(name="label", values=("a",)))
    at = opened(
        furnished.workspace.path, "explore", run=furnished.run, explore_selection=link, explore_table="true"
    )
    assert any(each.label == "Table of the 20 selected items on the map" for each in at.expander)


def test_a_selection_that_is_none_is_an_error_that_can_be_cleared(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "explore", run=furnished.run, explore_selection="nonsense")
    assert len(at.error) == 1 and maps(at) == 1
    at.button(key="explore_selection_broken").click().run()
    assert not at.error and "explore_selection" not in url(at)


UNMET = {
    "the frame 999": {"explore_frame": "999"}, r"the frame \-4": {"explore_frame": "-4"},
    "the frame last": {"explore_frame": "last"}, "the row 12345": {"row": "12345"},
    r"the colour column\:none": {"explore_colour": "column:none"}, "the view sound": {"explore_show": "sound"},
    r"the colour range 5\~1": {"explore_colour": "norm", "explore_range": "5~1"},
    "own colours of classes": {"explore_colour": "label", "explore_classes": "none_1-ff0000"},
    "": {"explore_camera": "x_y_z"},
}  # fmt: skip


@pytest.mark.parametrize("said", UNMET)
def test_choices_that_do_not_fit_are_left_out_and_said(opened: Open, furnished: Furnished, said: str) -> None:
    at = opened(furnished.workspace.path, "explore", run=furnished.run, **UNMET[said])
    assert not at.error and maps(at) == 1
    found = [each.value for each in at.caption if "which this map does not have" in each.value]
    assert len(found) == bool(said) and all(said in each for each in found)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_or_identical_points_are_drawn_and_said(opened: Open, tmp_path: Path, count: int) -> None:
    np.savez(tmp_path / "same.npz", text=np.ones((count, 4), dtype=np.float32))
    with open_workspace(tmp_path / "workspace") as workspace:
        dataset = datasets.store(workspace, tmp_path / "same.npz", name="Same").dataset
    at = opened(tmp_path / "workspace", "explore")
    assert at.selectbox(key="explore_source").value == f"vectors/{dataset}/given"
    assert maps(at) == 1 and any("All points are at one place" in each.value for each in at.caption)


def test_vectors_of_nan_are_left_out_and_counted_until_their_dataset_is_removed(
    opened: Open, tmp_path: Path
) -> None:
    image = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    text = image.copy()
    text[3], text[7, 2] = np.nan, np.inf
    np.savez(tmp_path / "nan.npz", image=image, text=text)
    with open_workspace(tmp_path / "workspace") as workspace:
        dataset = datasets.store(workspace, tmp_path / "nan.npz", name="Nan").dataset
    at = opened(tmp_path / "workspace", "explore", dataset=dataset, explore_show="text")
    assert any("2 items without a vector left out" in each.value for each in at.caption)
    at.segmented_control(key="switch_explore_show").set_value("both").run()
    assert maps(at) == 1 and any("2 items without a text vector" in each.value for each in at.caption)
    with open_workspace(tmp_path / "workspace") as workspace:
        datasets.remove(workspace, dataset)
    at.run()
    assert not at.exception and not maps(at) and any("No map yet" in each.value for each in at.markdown)
    assert [each.value for each in at.toast] == ["The dataset that was open here was removed."]


def test_a_file_that_is_no_image_is_refused_and_the_map_stays(opened: Open, furnished: Furnished) -> None:
    chosen = {"dataset": furnished.pairs, "explore_encoder": "given", "explore_tab": "search"}
    at = opened(furnished.workspace.path, "explore", explore_search_by="image", **chosen)
    at.file_uploader[0].set_value(("fruit.png", b"no picture", "image/png")).run()
    assert not at.exception and maps(at) == 1
    assert len(at.error) == 1 and "Use a JPEG" in at.error[0].value


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A dataset with typed columns, and a run of two frames on it."""
    with shop_workspace.shop(tmp_path_factory.mktemp("shop") / "workspace") as workspace:
        ended(workspace)
        yield workspace


def ended(workspace: Workspace) -> None:
    """A run that has ended, with its two frames."""
    shop_workspace.with_run(workspace).write_status(state="stopped", step=8, steps=8)
    workspace.catalogue.set_queue_state("r1", "stopped")
    run_index.record(workspace, "r1")


def test_points_are_coloured_by_any_column_of_the_dataset(opened: Open, shop: Workspace) -> None:
    at = opened(shop.path, "explore")
    colours = at.selectbox(key="explore_colours")
    assert colours.value == "label" and {"price", "made", "fresh · yes or no", "Density"} <= set(
        colours.options
    )
    for by in (
        "column:price",
        "column:made",
        "column:fresh",
        "density",
        "change",
        "loss",
        "lost",
        "pair",
        "norm",
        "part",
    ):
        at.selectbox(key="explore_colours").set_value(by).run()
        assert not at.exception and not at.error and maps(at) == 1, by
        assert url(at)["explore_colour"] == by


def test_a_stored_layout_in_the_link_is_drawn_until_the_fixed_axes_are_asked_for(
    opened: Open, shop: Workspace
) -> None:
    with in_process():
        of_vectors = requests.start(shop, requests.LayoutRequest("shop", method="pca", modality="text"))
        of_run = requests.start(shop, requests.LayoutRequest("r1", method="pca", modality="text"))
    vectors = {"dataset": "shop", "explore_encoder": "given"}
    for chosen, layout in ((vectors, of_vectors), ({"run": "r1"}, of_run)):
        at = opened(shop.path, "explore", explore_layout=layout, **chosen)
        assert "Label told by neighbours" in {metric.label for metric in at.metric} and maps(at) == 1
        at.button(key="explore_fixed").click().run()
        assert not at.exception and "explore_layout" not in url(at)
        assert "Shown by the axes" in {metric.label for metric in at.metric}
    at = opened(shop.path, "explore", explore_layout=of_run, **vectors)
    assert any("belongs to other vectors" in each.value for each in at.warning) and not maps(at)
    at = opened(shop.path, "explore", explore_layout="gone", **vectors)
    assert len(at.error) == 1 and not maps(at)  # nothing else is opened in its place
    at.button(key="explore_fixed").click().run()
    assert not at.error and maps(at) == 1 and "explore_layout" not in url(at)


def test_maps_stand_beside_each_other_and_can_be_removed(opened: Open, shop: Workspace) -> None:
    at = opened(
        shop.path, "explore", run="r1", explore_beside="frame-0,vectors-given,run-gone", explore_colour="norm"
    )
    assert maps(at) == 3 and len(at.error) == 1  # the run is gone, and the other maps are drawn
    captions = " ".join(each.value for each in at.caption)
    assert "Shown by the axes" in captions
    at.button(key="explore_beside_broken_run-gone").click().run()
    assert not at.exception and not at.error and url(at)["explore_beside"] == "frame-0,vectors-given"
    for by in ("change", "density", "label", "part"):
        at.selectbox(key="explore_colours").set_value(by).run()
        assert not at.exception and not at.error and maps(at) == 3, by
    at.button(key="explore_beside_remove_frame-0").click().run()
    at.button(key="explore_beside_remove_vectors-given").click().run()
    assert maps(at) == 1 and "explore_beside" not in url(at)


def test_a_run_whose_dataset_was_removed_is_still_drawn(opened: Open, tmp_path: Path) -> None:
    with shop_workspace.shop(tmp_path / "workspace") as workspace:
        ended(workspace)
        datasets.remove(workspace, "shop")
    link = links.to_link(Column(name="label", values=("pear",)))
    at = opened(tmp_path / "workspace", "explore", row="1", explore_selection=link)
    assert maps(at) == 1 and len(at.error) == 1
    at.button(key="explore_selection_broken").click().run()
    assert not at.exception and not at.error and maps(at) == 1


def test_another_dataset_falls_on_the_map_of_the_first(opened: Open, shop: Workspace) -> None:
    add(shop, "new", [shop_workspace.item(number) for number in (3, 8)])
    chosen = {"dataset": "shop", "explore_encoder": "given", "explore_show": "text"}
    at = opened(
        shop.path, "explore", explore_with="new", explore_colour="dataset", explore_with_row="1", **chosen
    )
    assert maps(at) == 1 and not at.error
    assert at.selectbox(key="explore_colours").value == "dataset"
    assert any("2 items of" in each.value and "on the map" in each.value for each in at.caption)
    nearest = at.dataframe(key="explore_near_list").value
    assert nearest["Cosine"].iloc[0] == pytest.approx(1.0)  # the same item, among the old ones
    for by in ("norm", "label", "column:price", "density"):
        at.selectbox(key="explore_colours").set_value(by).run()
        assert not at.exception and not at.error and maps(at) == 1, by
    at.button(key="explore_with_leave").click().run()
    assert not at.exception and not {"explore_with", "explore_with_row"} & set(url(at))
    at = opened(shop.path, "explore", explore_with="gone", **chosen)
    assert len(at.error) == 1 and maps(at) == 1
    at.button(key="explore_with_broken").click().run()
    assert not at.error and "explore_with" not in url(at)


def palette_of(at: AppTest) -> AppTest:
    """The page with the colours behind their button opened."""
    at.session_state["explore_palette"] = True
    return at.run()


def test_the_colour_range_is_fixed_given_to_each_frame_and_reset(opened: Open, furnished: Furnished) -> None:
    fixed = {"explore_colour": "norm", "explore_range": "0.25~2.0"}
    at = palette_of(opened(furnished.workspace.path, "explore", run=furnished.run, **fixed))
    assert not any("which this map does not have" in each.value for each in at.caption)
    assert at.number_input(key="explore_range_low").value == 0.25
    at.number_input(key="explore_range_high").set_value(0.1).run()  # below the start
    assert url(at)["explore_range"] == "0.25~2.0"
    at.number_input(key="explore_range_high").set_value(3.5).run()
    assert url(at)["explore_range"] == "0.25~3.5"
    at.segmented_control(key="explore_range_kind").set_value("frames").run()
    assert not at.exception and url(at)["explore_range"] == "frames"
    at.segmented_control(key="explore_range_kind").set_value("fixed").run()
    low, high = url(at)["explore_range"].split("~")
    assert 0 < float(low) < float(high)
    at.segmented_control(key="explore_range_kind").set_value("").run()
    assert not at.exception and "explore_range" not in url(at)


def test_a_class_gets_an_own_colour_until_the_defaults_are_asked_for(
    opened: Open, furnished: Furnished
) -> None:
    at = opened(furnished.workspace.path, "explore", run=furnished.run, explore_colour="label")
    palette_of(at)
    pickers = [each for each in at.color_picker if each.key.startswith("explore_class_")]
    assert [each.value for each in pickers] == ["#0072b2", "#e69f00", "#009e73"]
    pickers[1].set_value("#AA00bb").run()
    assert not at.exception and url(at)["explore_classes"].endswith("_1-aa00bb")
    assert [each.value for each in at.color_picker][1] == "#aa00bb"
    at.button(key="explore_classes_back").click().run()
    assert not at.exception and "explore_classes" not in url(at)
    assert [each.value for each in at.color_picker][1] == "#e69f00"
    at.color_picker[0].set_value("#000000").run()
    at.selectbox(key="explore_colours").set_value("norm").run()
    assert not at.exception and "explore_classes" not in url(at)  # another colour has its own


def test_the_loss_of_each_item_colours_a_run_that_recorded_it_and_others_say_why_not(
    opened: Open, furnished: Furnished, shop: Workspace
) -> None:
    at = opened(furnished.workspace.path, "explore", run=furnished.run, explore_colour="loss")
    assert maps(at) == 1 and not any("losses of items" in each.value.lower() for each in at.caption)
    at = opened(shop.path, "explore", run="r1", explore_colour="loss")
    assert maps(at) == 1 and any("losses of items" in each.value for each in at.caption)
    at.button(key="explore_instead_lost").click().run()
    assert not at.exception and url(at)["explore_colour"] == "lost"


def test_a_map_without_any_class_shown_says_so_and_shows_all_again(opened: Open, shop: Workspace) -> None:
    kinds = classes(["apple", "pear", "plum"], label="Label")
    off = f"{marks.named(kinds)}_0-2"
    at = opened(shop.path, "explore", run="r1", explore_colour="label", explore_hidden=off)
    assert maps(at) == 1 and any("All classes are switched off" in each.value for each in at.caption)
    at.button(key="explore_show_all").click().run()
    assert not at.exception and "explore_hidden" not in url(at)


def test_a_selection_of_no_item_says_so_and_the_maps_stay(opened: Open, shop: Workspace) -> None:
    link = links.to_link(Column(name="label", values=("quince",)))
    at = opened(
        shop.path, "explore", run="r1", explore_selection=link, explore_tab="selection",
        explore_beside="vectors-given",
    )  # fmt: skip
    assert maps(at) == 2 and not at.error and any("No item is selected" in each.value for each in at.info)
