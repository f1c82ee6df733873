"""Pictures follow their scene and their seed."""

from dataclasses import replace

import numpy as np
import pytest

from qlatent.demo.draw import SIZE, draw_scene
from qlatent.demo.kinds import KINDS
from qlatent.demo.pen import PATTERN_PAINTERS, pattern_image, smooth, tinted
from qlatent.demo.scene import BACKDROPS, COLOURS, PATTERNS, Scene

MUG = Scene("mug", "red", "white", "plain", 1, "paper")


def pixels(scene: Scene, seed: int = 0) -> np.ndarray:
    return np.asarray(draw_scene(scene, np.random.default_rng(seed)), dtype=float)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_visibly_on_its_backdrop(kind: str) -> None:
    picture = pixels(replace(MUG, kind=kind, colour="purple", accent="green"))
    purple = np.abs(picture / picture.mean(axis=2, keepdims=True) - _chroma("purple")).max(axis=2) < 0.25
    assert picture.shape == (SIZE, SIZE, 3)
    assert purple.mean() > 0.01
    assert picture.std() > 15


def _chroma(colour: str) -> np.ndarray:
    rgb = np.array(COLOURS[colour], dtype=float)
    return rgb / rgb.mean()


def test_same_seed_draws_the_same_picture_and_another_seed_another() -> None:
    np.testing.assert_array_equal(pixels(MUG, 3), pixels(MUG, 3))
    assert np.abs(pixels(MUG, 3) - pixels(MUG, 4)).mean() > 2


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "kite"}, {"colour": "blue"}, {"accent": "black"}, {"pattern": "dotted"}, {"count": 2},
        {"backdrop": "grass"},
    ],
)  # fmt: skip
def test_every_attribute_changes_the_picture(change: dict[str, object]) -> None:
    other = pixels(replace(MUG, **change))  # type: ignore[arg-type]
    assert (np.abs(pixels(MUG) - other).max(axis=2) > 40).mean() > 0.005


@pytest.mark.parametrize("backdrop", BACKDROPS)
def test_backdrops_differ_from_each_other(backdrop: str) -> None:
    others = [name for name in BACKDROPS if name != backdrop]
    mine = pixels(replace(MUG, backdrop=backdrop)).mean(axis=2)
    assert all(np.abs(mine - pixels(replace(MUG, backdrop=o)).mean(axis=2)).mean() > 5 for o in others)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_shows_both_colours_except_plain(pattern: str) -> None:
    cloth = np.asarray(pattern_image(180, pattern, main=(255, 0, 0), accent=(0, 0, 255)))
    share = (cloth[..., 2] == 255).mean()
    assert set(PATTERN_PAINTERS) == set(PATTERNS)
    assert share == 0 if pattern == "plain" else 0.15 < share < 0.6


def test_smooth_curve_passes_through_its_points() -> None:
    points = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    curve = smooth(points, steps=4)
    assert len(curve) == 16
    assert curve[::4] == points
    assert smooth(points, closed=False, steps=4)[-1] == points[-1]


def test_tinting_darkens_below_one_and_lightens_above() -> None:
    assert tinted((100, 200, 40), 0.5) == (50, 100, 20)
    assert tinted((100, 200, 40), 2) == (255, 255, 255)
