"""From a circuit on the page Circuits to a lesson of one's own on the page Learn, in a real browser."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import press

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_circuit_becomes_a_lesson(
    page: Any, serve: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QLATENT_LESSONS", "")  # the folder in the workspace
    server = serve(tmp_path / "workspace")
    page.goto(server.url + "/circuits?layout=dressed&qubits=2&layers=1&gate=3")
    page.locator(".gate.now").first.wait_for()
    press(page.locator(".st-key-circuits_lesson button:visible"))
    dialog = page.get_by_role("dialog")
    title = dialog.get_by_label("Title of the lesson")
    title.fill("Two wires")
    title.press("Enter")
    download = dialog.get_by_role("button", name="Download the folder two-wires")
    download.wait_for()
    with page.expect_download() as saved:
        press(download)
    assert saved.value.suggested_filename == "two-wires.zip"
    dialog.get_by_role("button", name="Close").press("Enter")
    dialog.wait_for(state="detached")
    with zipfile.ZipFile(saved.value.path()) as archive:
        archive.extractall(tmp_path / "workspace/lessons")
    page.goto(server.url + "/learn")
    press(page.locator(".st-key-learn_open_two-wires button"))
    page.locator(".gate.now[data-gate='3']").wait_for()
    page.get_by_text("What do you see?").wait_for()
