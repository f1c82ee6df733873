"""The demo's two maps on Home in a real browser: they play once in step, not where less motion is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlatent.services import demo
from qlatent.services.workspaces import open_workspace
from tests.browser.conftest import press
from tests.pages.test_home import FRAMES, ITEMS, listing_like, of_demo
from tests.services.run_workspace import add

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SEEN = """
window.framesSeen = [];
setInterval(() => {
    const inside = (each) => each.shadowRoot?.querySelector(".pm-now");
    const parts = [...document.querySelectorAll(".st-key-home_map_1 *")];
    const now = document.querySelector(".st-key-home_map_1 .pm-now") ?? parts.map(inside).find(Boolean);
    const text = now?.textContent;
    if (text && window.framesSeen.at(-1) !== text) window.framesSeen.push(text);
}, 20);
"""
"""Notes each different text that says which frame the first map shows."""
LAST = f"frame {FRAMES}/{FRAMES}"


def test_both_maps_play_in_step_and_lead_to_the_first_case(
    page: Any, serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    with open_workspace(tmp_path / "workspace") as workspace:
        add(workspace, demo.DATASET, [listing_like(number) for number in range(ITEMS)])
        for created, request in enumerate(demo.TRAININGS, start=1):
            of_demo(workspace, request.name, created=float(created))
    server = serve(tmp_path / "workspace")
    page.add_init_script(SEEN)
    page.goto(server.url)
    maps = [page.locator(f".st-key-home_map_{number} .pm-root[data-drawn]") for number in (1, 2)]
    for each in maps:
        each.wait_for()
    page.wait_for_function("() => window.framesSeen?.length > 2")  # it plays by itself
    for each in maps:
        each.locator(".pm-now", has_text=LAST).wait_for()
    press(maps[1].locator(".pm-back"))
    for each in maps:
        each.locator(".pm-now", has_text=f"frame {FRAMES - 1}/{FRAMES}").wait_for()

    page.emulate_media(reduced_motion="reduce")
    page.reload()
    for each in maps:
        each.locator(".pm-now", has_text=LAST).wait_for()
    page.wait_for_timeout(3000)  # longer than the last frame is held before the maps play
    assert page.evaluate("() => window.framesSeen") == [f"step {FRAMES} · {LAST}"]

    press(page.locator(".st-key-home_triage button").first)  # its help has another one
    page.wait_for_url(re.compile(r"/triage\?queue="))
    page.get_by_text("Review of Demo").first.wait_for()
