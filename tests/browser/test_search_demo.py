"""Search by image on the demo in a real browser: a freshly drawn picture finds goods of its kind."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.demo.listings import listings
from qlatent.services import demo
from qlatent.services.selections import links, selections
from qlatent.services.selections.columns import values_of
from qlatent.services.workspaces import open_workspace
from tests.browser.conftest import press
from tests.browser.explore_page import SETTLED, opened, until, url

pytestmark = [pytest.mark.browser, pytest.mark.slow]
COUNT, K = 300, 8


def test_a_picture_that_nobody_has_seen_finds_goods_of_its_kind(
    page: Any, serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    workspace = open_workspace(tmp_path / "workspace")
    demo.furnish(workspace, count=COUNT)
    kinds = values_of(workspace, demo.DATASET, "kind").to_numpy()
    (common, many), *_ = Counter(kinds.tolist()).most_common(1)
    assert many < COUNT / 4  # so that half of the hits are not of it by chance
    drawn = next(each for each in listings(seed=7) if each.kind == common and each.truth == "honest")
    file = io.BytesIO()
    drawn.image.save(file, "PNG")

    page.goto(
        f"{serve(workspace.path).url}/explore?dataset={demo.DATASET}&explore_tab=search&explore_search_by=image"
        f"&explore_search_k={K}"
    )
    opened(page)
    upload = page.locator(".st-key-explore_search_file_0 input[type=file]")
    upload.set_input_files({"name": "new.png", "mimeType": "image/png", "buffer": file.getvalue()})
    until(lambda: url(page).get("explore_search_image"))
    page.locator(f".st-key-explore_search_0_{K - 1}_like").wait_for()
    page.wait_for_function(SETTLED)
    press(page.locator(".st-key-explore_search_select_0 button"))
    link = until(lambda: url(page).get("explore_selection"))
    hits = selections.resolve(workspace, demo.DATASET, links.from_link(link))
    assert len(hits) == K
    assert np.mean(kinds[hits] == common) >= 0.5
