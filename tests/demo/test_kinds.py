"""Goods look as such goods usually do, some kinds are common and others rare, and every look still occurs."""

from collections import Counter

import numpy as np
import pytest

from qlatent.demo.kinds import CATEGORIES, KINDS
from qlatent.demo.scene import BACKDROPS, COLOURS, PATTERNS, Scene, random_scene


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    rng = np.random.default_rng(4)
    return [random_scene(rng) for _ in range(6000)]


@pytest.mark.parametrize("name", KINDS)
def test_usual_looks_are_words_that_can_be_drawn(name: str) -> None:
    kind = KINDS[name]
    assert kind.category in CATEGORIES
    assert set(kind.colours) | set(kind.accents) <= set(COLOURS)
    assert set(kind.patterns) <= set(PATTERNS)
    assert set(kind.settings) <= set(BACKDROPS)
    assert len(kind.colours) >= 2
    assert all(set(kind.accents) - {colour} for colour in COLOURS)  # an accent is left for any colour


def test_kinds_are_as_common_as_their_shares(scenes: list[Scene]) -> None:
    seen = Counter(scene.kind for scene in scenes)
    total = sum(kind.share for kind in KINDS.values())
    for name, kind in KINDS.items():
        expected = len(scenes) * kind.share / total
        assert abs(seen[name] - expected) < 5 * np.sqrt(expected)
    assert max(seen.values()) > 3 * min(seen.values())


def test_goods_mostly_have_a_usual_colour_and_setting_but_not_always(scenes: list[Scene]) -> None:
    usual_colour = np.mean([scene.colour in KINDS[scene.kind].colours for scene in scenes])
    usual_setting = np.mean([scene.backdrop in KINDS[scene.kind].settings for scene in scenes])
    assert 0.75 < usual_colour < 0.95
    assert 0.75 < usual_setting < 0.95
    for name in KINDS:
        assert len({scene.colour for scene in scenes if scene.kind == name}) > len(KINDS[name].colours)


def test_the_first_colour_is_the_most_frequent(scenes: list[Scene]) -> None:
    for name in ("t-shirt", "phone", "sneaker"):
        colours = Counter(scene.colour for scene in scenes if scene.kind == name)
        assert colours.most_common(1)[0][0] == KINDS[name].colours[0]


def test_only_what_is_sold_in_sets_is_shown_in_sets(scenes: list[Scene]) -> None:
    assert {scene.count for scene in scenes if KINDS[scene.kind].sets == 0} == {1}
    share = np.mean([scene.count > 1 for scene in scenes if scene.kind == "mug"])
    assert share == pytest.approx(KINDS["mug"].sets, abs=0.1)
