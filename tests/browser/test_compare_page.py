"""The page Compare in a real browser: an experiment from the form to the table, and a lasso that links the maps."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.services.datasets import datasets
from qlatent.services.workspaces import open_workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MAPS = ".st-key-side_maps"


def bring(folder: Path, workspace: Path) -> None:
    """Sixty pairs in three groups."""
    rng = np.random.default_rng(0)
    image = (rng.normal(size=(3, 16))[np.arange(60) % 3] + 0.5 * rng.normal(size=(60, 16))).astype(np.float32)
    text = (image + 0.2 * rng.normal(size=image.shape)).astype(np.float32)
    np.savez(folder / "pairs.npz", image=image, text=text, label=np.array(["a", "b", "c"] * 20))
    with open_workspace(workspace) as opened:
        datasets.store(opened, folder / "pairs.npz", name="Pairs")


def lasso(page: Any) -> None:
    """A loop around the left half of the first map."""
    page.locator(f"{MAPS} .pm-tool.pm-lasso").first.click()
    area = page.locator(f"{MAPS} .pm-stage").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    x, y, w, h = box["x"], box["y"], box["width"], box["height"]
    corners = [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98), (0.02, 0.05)]
    page.mouse.move(x + w * corners[0][0], y + h * corners[0][1])
    page.mouse.down()
    for across, down in corners[1:]:
        page.mouse.move(x + w * across, y + h * down, steps=12)
    page.mouse.up()


def test_an_experiment_runs_and_a_lasso_links_its_maps(
    page: Any, serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    bring(tmp_path, tmp_path / "workspace")
    server = serve(tmp_path / "workspace")
    page.goto(server.url + "/compare")
    seeds = page.get_by_role("slider", name="Seeds")
    seeds.focus()
    seeds.press("Home")
    page.get_by_role("button", name="Compare 3 heads in 2 trainings").press("Enter")
    page.get_by_text("All 3 trainings measured").wait_for()
    page.get_by_text("Mean over seeds").wait_for()
    page.get_by_role("tab", name="Side by side").click()
    page.locator(f"{MAPS} .pm-root[data-drawn]").nth(1).wait_for()
    lasso(page)
    clear = page.locator(".st-key-side_clear button")
    label = clear.inner_text()
    items = int(re.search(r"of (\d+) item", label)[1])
    assert 0 < items < 60
    told = page.locator(f"{MAPS} .pm-status", has_text=re.compile(rf"^\s*{2 * items} of 120 selected"))
    told.nth(1).wait_for()  # on both maps, both points of each item
    page.get_by_text("selected items by neighbourhood change").wait_for()
    clear.press("Enter")
    page.get_by_text("60 items by neighbourhood change").wait_for()
    told.first.wait_for(state="detached")
    for tab, sentence in {
        "Frontier": "Bands: 95 %",
        "Probe": "No step is chosen by this accuracy",
        "Report": "How to read this",
    }.items():
        page.get_by_role("tab", name=tab).click()
        page.get_by_text(sentence).first.wait_for()
    assert page.locator("[data-testid=stException]").count() == 0
