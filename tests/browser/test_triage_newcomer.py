"""From a table of flagged listings and a zip of their photos to the first decision, counting clicks."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import press

pytestmark = pytest.mark.slow
MOST = 8
COUNT = 12


def listings(folder: Path) -> list[Path]:
    """A table as a marketplace writes it, and a zip of two photos for each listing."""
    rng = np.random.default_rng(0)
    columns = [
        "listing_id",
        "title",
        "description",
        "price",
        "currency",
        "seller",
        "flag_reason",
        "created",
        "photos",
    ]
    rows = [
        [
            f"L{number}", f"Leather bag {number}", f"<p>A <b>bag</b> of year {2000 + number}</p>", f"{20 + number}.50",
            "EUR", f"shop_{number % 3}", "counterfeit?", f"2026-06-{number + 1:02}T10:00:00",
            f"{number}a.jpg;{number}b.jpg",
        ]
        for number in range(COUNT)
    ]  # fmt: skip
    table, photos = folder / "flagged.csv", folder / "photos.zip"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    with zipfile.ZipFile(photos, "w") as archive:
        for number in range(COUNT):
            for side in "ab":
                buffer = io.BytesIO()
                Image.fromarray(rng.integers(0, 255, (48, 48, 3), dtype=np.uint8)).save(buffer, "JPEG")
                archive.writestr(f"{number}{side}.jpg", buffer.getvalue())
    return [table, photos]


def test_the_first_decision_is_at_most_eight_clicks_from_a_table_and_a_zip(
    page: Any, serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    clicks: list[str] = []

    def click(target: Any, what: str) -> None:
        press(target)
        clicks.append(what)

    page.goto(serve(tmp_path / "workspace").url)
    click(page.get_by_role("link", name="Data").first, "Data")
    page.locator(".st-key-import_files input[type=file]").set_input_files(listings(tmp_path))
    clicks.append("files")
    page.get_by_role("heading", name="Preview").wait_for()
    click(page.locator(".st-key-import_store button"), "Store")
    page.get_by_text(re.compile(rf"{COUNT} items stored in")).wait_for()
    click(page.get_by_role("link", name="Triage").first, "Triage")
    click(page.locator(".st-key-triage_create button"), "Make the queue")
    page.get_by_text(f"0 of {COUNT} cases decided").wait_for()
    page.get_by_text(re.compile("Leather bag")).first.wait_for()
    page.locator(".keys[data-case]").wait_for(state="attached")  # keys count from now on
    assert page.get_by_text("<b>").count() == 0
    page.keyboard.press("2")
    clicks.append("2")
    page.get_by_text(f"1 of {COUNT} cases decided").wait_for()
    assert len(clicks) <= MOST, clicks
