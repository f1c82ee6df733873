"""In a real browser: a backbone and a quantum head are trained from photos, and watched while they learn."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.services.runs import listing

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHOTOS = 160


@pytest.fixture
def photos(shared_data: Path, tmp_path: Path) -> Path:
    """Photos of groceries with a table of their classes."""
    source = shared_data / "grocery-pairs"
    with np.load(source / "images.npz") as packed:
        data, offsets = packed["data"], packed["offsets"]
    with (source / "items.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    folder = tmp_path / "photos"
    folder.mkdir()
    with (folder / "items.csv").open("w", encoding="utf-8", newline="") as listing:
        writer = csv.writer(listing)
        writer.writerow(["id", "image", "label"])
        for number in np.linspace(0, len(rows) - 1, PHOTOS).astype(int):
            (folder / f"{number}.jpg").write_bytes(bytes(data[offsets[number] : offsets[number + 1]]))
            writer.writerow([f"g{number}", f"{number}.jpg", rows[number]["coarse_name"]])
    return folder


def test_photos_are_learned_from_and_watched(
    page: Any, serve: Callable[[Path], Any], photos: Path, tmp_path: Path
) -> None:
    from qlatent.services.datasets import datasets
    from qlatent.services.workspaces import open_workspace

    workspace = open_workspace(tmp_path / "workspace")
    datasets.store(workspace, photos, name="Groceries")
    server = serve(workspace.path)
    page.set_viewport_size({"width": 1440, "height": 1600})
    page.goto(server.url + "/train")
    page.get_by_text("Train on").wait_for()
    for name, value in (("steps", "6"), ("batch_size", "16")):
        field = page.locator(f".st-key-train_images_{name} input").first
        field.fill(value)
        field.press("Enter")
    page.locator(".st-key-train_start button").first.press("Enter")
    page.locator(".st-key-hilbert_schmidt .js-plotly-plot").first.wait_for()
    page.get_by_text(re.compile(r"After step 6: .* held-out images")).first.wait_for()
    page.locator(".stMarkdownBadge", has_text="Finished").wait_for()  # the table of runs has the word, too
    (run,) = listing.list_runs(workspace, "train")
    assert (run.state, run.spec.source, run.status.step) == ("finished", "images", 6)
    page.locator(".st-key-view_states .js-plotly-plot").wait_for()
    page.get_by_text("Overlap of the two states").wait_for()
    pictures = page.locator("[data-testid=stImage] img")
    pictures.nth(1).wait_for()
    assert pictures.count() == 2
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stImage] img')].every(e => e.naturalWidth > 0)"
    )
    assert page.locator("[data-testid=stException]").count() == 0
