"""Every page on a workspace with items and a finished run, by widget key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.registry import HEADS, OBJECTIVES
from qlatent.services.runs.frames import Drawing, evolution
from tests.pages.conftest import HOSTILE, Furnished

Open = Callable[..., AppTest]


def markdown_of(at: AppTest) -> str:
    """Everything that is read as Markdown on the page."""
    parts = [
        *at.markdown,
        *at.caption,
        *at.subheader,
        *at.title,
        *at.error,
        *at.success,
        *at.info,
        *at.warning,
    ]
    return "\n".join(str(part.value) for part in parts)


def assert_nothing_foreign_is_markup(at: AppTest) -> None:
    said = markdown_of(at)
    for mark in (
        "<script>",
        "](https://example.org)",
        " $latex$",
        " :material/home:",
        ":red[loud]",
        "**bold**",
    ):
        assert mark not in said


def test_home_counts_and_plays(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "home")
    counted = {metric.label: metric.value for metric in at.metric}
    assert counted["Datasets"] == "2" and counted["Items"] == "63" and counted["Runs"] == "1"
    assert at.button(key="home_next").label == "Explore the map"
    assert_nothing_foreign_is_markup(at)


def test_texts_are_shown_letter_by_letter(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "data", dataset=furnished.texts)
    assert any(HOSTILE[:60] in part.value for part in at.text)
    assert_nothing_foreign_is_markup(at)


def test_search_finds_words_and_says_how_many(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "data", dataset=furnished.texts)
    at.text_input(key="q").set_value("PLAIN").run()
    assert [part.value for part in at.text if "words" in part.value] == ["plain words"]
    assert any("1 item of 3" in part.value for part in at.caption)
    assert_nothing_foreign_is_markup(at)


def test_duplicates_are_marked_and_can_be_seen_alone(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "data", dataset=furnished.texts)
    at.toggle(key="duplicates").set_value(True).run()
    assert any("2 items of 3" in part.value for part in at.caption)


def test_a_file_seen_before_is_said_to_be_there(opened: Open, furnished: Furnished, tmp_path: Path) -> None:
    from tests.pages.conftest import brought

    _, texts = brought(tmp_path)
    at = opened(furnished.workspace.path, "data", section="import")
    at.segmented_control(key="import_way").set_value("Folder, file or hub id").run()
    at.text_input(key="import_path").set_value(str(texts))
    at.button(key="import_look").click().run()
    assert not at.exception and not at.error
    assert any("already imported" in part.value for part in at.info)
    assert_nothing_foreign_is_markup(at)


def test_a_new_file_is_looked_at_then_stored(opened: Open, tmp_path: Path) -> None:
    from qlatent.services.datasets import datasets
    from qlatent.services.workspaces import open_workspace

    table = tmp_path / "goods.csv"
    table.write_text("id,title\n1,a chair\n2,\n3,a lamp\n", encoding="utf-8")
    at = opened(tmp_path / "ws", "data")
    at.segmented_control(key="import_way").set_value("Folder, file or hub id").run()
    at.text_input(key="import_path").set_value(str(table))
    at.button(key="import_look").click().run()
    counted = {metric.label: metric.value for metric in at.metric}
    assert (counted["Rows accepted"], counted["Rows refused"]) == ("2", "1")
    assert not datasets.list_datasets(open_workspace(tmp_path / "ws"))
    at.button(key="import_store").click().run()
    assert not at.exception and not at.error
    assert [each.rows for each in datasets.list_datasets(open_workspace(tmp_path / "ws"))] == [2]


def kinds(at: AppTest, chart: str) -> set[str]:
    """The trace types of a chart."""
    return {trace["type"] for trace in figure(at, chart)["data"]}


def figure(at: AppTest, chart: str) -> dict[str, Any]:
    """A chart as Plotly gets it."""
    (found,) = [each for each in at.get("plotly_chart") if each.proto.id.endswith(chart)]
    return dict(json.loads(found.proto.spec))


def test_the_form_of_a_run_is_the_configs(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "train", dataset=furnished.pairs)
    assert (at.slider(key="train_qubits").min, at.slider(key="train_qubits").max) == (2, 10)
    at.selectbox(key="train_head").set_value("acqua_twin").run()
    assert not at.exception
    assert "train_depth" not in {each.key for each in at.slider}


def test_the_options_are_drawn_once_they_are_opened_and_keep_what_was_chosen(
    opened: Open, furnished: Furnished
) -> None:
    at = opened(furnished.workspace.path, "train", dataset=furnished.pairs)
    assert "train_batch_size" not in {each.key for each in at.number_input}
    at.session_state["train_options"] = True
    at.run()
    at.number_input(key="train_batch_size").set_value(32).run()
    assert at.selectbox(key=f"train_group_by_{furnished.pairs}").options == [
        "no column",
        "label",
        "source",
    ]
    at.session_state["train_options"] = False
    at.run()
    assert not at.exception
    assert at.number_input(key="train_batch_size").value == 32


def test_a_finished_run_shows_its_figures_and_leads_on(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "train", run=furnished.run)
    assert at.button(key="run_explore")
    figures = {metric.label for metric in at.metric}
    assert {
        "Distances kept, images",
        "Neighbours kept, texts",
        "Gap images–texts",
        "Pair distance change",
    } <= figures
    assert_nothing_foreign_is_markup(at)


def test_explore_shows_the_picked_item_and_its_neighbours(opened: Open, furnished: Furnished) -> None:
    chosen = {"run": furnished.run, "row": "3", "frame": "1", "colour": "label", "pairs": "true"}
    at = opened(furnished.workspace.path, "explore", **chosen)
    assert "Norm ‖z‖, image" in {metric.label for metric in at.metric}
    assert at.segmented_control(key="switch_colour").value == "label"
    assert at.toggle(key="pairs").value is True
    assert_nothing_foreign_is_markup(at)


def test_choices_on_explore_stand_in_the_url(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "explore", run=furnished.run)
    at.segmented_control(key="switch_basis").set_value("last").run()
    assert not at.exception
    assert at.segmented_control(key="switch_basis").value == "last"
    chosen = {name: "".join(value) for name, value in at.query_params.items()}
    assert (chosen["run"], chosen["basis"]) == (furnished.run, "last")


def test_explore_shows_one_modality_or_both_with_axes_of_their_own(
    opened: Open, furnished: Furnished
) -> None:
    at = opened(furnished.workspace.path, "explore", run=furnished.run, shape="2")
    drawn = {}
    for show in ("image", "text", "both", "laid"):
        at.segmented_control(key="switch_show").set_value(show).run()
        assert not at.exception
        drawing = figure(at, "explore_map")
        drawn[show] = str(drawing["layout"]["xaxis"]["range"])
        modalities = {trace["name"] for trace in drawing["data"] if trace["name"] in ("Images", "Texts")}
        assert modalities == {"image": {"Images"}, "text": {"Texts"}}.get(show, {"Images", "Texts"})
    assert len(set(drawn.values())) == 4
    assert any("share the label at the last frame" in each.value for each in at.caption)
    assert any("means laid on each other" in each.value for each in at.caption)


def test_explore_colours_by_part_and_modality_and_fits_outliers_when_asked(
    opened: Open, furnished: Furnished
) -> None:
    chosen = {"run": furnished.run, "shape": "2", "show": "both"}
    for colour, names in (("part", {"training", "held out"}), ("modality", {"Images", "Texts"})):
        at = opened(furnished.workspace.path, "explore", **chosen, colour=colour)
        drawing = figure(at, "explore_map")
        assert {trace["name"] for trace in drawing["data"] if trace["showlegend"]} == names
    found = evolution(furnished.workspace, furnished.run, Drawing("both"))
    at.toggle(key="fit").set_value(True).run()
    (low, high), pad = found.whole[0], 0.06 * np.ptp(found.whole, axis=1).max()
    drawing = figure(at, "explore_map")
    assert drawing["layout"]["xaxis"]["range"] == pytest.approx([low - pad, high + pad])


def test_three_dimensions_are_drawn_in_space_until_a_plane_is_asked_for(
    opened: Open, furnished: Furnished
) -> None:
    at = opened(furnished.workspace.path, "explore", run=furnished.run)
    assert at.segmented_control(key="switch_shape").value == "3"
    assert kinds(at, "explore_map") == {"scatter3d"}
    at.segmented_control(key="switch_shape").set_value("2").run()
    assert kinds(at, "explore_map") == {"scatter"}


def test_heads_shows_the_kept_head(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "heads")
    assert {"Parameters", "Spearman"} <= {metric.label for metric in at.metric}
    assert at.button(key="head_remove")
    assert_nothing_foreign_is_markup(at)


def test_a_head_transforms_a_dataset(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "heads", dataset=furnished.pairs)
    at.button(key="use_start").click().run()
    assert not at.exception and not at.error
    assert any("60 rows" in part.value for part in at.success)


def test_every_head_and_objective_can_be_chosen_to_train(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "train")
    for head in HEADS:
        at.selectbox(key="train_head").set_value(head).run()
        assert not at.exception and not at.error, head
    for objective in OBJECTIVES:
        at.selectbox(key="train_objective").set_value(objective).run()
        assert not at.exception and not at.error, objective


def test_a_preview_shows_three_items_and_what_is_not_used(opened: Open, tmp_path: Path) -> None:
    table = tmp_path / "goods.csv"
    rows = [f"{n},a chair number {n},https://x.org/{n}.jpg" for n in range(5)]
    table.write_text("\n".join(["id,title,Image Src", *rows]), encoding="utf-8")
    at = opened(tmp_path / "ws", "data")
    at.segmented_control(key="import_way").set_value("Folder, file or hub id").run()
    at.text_input(key="import_path").set_value(str(table))
    at.button(key="import_look").click().run()
    assert not at.exception and not at.error
    unused, first = (frame.value for frame in at.dataframe)
    assert list(first["Id"]) == ["0", "1", "2"]
    assert unused.to_dict("records") == [
        {"Column": "Image Src", "Reason": "web addresses are not fetched; kept as metadata"}
    ]


def test_a_preview_that_keeps_nothing_is_an_error(opened: Open, tmp_path: Path) -> None:
    table = tmp_path / "goods.csv"
    table.write_text("id,title\n1,\n2,\n", encoding="utf-8")
    at = opened(tmp_path / "ws", "data")
    at.segmented_control(key="import_way").set_value("Folder, file or hub id").run()
    at.text_input(key="import_path").set_value(str(table))
    at.button(key="import_look").click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert "import_store" not in {button.key for button in at.button}
