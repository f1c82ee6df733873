"""Going back on the page Explore in the moment in which it has heard of a change and has not yet answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.services.datasets import datasets
from qlatent.services.workspaces import open_workspace
from tests.browser.explore_page import SETTLED, found, opened, picture, until, url

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BACK_ONCE_SAID = """async name => {
    while (!location.search.includes(name)) await new Promise(done => setTimeout(done, 1));
    history.back();
}"""  # the answer of the page comes later than the address


def test_a_change_taken_back_before_the_page_answers_is_taken_back_on_the_map(
    page: Any, serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    workspace = open_workspace(tmp_path / "workspace")
    places = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    np.savez(
        tmp_path / "kinds.npz", vector=places, label=np.array(["salt", "rice", "tea"])[np.arange(60) % 3]
    )
    dataset = datasets.store(workspace, tmp_path / "kinds.npz", name="Kinds").dataset
    page.goto(f"{serve(workspace.path).url}/explore?dataset={dataset}&explore_colour=label")
    opened(page)
    drawn, off = picture(page), page.locator(".pm-class[aria-pressed=false]")
    for change, name in (
        (found(page, "pm-class"), "explore_hidden"),
        (found(page, "pm-closer"), "explore_camera"),
    ):
        for _ in range(2):
            change.press("Enter")
            until(lambda: picture(page) != drawn)
            page.evaluate(BACK_ONCE_SAID, name)
            until(lambda: name not in url(page))  # noqa: B023 - it is called at once
            page.wait_for_function(SETTLED)
            until(lambda: picture(page) == drawn, seconds=20)
            assert not off.count()
