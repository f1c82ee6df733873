"""A group decision in a browser: a lasso, examples, one left out, found in the log and in an exported file."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlatent.services.triage import queues
from qlatent.store.workspace import Workspace
from tests.browser import explore_page
from tests.browser.conftest import Server, press
from tests.services import shop_workspace

pytestmark = pytest.mark.slow


AROUND = ((-150, -235), (10, -235), (10, -90), (-150, -90), (-150, -220))
"""A polygon in pixels from the middle of the map, around the uppermost of its three clusters."""


def lasso(page: Any) -> None:
    explore_page.found(page, "pm-lasso").click()
    x, y = explore_page.middle(page)
    page.mouse.move(x + AROUND[0][0], y + AROUND[0][1])
    page.mouse.down()
    for across, down in AROUND[1:]:
        page.mouse.move(x + across, y + down, steps=4)
    page.mouse.up()


def test_a_lasso_is_decided_as_a_group_found_in_the_log_and_exported(
    page: Any, serve: Callable[[Path], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QLATENT_USER", "ann")
    with shop_workspace.shop(tmp_path / "workspace", images=True) as workspace:
        queue = queues.create(workspace, "shop", name="Flagged", order="oldest", by="ann").id
    server = serve(tmp_path / "workspace")

    def decided() -> dict[str, str]:
        with Workspace.open(tmp_path / "workspace") as again:
            return again.catalogue.cases.decided(queue)

    page.goto(f"{server.url}/triage?queue={queue}&triage_section=groups")
    explore_page.opened(page)
    lasso(page)
    page.locator(".st-key-triage_group_apply button").wait_for()
    page.wait_for_function(explore_page.SETTLED)
    assert explore_page.url(page)["triage_how"] == "lasso"
    page.locator(".st-key-triage_group_excluded input").click()
    page.get_by_role("option", name=re.compile("item-")).first.click()  # before it is "Select all"
    page.keyboard.press("Escape")
    page.get_by_role("radio", name="OK").or_(page.get_by_role("button", name="OK", exact=True)).first.click()
    apply = page.locator(".st-key-triage_group_apply button:not([disabled])")
    apply.wait_for()
    number = int(apply.inner_text().split("Decide ")[1].split(" ")[0])
    apply.click()
    page.locator(".st-key-triage_group_undo button").wait_for()
    assert len(decided()) == number and set(decided().values()) == {"ok"}

    page.goto(f"{server.url}/triage?queue={queue}&triage_section=log")
    page.get_by_text("Choose a row to see what happened").wait_for()
    page.wait_for_function(explore_page.SETTLED)
    table = page.locator("[class*=st-key-triage_log_] canvas").first
    table.click(position={"x": 20, "y": 52}, force=True)  # the box of the newest event
    page.get_by_text("ann decided a group (lasso) as OK").wait_for()
    page.locator(".st-key-triage_event_items .tile").nth(number - 1).wait_for()
    with page.expect_download() as download:
        press(page.locator(".st-key-triage_download_log_csv button"))
    with Path(download.value.path()).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [each["kind"] for each in rows] == ["created", "decided"]
    details = json.loads(rows[1]["details"])
    assert sorted(json.loads(rows[1]["items"])) == sorted(decided()) and details["how"] == "lasso"
    (excluded,) = details["excluded"]
    assert excluded not in decided() and excluded in details["examples"]

    press(page.get_by_role("button", name="Undo this event"))
    explore_page.until(lambda: decided() == {})
