"""Every page in an empty workspace: no failure, and a way on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]


@pytest.mark.parametrize(
    ("page", "button"),
    [
        ("home", "home_demo"),
        ("train", "empty_data"),
        ("explore", "empty_data"),
        ("heads", "empty_train"),
    ],
)
def test_an_empty_page_offers_the_next_step(opened: Open, tmp_path: Path, page: str, button: str) -> None:
    at = opened(tmp_path, page)
    assert not at.error
    assert at.button(key=button)


def test_the_empty_data_page_is_the_import(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path, "data")
    assert at.segmented_control(key="import_way").value == "Upload"


def test_a_folder_that_is_no_workspace_becomes_a_card(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "workspace.json").write_text('{"format": 99, "made_by": "9.9"}', encoding="utf-8")
    at = opened(tmp_path, "home")
    assert len(at.error) == 1


def test_a_missing_file_is_a_card_and_nothing_is_stored(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path, "data")
    at.segmented_control(key="import_way").set_value("Folder, file or hub id").run()
    at.text_input(key="import_path").set_value("/nowhere/at/all.csv")
    at.button(key="import_look").click().run()
    assert not at.exception
    assert "nowhere" in at.error[0].title if hasattr(at.error[0], "title") else at.error
