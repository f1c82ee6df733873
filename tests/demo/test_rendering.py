"""Drawings made in bulk are the same however they are shared out, and are kept if asked."""

from pathlib import Path

import numpy as np
import pytest

from qlatent.demo import rendering


@pytest.mark.slow
def test_workers_draw_the_chunks_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "CHUNK", 2)
    images, scenes = rendering.render(3, size=32, seed=9, workers=1)
    first, second = rendering.render_chunk((9, 0, 2, 32)), rendering.render_chunk((9, 1, 1, 32))
    assert scenes == first[1] + second[1]
    np.testing.assert_array_equal(images, np.concatenate([first[0], second[0]]))
    assert images.shape == (3, 32, 32, 3)
    assert images.dtype == np.uint8


def test_drawings_are_kept_between_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = rendering.render_chunk((9, 0, 2, 32))
    monkeypatch.setattr(rendering, "render", lambda drawings, **settings: drawn)
    first = rendering.cached_render(tmp_path / "cache", 2, size=32, seed=9, workers=1)
    monkeypatch.delattr(rendering, "render")
    second = rendering.cached_render(tmp_path / "cache", 2, size=32, seed=9, workers=1)
    np.testing.assert_array_equal(first[0], second[0])
    assert first[1] == second[1] == drawn[1]
