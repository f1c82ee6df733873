"""The page Explore on photos of groceries, on a million points, in a browser without WebGL2, and saved for offline."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.services.datasets import datasets
from qlatent.services.selections import links, selections
from qlatent.services.vectors import encoding
from qlatent.services.workspaces import Workspace, open_workspace
from tests.browser.conftest import CHROMIUM, QUIET, press, start_server
from tests.browser.explore_page import SETTLED, found, hover, lasso, opened, selected, until, url

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHOTOS = 240
POINTS = 1_000_000
PIXEL = """canvas => {
    const [red, green, blue] = canvas.getContext("2d").getImageData(2, canvas.height - 2, 1, 1).data;
    return (red + green + blue) / 3;
}"""  # brightness of the ground


@pytest.fixture(scope="module")
def workspace(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Photos of groceries with their texts, encoded, and a million synthetic vectors of eight classes."""
    folder = tmp_path_factory.mktemp("brought")
    groceries(shared_data / "grocery-pairs", folder / "groceries")
    million(folder / "million.npz")
    with open_workspace(tmp_path_factory.mktemp("explored") / "workspace") as made:
        shop = datasets.store(made, folder / "groceries", name="Groceries").dataset
        encoding.encode(made, shop, encoder=encoding.make_encoder("builtin", {}))
        datasets.store(made, folder / "million.npz", name="Million")
        yield made


def groceries(source: Path, folder: Path) -> None:
    """Evenly spaced photos as files, with a table beside them."""
    folder.mkdir()
    with np.load(source / "images.npz") as packed, (source / "items.csv").open(encoding="utf-8") as file:
        data, offsets, rows = packed["data"], packed["offsets"], list(csv.DictReader(file))
    with (folder / "items.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "image", "title", "label"])
        for number in np.linspace(0, len(rows) - 1, PHOTOS).astype(int):
            name = f"{number:04d}.jpg"
            (folder / name).write_bytes(data[offsets[number] : offsets[number + 1]].tobytes())
            table.writerow([f"g{number}", name, rows[number]["title"], rows[number]["coarse_name"]])


def million(path: Path) -> None:
    """Clouds around eight centres."""
    draw = np.random.default_rng(0)
    kind = np.arange(POINTS) % 8
    centres = 4 * draw.normal(size=(8, 4))
    points = (centres[kind] + draw.normal(size=(POINTS, 4))).astype(np.float32)
    np.savez(path, vector=points, label=np.array([f"class {each}" for each in "abcdefgh"])[kind])


@pytest.fixture(scope="module")
def server(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = start_server(workspace.path, tmp_path_factory.mktemp("server") / "log")
    yield running.url
    running.stop()


def groceries_by(server: str, modality: str) -> str:
    return f"{server}/explore?dataset=groceries&explore_show={modality}"


def test_photos_are_pointed_at_opened_and_found_again_by_going_back(page: Any, server: str) -> None:
    page.goto(groceries_by(server, "image"))
    opened(page)
    card = hover(page)
    page.wait_for_function(
        "image => image.naturalWidth > 0 || getComputedStyle(image).backgroundImage !== 'none'",
        arg=card.locator("img, .pm-cut").first.element_handle(),
    )  # a photo is shown
    page.mouse.down()
    page.mouse.up()
    row = until(lambda: url(page).get("row"))
    page.get_by_text(f"row {row}", exact=True).wait_for()
    page.get_by_text("The 10 nearest items in the vectors").wait_for()
    found(page, "pm-class").press("Enter")  # switched off: none of its points is drawn
    page.locator(".pm-class[aria-pressed=false]").wait_for()
    until(lambda: "explore_hidden" in url(page))
    opened(page)
    page.go_back()
    until(lambda: "explore_hidden" not in url(page))
    page.locator(".pm-class[aria-pressed=false]").wait_for(state="detached")
    opened(page)
    page.go_back()
    until(lambda: url(page).get("row") != row)
    opened(page)
    assert not page.get_by_text("Something went wrong").count()


def test_a_million_points_are_drawn_selected_and_reopened_from_the_link(
    page: Any, server: str, workspace: Workspace
) -> None:
    sent: list[int] = []
    page.on(
        "response",
        lambda answer: "/points/blob/" in answer.url and sent.append(int(answer.headers["content-length"])),
    )
    page.goto(f"{server}/explore?dataset=million")
    opened(page)
    assert sum(sent) <= 6_000_000
    lasso(page)
    link = until(lambda: url(page).get("explore_selection"))
    rows = selections.resolve(workspace, "million", links.from_link(link))
    assert 1000 < len(rows) < POINTS
    until(lambda: selected(page) == len(rows))
    page.get_by_text(f"{len(rows):,} of 1,000,000 items selected").wait_for()
    page.wait_for_function(SETTLED)
    assert sum(sent) <= 6_000_000  # nothing was sent again
    page.goto(page.evaluate("location.href"))
    opened(page)
    until(lambda: selected(page) == len(rows))


def test_without_webgl_the_page_draws_zooms_and_selects(browser: Any, server: str) -> None:
    plain = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*QUIET, "--disable-software-rasterizer"]
    )
    try:
        page = plain.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(groceries_by(server, "text"))
        opened(page)
        assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
        assert found(page, "pm-note").inner_text().startswith("This browser offers no WebGL2")
        found(page, "pm-closer").press("Enter")
        until(lambda: url(page).get("explore_camera"))
        lasso(page)
        until(lambda: url(page).get("explore_selection"))
        count = until(lambda: selected(page))
        page.get_by_text(f"{count} of {PHOTOS} items selected").wait_for()
        page.goto(f"{server}/explore?dataset=million")
        opened(page)
        assert "the server draws" in found(page, "pm-note").inner_text()
        lasso(page)
        count = until(lambda: selected(page))
        page.get_by_text(f"{count:,} of 1,000,000 items selected").wait_for()
    finally:
        plain.close()


def test_the_map_of_vectors_is_saved_with_its_photos_and_follows_a_dark_browser(
    browser: Any, server: str, tmp_path: Path
) -> None:
    context = browser.new_context(color_scheme="dark", viewport={"width": 1200, "height": 900})
    try:
        page = context.new_page()
        page.goto(groceries_by(server, "image"))
        opened(page)
        press(page.get_by_role("button", name="Save", exact=True))
        with page.expect_download() as saved:
            press(page.get_by_role("button", name="Save the map (HTML)"))
        saved.value.save_as(tmp_path / "map.html")
        page.goto((tmp_path / "map.html").as_uri())
        found(page, "pm-root[data-drawn]").wait_for()
        assert found(page, "pm-plain").evaluate(PIXEL) < 60
        card = hover(page)
        assert card.locator("img, .pm-cut").count() == 1 and card.inner_text().strip()
        lasso(page)
        count = until(lambda: selected(page))
        counts = page.locator(".pm-count").all_inner_texts()
        assert sum(int(re.split(r"\D", each)[0]) for each in counts) == count
        found(page, "pm-class").press("Enter")
        page.locator(".pm-class[aria-pressed=false]").wait_for()
    finally:
        context.close()
