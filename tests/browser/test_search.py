"""Search and selection in a real browser, on photos of groceries and of clothes: from a question to a kept file."""

from __future__ import annotations

import base64
import csv
import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from qlatent.services.datasets import datasets
from qlatent.services.selections import collections, links, selections
from qlatent.services.vectors import encoding
from qlatent.services.workspaces import Workspace, open_workspace
from tests.browser.conftest import Server, press, start_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHOTOS = 48
IDLE = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
PASTE = """(field, [content, name]) => {
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, { type: "image/jpeg" }));
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true }));
}"""


@dataclass(frozen=True)
class Shop:
    """A workspace with groceries, encoded by the built-in encoder, and clothes as CLIP vectors."""

    workspace: Workspace
    groceries: str
    clothes: str
    photos: list[bytes]
    server: Server


@pytest.fixture(scope="module")
def shop(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("searched")
    workspace = open_workspace(folder / "workspace")
    photos = groceries(shared_data / "grocery-pairs", folder / "groceries.zip")
    stored = datasets.store(workspace, folder / "groceries.zip", name="Groceries").dataset
    encoding.encode(workspace, stored, encoder="builtin")
    pairs = shared_data / "clip-embeddings" / "fashion_pairs_512.npz"
    clothes = datasets.store(workspace, pairs, name="Clothes").dataset
    server = start_server(workspace.path, folder / "server.log")
    yield Shop(workspace, stored, clothes, photos, server)
    server.stop()


def groceries(source: Path, path: Path) -> list[bytes]:
    """Write a zip of photos and a table; returns the photos."""
    with np.load(source / "images.npz") as packed:
        data, offsets = packed["data"], packed["offsets"]
    with (source / "items.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    chosen = np.linspace(0, len(rows) - 1, PHOTOS).astype(int)
    photos = [bytes(data[offsets[number] : offsets[number + 1]]) for number in chosen]
    listing = io.StringIO()
    writer = csv.writer(listing)
    writer.writerow(["id", "image", "title", "label"])
    with zipfile.ZipFile(path, "w") as archive:
        for place, (number, photo) in enumerate(zip(chosen, photos, strict=True)):
            archive.writestr(f"photos/{place}.jpg", photo)
            row = rows[number]
            writer.writerow([f"g{place}", f"photos/{place}.jpg", row["title"], row["coarse_name"]])
        archive.writestr("items.csv", listing.getvalue())
    return photos


def url(page: Any) -> dict[str, str]:
    address = page.evaluate("location.href")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def until(happened: Callable[[], Any]) -> Any:
    """What `happened` returns once it is true."""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        if result := happened():
            return result
        time.sleep(0.1)
    raise AssertionError("nothing happened")


def key(page: Any, name: str, inside: str = "") -> Any:
    return page.locator(f".st-key-{name} {inside}".strip()).first


def selected(page: Any, shop: Shop, dataset: str) -> list[int]:
    """The rows of the selection that the URL holds."""
    link = until(lambda: url(page).get("explore_selection"))
    return [int(row) for row in selections.resolve(shop.workspace, dataset, links.from_link(link))]


def test_a_text_finds_photos_that_become_a_selection_on_the_map(page: Any, shop: Shop) -> None:
    page.goto(f"{shop.server.url}/explore?dataset={shop.groceries}&explore_tab=search&explore_search_k=5")
    field = key(page, "explore_search_text", "input")
    field.fill("red apple")
    field.press("Enter")
    key(page, "explore_search_0_4_like").wait_for()
    assert url(page)["explore_search_text"] == "red apple"
    cosines = page.get_by_text("5 items by cosine")
    cosines.wait_for()
    address = page.evaluate("location.href")
    press(key(page, "explore_search_select_0", "button"))
    assert len(selected(page, shop, shop.groceries)) == 5
    page.locator(".st-key-explore_map .pm-status", has_text="selected").wait_for()
    page.goto(address)  # the link opens the same search
    key(page, "explore_search_0_4_like").wait_for()
    until(lambda: field.input_value() == "red apple")  # it is filled a moment after it is drawn


def test_a_photo_is_pasted_or_uploaded_and_a_text_file_is_refused(page: Any, shop: Shop) -> None:
    page.goto(f"{shop.server.url}/data?dataset={shop.groceries}&section=search&data_search_by=image")
    field = key(page, "data_search_paste", "textarea")
    field.wait_for()
    field.evaluate(PASTE, [base64.b64encode(shop.photos[7]).decode(), "pasted.jpg"])
    field.focus()
    key(page, "data_search_paste").get_by_text("pasted.jpg").wait_for()

    def sent() -> str | None:
        field.press("Enter")  # the field takes none while it sends the picture to the server
        return url(page).get("data_search_image")

    until(sent)
    press(key(page, "data_search_0_0_open", "button"))  # the nearest is the photo itself
    page.get_by_role("dialog").get_by_text("Show on the map").wait_for()
    assert url(page)["data_row"] == "7"
    page.goto(f"{shop.server.url}/data?dataset={shop.groceries}&section=search&data_search_by=image")
    upload = key(page, "data_search_file_0", "input[type=file]")
    upload.set_input_files({"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.get_by_text("This is not an image to search with").wait_for()
    upload.set_input_files({"name": "yes.jpg", "mimeType": "image/jpeg", "buffer": shop.photos[11]})
    until(lambda: url(page).get("data_search_image"))
    press(key(page, "data_search_0_0_open", "button"))
    until(lambda: url(page).get("data_row") == "11")


@pytest.mark.parametrize("which", ["groceries", "clothes"])
def test_a_lasso_becomes_a_grid_a_collection_and_a_file(
    page: Any, shop: Shop, which: str, tmp_path: Path
) -> None:
    dataset: str = getattr(shop, which)
    page.goto(f"{shop.server.url}/explore?dataset={dataset}&explore_tab=selection")
    page.locator(".st-key-explore_map .pm-root[data-drawn]").first.wait_for()
    page.wait_for_function(IDLE)
    page.locator(".st-key-explore_map .pm-lasso").first.click()
    box = page.locator(".st-key-explore_map .pm-stage").first.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(middle[0] - 160, middle[1] - 140)
    page.mouse.down()
    for x, y in ((150, -150), (160, 140), (-20, 60), (-170, 130)):
        page.mouse.move(middle[0] + x, middle[1] + y, steps=4)
    page.mouse.up()
    rows = selected(page, shop, dataset)
    assert rows
    key(page, f"explore_selected_open_{rows[0]}").wait_for()  # the first card of the grid
    press(page.get_by_role("radio", name="Keep", exact=True))
    key(page, "explore_selected_name", "input").fill(f"Of {which}")
    press(key(page, "explore_selected_keep_new", "button"))
    (kept,) = until(lambda: collections.listed(shop.workspace, dataset))
    assert (kept.name, kept.count) == (f"Of {which}", len(rows))
    press(page.get_by_role("radio", name="Collections", exact=True))
    press(key(page, f"explore_kept_{kept.id}", "button"))
    with page.expect_download() as saved:
        press(key(page, f"explore_kept_{kept.id}_download", "button"))
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as table:
        ids = [row["id"] for row in csv.DictReader(table)]
    names = shop.workspace.items.table(dataset, columns=["id"])["id"].to_pylist()
    assert ids == [names[row] for row in rows]
