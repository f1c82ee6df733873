"""The vocabulary of drawings is large and consistent enough for its texts to tell pictures apart."""

import numpy as np

from qlatent.demo.draw import DRAWINGS
from qlatent.demo.kinds import CATEGORIES, KINDS
from qlatent.demo.scene import BACKDROPS, COLOURS, PATTERNS, random_scene


def test_every_kind_has_a_drawing_and_there_are_enough_kinds_and_categories() -> None:
    assert set(DRAWINGS) == set(KINDS)
    assert len(KINDS) >= 20
    assert len(CATEGORIES) >= 6
    assert len(COLOURS) == 12


def test_accent_never_equals_the_main_colour() -> None:
    rng = np.random.default_rng(0)
    assert all(scene.colour != scene.accent for scene in (random_scene(rng) for _ in range(500)))


def test_every_attribute_value_occurs() -> None:
    rng = np.random.default_rng(0)
    scenes = [random_scene(rng) for _ in range(1000)]
    assert {scene.kind for scene in scenes} == set(KINDS)
    assert {scene.colour for scene in scenes} == {scene.accent for scene in scenes} == set(COLOURS)
    assert {scene.pattern for scene in scenes} == set(PATTERNS)
    assert {scene.backdrop for scene in scenes} == set(BACKDROPS)
    assert {scene.count for scene in scenes} == {1, 2, 3}
