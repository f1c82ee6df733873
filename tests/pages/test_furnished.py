"""Every page on a workspace with items and a finished run, by widget key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from qlatent.registry import HEADS, OBJECTIVES
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


def test_heads_shows_the_kept_head(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "heads")
    assert {"Parameters", "Distances kept, images", "Distances kept, texts"} <= {
        metric.label for metric in at.metric
    }
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
