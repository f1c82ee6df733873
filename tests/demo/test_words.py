"""The text states what the picture shows."""

import numpy as np
import pytest

from qlatent.demo.kinds import KINDS
from qlatent.demo.scene import Scene, random_scene
from qlatent.demo.sellers import TOWNS
from qlatent.demo.words import NOUNS, NUMBERS, PLACES, SHADES, name_alone, title_and_description

SCENE = Scene("mug", "red", "turquoise", "striped", 2, "beach")


def texts(scene: Scene, count: int = 200) -> list[tuple[str, str]]:
    rng = np.random.default_rng(0)
    return [title_and_description(scene, rng) for _ in range(count)]


def mentions(text: str, words: tuple[str, ...]) -> bool:
    return any(word.strip() and word.strip() in text.lower() for word in words)


def test_every_kind_has_its_words_in_both_numbers() -> None:
    assert set(NOUNS) == set(KINDS)
    assert all(len(noun.singular) == len(noun.plural) for noun in NOUNS.values())


def test_description_states_object_colours_and_number() -> None:
    for _, description in texts(SCENE):
        assert mentions(description, NOUNS["mug"].plural)
        assert mentions(description, SHADES["red"])
        assert mentions(description, SHADES["turquoise"])
        assert mentions(description, ("stripes", "striped"))
        assert mentions(description, NUMBERS[2])


def test_backdrop_is_named_in_about_eleven_of_twelve_descriptions() -> None:
    share = np.mean([mentions(description, PLACES["beach"]) for _, description in texts(SCENE, 600)])
    assert 0.87 < share < 0.96


def test_titles_leave_attributes_out() -> None:
    stated = [mentions(title, SHADES["turquoise"]) for title, _ in texts(SCENE)]
    assert 0.05 < np.mean(stated) < 0.8


def test_wording_varies_and_leaves_no_gaps() -> None:
    rng = np.random.default_rng(1)
    pairs = [title_and_description(random_scene(rng), rng) for _ in range(300)]
    assert len({description for _, description in pairs}) == 300
    for text in (". ".join(pair) for pair in pairs):
        assert "{" not in text
        assert "  " not in text
        assert text == text.strip()
        assert len(text) < 280


@pytest.mark.parametrize("seed", range(3))
def test_same_generator_writes_the_same_words(seed: int) -> None:
    first, second = np.random.default_rng(seed), np.random.default_rng(seed)
    assert title_and_description(SCENE, first) == title_and_description(SCENE, second)
    assert name_alone(SCENE, first) == name_alone(SCENE, second)


def test_a_name_alone_names_the_goods_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    names = {name_alone(SCENE, rng) for _ in range(200)}
    assert names == {f"{number}{noun}" for number in ("", "2 ", "two ") for noun in NOUNS["mug"].plural}


def test_a_seller_hands_over_at_home() -> None:
    rng = np.random.default_rng(0)
    towns = {
        town
        for _ in range(200)
        for town in TOWNS
        if town in title_and_description(SCENE, rng, town="Ghent")[1]
    }
    assert towns == {"Ghent"}
