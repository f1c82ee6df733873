"""What a person does, in a real browser: a zip of photos becomes a moving map and a head that is kept and loaded."""

from __future__ import annotations

import csv
import io
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser import conftest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHOTOS = 160
PATIENCE = 300  # seconds; two busy cores are slow


@pytest.fixture(scope="session")
def grocery_zip(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of groceries with a CSV beside them; one file is cut off, one row names a photo that is not there."""
    source = shared_data / "grocery-pairs"
    with (
        np.load(source / "images.npz") as packed,
        (source / "items.csv").open(encoding="utf-8", newline="") as table,
    ):
        data, offsets, rows = packed["data"], packed["offsets"], list(csv.DictReader(table))
    chosen = np.linspace(0, len(rows) - 1, PHOTOS).astype(int)
    path = tmp_path_factory.mktemp("zip") / "groceries.zip"
    listing = io.StringIO()
    writer = csv.writer(listing)
    writer.writerow(["id", "image", "title", "description", "label"])
    with zipfile.ZipFile(path, "w") as archive:
        for number in chosen:
            row, photo = rows[number], bytes(data[offsets[number] : offsets[number + 1]])
            name = f"photos/{number:04d}.jpg"
            archive.writestr(name, photo[:600] if number == chosen[7] else photo)
            writer.writerow([f"g{number}", name, row["title"], row["description"], row["coarse_name"]])
        writer.writerow(["gone", "photos/none.jpg", "", "", "Fruit"])
        archive.writestr("items.csv", listing.getvalue())
    return path


def key(page: Any, name: str, inside: str = "") -> Any:
    """The widget with this key."""
    return page.locator(f".st-key-{name} {inside}".strip()).first


def press(page: Any, name: str) -> None:
    conftest.press(key(page, name, "button"))


def fill(page: Any, name: str, value: str) -> None:
    field = key(page, name, "input")
    field.fill(value)
    field.press("Enter")


def steps_done(page: Any) -> int:
    """The step that the page says the run is at."""
    text = page.get_by_text(re.compile(r"[\d,]+ of [\d,]+ steps")).first.inner_text()
    return int(text.split(" of ")[0].split()[-1].replace(",", ""))


def coordinates(page: Any, chart: str) -> list[float]:
    """Where the first points of a chart are drawn now; one that is being drawn anew is waited for."""
    return page.wait_for_function(
        """chart => {
            const plot = document.querySelector(`.st-key-${chart} .js-plotly-plot`);
            const trace = plot?._fullData?.find(each => each.x && each.x.length > 20);
            return trace && Array.from(trace.x.slice(0, 20)).concat(Array.from(trace.y.slice(0, 20)));
        }""",
        arg=chart,
    ).json_value()


def until(condition: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    """Wait for something that the browser cannot be asked to wait for."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.3)


def test_from_a_zip_of_photos_to_a_head_that_is_loaded_again(
    page: Any, serve: Callable[[Path], Any], grocery_zip: Path, tmp_path: Path
) -> None:
    server = serve(tmp_path / "workspace")

    page.goto(server.url + "/data")
    key(page, "import_files", "input[type=file]").set_input_files(grocery_zip)
    page.get_by_role("heading", name="Preview").wait_for()
    page.get_by_text(re.compile("refused rows? with reasons")).wait_for()
    press(page, "import_store")
    page.get_by_text(re.compile(r"1[0-9]{2} items stored in")).wait_for()

    press(page, "encode_start")
    key(page, "data_encoders").wait_for()
    until(lambda: not key(page, "encode_stop").is_visible())

    press(page, "data_train")
    fill(page, "train_epochs", "100000")  # does not end before somebody stops it
    press(page, "train_start")
    key(page, "live_map", ".js-plotly-plot").wait_for()
    before = coordinates(page, "live_map")
    until(lambda: coordinates(page, "live_map") != before)

    page.reload()
    page.get_by_text(re.compile(r"[\d,]+ of [\d,]+ steps")).first.wait_for()
    at_reload = steps_done(page)
    assert at_reload > 0
    until(lambda: steps_done(page) > at_reload)

    press(page, "run_stop")
    key(page, "run_resume", "button").wait_for()
    stopped_at = steps_done(page)
    assert stopped_at > at_reload
    press(page, "run_resume")
    until(lambda: steps_done(page) > stopped_at)
    press(page, "run_stop")
    key(page, "run_resume", "button").wait_for()

    fill(page, "train_epochs", "60")
    press(page, "train_start")
    key(page, "run_download", "button").wait_for()
    with page.expect_download() as waiting:
        press(page, "run_download")
    saved = tmp_path / "head.zip"
    waiting.value.save_as(saved)
    with zipfile.ZipFile(saved) as archive:
        assert {name.rsplit("/", 1)[-1] for name in archive.namelist()} == {
            "model.safetensors",
            "config.json",
            "README.md",
        }

    press(page, "run_explore")
    key(page, "explore_map", ".pm-root[data-drawn]").wait_for()
    shown = key(page, "explore_map", ".pm-now")
    last = shown.inner_text()
    key(page, "explore_map", ".pm-back").click()
    until(lambda: shown.inner_text() != last)

    page.goto(server.url + "/heads")
    key(page, "head_files", "input[type=file]").set_input_files(saved)
    fill(page, "head_name", "brought back")
    press(page, "head_load")
    page.get_by_role("heading", name="brought back").wait_for()
    press(page, "use_start")
    page.get_by_text(re.compile(r"\d+ rows transformed")).wait_for()
