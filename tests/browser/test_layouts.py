"""The tab Map of the page Explore in a real browser: UMAP with progress, its clusters, and one of them selected."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from qlatent.services.datasets import datasets
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Cluster
from qlatent.services.workspaces import open_workspace
from tests.browser.conftest import press

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SETTLED = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"


def url(page: Any) -> dict[str, str]:
    address = page.evaluate("location.href")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def until(happened: Callable[[], Any], *, seconds: float = 60) -> Any:
    """What `happened` returns once it is true."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if result := happened():
            return result
        time.sleep(0.1)
    raise AssertionError("nothing happened")


def test_umap_is_started_followed_shown_and_its_clusters_are_selected(
    page: Any, serve: Callable[[Path], Any], shared_data: Path, tmp_path: Path
) -> None:
    workspace = open_workspace(tmp_path / "workspace")
    pairs = shared_data / "clip-embeddings" / "fashion_pairs_512.npz"
    dataset = datasets.store(workspace, pairs, name="Clothes").dataset
    server = serve(workspace.path)
    page.goto(f"{server.url}/explore?dataset={dataset}&explore_show=image&explore_tab=map")
    page.get_by_text("About 13 s for 826 items").wait_for()
    press(page.locator(".st-key-explore_layout_new_start button"))
    progress = page.locator("[data-testid=stProgress]")
    progress.get_by_text("epochs").wait_for()
    press(page.locator(".st-key-explore_layout_show button"))
    layout = until(lambda: url(page).get("explore_layout"))
    page.get_by_text("Neighbours are true").wait_for()

    press(page.get_by_role("button", name="Find clusters"))
    page.get_by_text("Pick one to select its items").wait_for()
    page.wait_for_function(SETTLED)
    table = page.locator("[class*=st-key-explore_clusters_] [data-testid=stDataFrame]").last
    table.scroll_into_view_if_needed()
    table.click(position={"x": 15, "y": 55})
    link = until(lambda: url(page).get("explore_selection"))
    assert links.from_link(link) == Cluster(layout=layout, number=0, settings={"smallest": 0, "fill": False})
    page.wait_for_function(SETTLED)
    assert not page.get_by_text("Something went wrong").count()
