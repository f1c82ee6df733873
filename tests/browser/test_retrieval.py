"""Retrieval on the page Compare in a real browser: judgements uploaded, heads ranked, one query looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.services.datasets import datasets
from qlatent.services.retrieval import evaluation_runs, results
from qlatent.services.workspaces import open_workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def bring(folder: Path, workspace: Path) -> Path:
    """Sixty vectors in three groups; judgements say that the next two of its group are relevant for an item."""
    rng = np.random.default_rng(0)
    image = (rng.normal(size=(3, 16))[np.arange(60) % 3] + 0.5 * rng.normal(size=(60, 16))).astype(np.float32)
    np.savez(folder / "vectors.npz", image=image, label=np.array(["a", "b", "c"] * 20))
    with open_workspace(workspace) as opened:
        dataset = datasets.store(opened, folder / "vectors.npz", name="Vectors").dataset
        ids = opened.items.table(dataset, columns=["id"])["id"].to_pylist()
    lines = [f"{ids[n]}\t{ids[n + step]}\t{9 - step}" for n in range(50) for step in (3, 6)]
    (folder / "judged.tsv").write_text("\n".join([*lines, f"{ids[0]}\tnowhere\t1"]))
    return folder / "judged.tsv"


def test_judgements_are_uploaded_heads_ranked_and_one_query_looked_at(
    page: Any, serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    judged = bring(tmp_path, tmp_path / "workspace")
    server = serve(tmp_path / "workspace")
    page.goto(server.url + "/compare")
    page.get_by_role("radio", name="Retrieval").click()
    page.get_by_text("60 items share a label").wait_for()
    page.get_by_role("radio", name="Another dataset").click()
    assert page.get_by_role("button", name="Add judgements").is_disabled()
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(judged)
    page.get_by_role("button", name="Evaluate 3 heads").press("Enter")
    page.get_by_text("The whole corpus was ranked").wait_for()
    page.locator(".st-key-retrieval_plot .js-plotly-plot").wait_for()
    page.get_by_text("judgements name documents that the corpus lacks").wait_for()
    page.get_by_text("10 of 60 queries without judgements left out").wait_for()
    page.get_by_role("tab", name="One query").click()
    page.get_by_text("relevant among the first 10").first.wait_for()
    with open_workspace(tmp_path / "workspace") as opened:
        [run] = evaluation_runs.evaluations(opened)
        assert results.figures(opened, run.id)["queries"] == 50
    page.reload()  # a link reopens the view
    page.get_by_text("The whole corpus was ranked").wait_for()
    page.get_by_role("button", name="Remove").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Remove").press("Enter")
    page.get_by_text("New evaluation").first.wait_for()
    assert page.locator("[data-testid=stException]").count() == 0
