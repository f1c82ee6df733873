"""The page Explore in a real browser: point, open, select, play, and reopen the same view from its address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qlatent.services.datasets import datasets
from qlatent.services.selections import links, selections
from qlatent.services.training.request import TrainingRequest
from qlatent.services.workspaces import Workspace, open_workspace
from tests.browser.conftest import press, start_server
from tests.browser.explore_page import SETTLED, found, hover, lasso, opened, picture, played, until, url
from tests.carried_out import trained

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def made(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str, str]:
    """A workspace with photos of clothes and their titles as CLIP vectors, and a short training on them."""
    workspace = open_workspace(tmp_path_factory.mktemp("explored") / "workspace")
    dataset = datasets.store(
        workspace, shared_data / "clip-embeddings" / "fashion_pairs_512.npz", name="Clothes"
    ).dataset
    settings = {"epochs": 2, "batch_size": 64, "dim": 8, "snapshots": 6}
    return workspace, dataset, trained(workspace, TrainingRequest(dataset, head="mlp", settings=settings))


@pytest.fixture(scope="module")
def server(made: tuple[Workspace, str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = start_server(made[0].path, tmp_path_factory.mktemp("server") / "log")
    yield running.url
    running.stop()


def test_a_point_a_lasso_a_film_and_the_address_of_the_view(
    page: Any, server: str, made: tuple[Workspace, str, str]
) -> None:
    workspace, dataset, run = made
    page.goto(f"{server}/explore?run={run}&explore_show=image")
    opened(page)

    assert "length" in hover(page).inner_text()
    page.mouse.down()
    page.mouse.up()
    row = until(lambda: url(page).get("row"))
    page.get_by_text(f"row {row}", exact=True).wait_for()

    lasso(page)
    link = until(lambda: url(page).get("explore_selection"))
    rows = selections.resolve(workspace, dataset, links.from_link(link))
    assert 0 < len(rows) < 826
    assert found(page, "pm-status").inner_text().startswith(f"{len(rows)} of 826 selected")
    page.get_by_text(f"Table of the {len(rows)} selected items on the map").wait_for()

    now, before = found(page, "pm-now"), url(page)
    played(page)
    assert url(page) == before  # played in the browser
    found(page, "pm-back").click()
    until(lambda: url(page).get("explore_frame"))
    found(page, "pm-closer").click()
    until(lambda: url(page).get("explore_camera"))
    page.wait_for_function(SETTLED)
    drawn, shown, address = picture(page), now.inner_text(), url(page)

    page.reload()
    opened(page)
    until(lambda: found(page, "pm-now").inner_text() == shown)
    until(lambda: picture(page) == drawn)
    assert url(page) == address
    assert found(page, "pm-status").inner_text().startswith(f"{len(rows)} of 826 selected")


def test_the_map_is_saved_as_one_file_that_plays_and_tells_offline(
    page: Any, server: str, made: tuple[Workspace, str, str], tmp_path: Path
) -> None:
    page.goto(f"{server}/explore?run={made[2]}&explore_show=image")
    opened(page)
    press(page.get_by_role("button", name="Save", exact=True))
    with page.expect_download() as saved:
        press(page.get_by_role("button", name="Save the map (HTML)"))
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    found(page, "pm-root[data-drawn]").wait_for()
    played(page)
    assert "length" in hover(page).inner_text()
    assert {each.split(":")[0] for each in asked} <= {"file", "data", "blob"}
