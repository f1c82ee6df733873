"""Clearing a queue in a browser by keys alone: decisions, reasons, notes, undo, blur, and what keys do not do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlatent.services.selections.definitions import Ids
from qlatent.services.triage import audit, queues
from qlatent.store.workspace import Workspace
from tests.browser.conftest import Server
from tests.services import shop_workspace

pytestmark = pytest.mark.slow
ITEMS = tuple(f"item-{number:02}" for number in range(6))
FRAME = ".st-key-triage_pictures .frame"


def on_screen(page: Any, item: str) -> None:
    """Wait until a case is in the URL, and keys are for it."""
    page.locator(f'.st-key-triage_keys .keys[data-case="{item}"]').wait_for()
    page.wait_for_function(
        "item => new URL(location).searchParams.get('case') === item"
        " && document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'",
        arg=item,
    )


def test_a_queue_is_cleared_by_keys_alone(
    page: Any, serve: Callable[[Path], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QLATENT_USER", "ann")
    with shop_workspace.shop(tmp_path / "workspace", images=True) as workspace:
        view = queues.create(
            workspace, "shop", name="Flagged", order="oldest", by="ann", definition=Ids(ids=ITEMS)
        )
    server = serve(tmp_path / "workspace")
    keys = page.keyboard

    def decided() -> dict[str, str]:
        with Workspace.open(tmp_path / "workspace") as again:
            return again.catalogue.cases.decided(view.id)

    page.goto(f"{server.url}/triage?queue={view.id}")
    on_screen(page, "item-00")
    assert "blurred" in page.locator(FRAME).get_attribute("class")
    keys.press("b")
    page.wait_for_function(f"() => !document.querySelector('{FRAME}')?.classList.contains('blurred')")

    keys.press("Control+2")
    keys.press("?")
    page.locator("dialog.help[open]").wait_for()
    keys.press("2")  # no key decides behind the help
    keys.press("Escape")
    page.locator("dialog.help[open]").wait_for(state="detached")
    assert decided() == {}

    keys.press("2")
    keys.press("2")  # a double press decides one case
    on_screen(page, "item-01")
    assert decided() == {"item-00": "ok"}
    assert "blurred" in page.locator(FRAME).get_attribute("class")

    keys.press("1")
    keys.press("2")  # the second reason, without waiting for the list
    on_screen(page, "item-02")
    keys.press("s")
    on_screen(page, "item-03")
    keys.press("z")
    on_screen(page, "item-02")
    keys.press("z")
    on_screen(page, "item-01")
    assert decided() == {"item-00": "ok"}
    keys.press("1")
    page.get_by_text("for which reason?").wait_for()
    keys.press("Escape")
    page.get_by_text("for which reason?").wait_for(state="detached")
    keys.press("1")
    keys.press("2")
    on_screen(page, "item-02")

    keys.press("n")
    keys.type("12szh?/ b")  # a field has the focus: letters are letters
    assert page.locator(".st-key-triage_note textarea").input_value() == "12szh?/ b"
    keys.press("Escape")
    keys.press("2")
    on_screen(page, "item-03")
    keys.press("h")
    on_screen(page, "item-04")
    keys.press("/")
    keys.type("item-05")
    keys.press("Enter")
    page.locator("[class*=st-key-triage_found_item-05]").wait_for()
    keys.press("Escape")
    keys.press("3")
    on_screen(page, "item-05")
    keys.press("4")
    page.get_by_text("The rest is put aside for you").wait_for()
    page.locator('.st-key-triage_keys .keys[data-case=""]').wait_for()
    assert decided() == {
        "item-00": "ok", "item-01": "violates", "item-02": "ok", "item-04": "escalate", "item-05": "unsure"
    }  # fmt: skip
    keys.press("z")
    on_screen(page, "item-05")
    keys.press("2")
    page.get_by_text("The rest is put aside for you").wait_for()
    with Workspace.open(tmp_path / "workspace") as again:
        (event,) = [each for each in audit.history(again, view.id, "item-02") if each.kind == "decided"]
        assert (event.note, event.actor, event.reason) == ("12szh?/ b", "ann", "")
        assert audit.history(again, view.id, "item-01")[-1].reason == "counterfeit"
        assert audit.differences(again, view.id) == []
        assert again.catalogue.cases.decided(view.id)["item-05"] == "ok"
