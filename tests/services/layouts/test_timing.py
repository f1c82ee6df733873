"""How long a layout takes, told before it is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qlatent.services.layouts import timing
from qlatent.services.layouts.requests import LayoutRequest
from tests.services.layouts.laid_out import classified, computed


def test_without_an_earlier_layout_the_benchmark_tells_by_points_and_epochs(tmp_path: Path) -> None:
    workspace = classified(tmp_path / "ws")

    def told(points: int, **changes: object) -> float:
        return timing.usual_seconds(workspace, LayoutRequest("classes", **changes), points=points)  # type: ignore[arg-type]

    search = 2e-8 * 5000**2
    assert told(5000) == pytest.approx(12.0 + search + 5000 * 500 * 1.9e-6)
    assert told(20_000) == pytest.approx(12.0 + 2e-8 * 20_000**2 + 20_000 * 200 * 1.9e-6)
    assert told(5000, densmap=True) == pytest.approx(12.0 + search + 5000 * 700 * 1.9e-6)
    # further points are placed beside the 50,000 that are laid out
    assert told(10**6) - told(50_000) == pytest.approx(950_000 * (50_000 * 2e-8 + 3.7e-4))
    assert told(5000, method="pca") == 12.0


def test_the_newest_layout_of_the_same_method_tells_how_quick_this_machine_is(tmp_path: Path) -> None:
    workspace = classified(tmp_path / "ws")
    layout = computed(workspace, method="pca")
    folder = workspace.run(layout.id)
    request = LayoutRequest("classes", method="umap")
    before = timing.usual_seconds(workspace, request, points=1000)
    folder.write_figures({"points": 100, "seconds": 112.0})  # 1 s for each point and epoch: pca has one epoch
    assert timing.usual_seconds(workspace, request, points=1000) == before  # of another method
    spec = folder.spec | {"method": "umap"}
    (folder.path / "spec.json").write_text(json.dumps(spec))
    assert timing.usual_seconds(workspace, request, points=1000) == pytest.approx(12.0 + 1000 * 500, rel=1e-5)
