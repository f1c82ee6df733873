"""Maps beside each other and saved views in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlatent.services.selections import links, selections
from tests.browser.conftest import press
from tests.browser.test_explore import SETTLED, made, opened, until, url

__all__ = ["made"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
MAP = ".st-key-explore_map"


def lasso(page: Any, number: int, reach: int) -> None:
    """A square around the middle of one of the maps."""
    page.locator(f"{MAP} .pm-lasso").nth(number).click()  # first, since it may scroll the page
    box = page.locator(f"{MAP} .pm-stage").nth(number).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - reach, y - reach)
    page.mouse.down()
    for across, down in ((reach, -reach), (reach, reach), (-reach, reach)):
        page.mouse.move(x + across, y + down, steps=4)
    page.mouse.up()


def said(page: Any) -> list[str]:
    """What the maps say about their points, without those that have no place."""
    return [each.split(" · ")[0] for each in page.locator(f"{MAP} .pm-status").all_inner_texts()]


def test_a_lasso_shows_on_the_map_beside_and_a_saved_view_opens_both_again(
    page: Any, serve: Callable[[Path], Any], made: tuple[Any, str, str]
) -> None:
    workspace, dataset, run = made
    page.goto(f"{serve(workspace.path).url}/explore?run={run}&explore_show=image")
    opened(page)
    press(page.get_by_role("button", name="Add a map"))
    press(page.locator(".st-key-explore_beside_add button"))
    page.locator(f"{MAP} .pm-root[data-drawn]").nth(1).wait_for()
    page.wait_for_function(SETTLED)
    assert url(page)["explore_beside"] == "vectors-given"
    page.keyboard.press("Escape")

    lasso(page, 0, 60)
    link = until(lambda: url(page).get("explore_selection"))
    rows = selections.resolve(workspace, dataset, links.from_link(link))
    assert 0 < len(rows) < 826
    until(lambda: said(page) == [f"{len(rows)} of 826 selected"] * 2)
    page.wait_for_function(SETTLED)
    lasso(page, 1, 50)
    link = until(lambda: (now := url(page).get("explore_selection")) != link and now)
    rows = selections.resolve(workspace, dataset, links.from_link(link))
    until(lambda: said(page) == [f"{len(rows)} of 826 selected"] * 2)
    page.wait_for_function(SETTLED)

    press(page.get_by_role("button", name="Views"))
    page.get_by_placeholder("Name of this view").fill("Middle of the vectors")
    before = url(page)
    press(page.locator(".st-key-explore_view_keep button"))
    kept = page.locator("[class*=st-key-explore_view_open_] button")
    kept.wait_for()
    page.goto(page.url.split("?")[0] + f"?dataset={dataset}&explore_encoder=given&explore_colour=norm")
    opened(page)
    assert page.locator(f"{MAP} .pm-root").count() == 1 and "selected" not in said(page)[0]
    press(page.get_by_role("button", name="Views"))
    press(kept)
    page.locator(f"{MAP} .pm-root[data-drawn]").nth(1).wait_for()
    page.wait_for_function(SETTLED)
    assert url(page) == before
    until(lambda: said(page) == [f"{len(rows)} of 826 selected"] * 2)
