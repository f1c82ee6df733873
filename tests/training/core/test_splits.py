"""Groups of related rows, and held-out groups."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.training.core import splits
from qlatent.training.core.rows import Labels, heldout_mask
from qlatent.training.vectors.data import from_arrays, from_items
from tests.training.tiny_head import settings


def walked(columns: list[list[str | None]]) -> list[frozenset[int]]:
    """The groups by walking from row to row, as a slow reference."""
    count = len(columns[0])
    near = {row: {row} for row in range(count)}
    for one, other in combinations(range(count), 2):
        if any(column[one] and column[one] == column[other] for column in columns):
            near[one].add(other)
            near[other].add(one)
    found = []
    for row in range(count):
        group, front = {row}, {row}
        while front:
            front = set().union(*(near[each] for each in front)) - group
            group |= front
        found.append(frozenset(group))
    return found


def drawn(groups: np.ndarray, labels: list[str], *, share: float = 0.2, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return splits.held_out(groups, np.array(labels), share=share, generator=generator)


def test_groups_are_connected_components() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        columns = [
            [None if random.random() < 0.3 else f"v{random.integers(12)}" for _ in range(24)]
            for _ in range(3)
        ]
        got = splits.tied([splits.codes(column) for column in columns])
        wanted = walked(columns)
        assert [frozenset(np.flatnonzero(got == got[row]).tolist()) for row in range(24)] == wanted


def test_missing_values_group_nothing() -> None:
    assert splits.codes(["a", None, "", "a"]).tolist() == [0, -1, -1, 0]
    assert len(set(splits.tied([splits.codes([None, "", None])]).tolist())) == 3


def test_a_content_of_most_rows_groups_nothing() -> None:
    """An image that half of the rows share groups them; a phrase that all rows have does not."""
    assert splits.uncommon(splits.codes(["no description"] * 3 + ["a", "a"])).tolist() == [-1, -1, -1, 1, 1]
    assert splits.uncommon(splits.codes(["one", "one", "two", "two", None])).tolist() == [0, 0, 1, 1, -1]


def test_ids_are_grouped_by_their_stem_before_a_number_sign() -> None:
    ids = ["100_69.jpg#0", "100_69.jpg#12", "a-1", "a_2", "#3", "b#", "b#x", "c#d#4"]
    assert splits.id_stems(ids) == ["100_69.jpg", "100_69.jpg", None, None, None, None, None, "c#d"]


@pytest.mark.parametrize("values", [[4, 0, 4, 2], [], [0], [-1, 5, -1], [10**9, 3], ["b", "", "b", "a"]])
def test_ranks_among_distinct_values_are_those_of_sorting(values: list) -> None:
    given = np.array(values, dtype=None if values else np.int64)
    wanted = np.unique(given, return_inverse=True)[1]
    np.testing.assert_array_equal(splits.dense(given), wanted)
    np.testing.assert_array_equal(splits.firsts(wanted), np.unique(given, return_index=True)[1])


def test_whole_groups_are_held_out_near_the_share_and_stratified_by_label() -> None:
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(400), random.integers(1, 6, size=400))
    label_of = random.choice(["many", "some", "few"], size=400, p=[0.7, 0.2, 0.1])
    labels = label_of[groups]
    away = drawn(groups, labels.tolist())
    assert not set(groups[away]) & set(groups[~away])
    assert len(groups) * 0.2 - 5 < away.sum() <= len(groups) * 0.2
    for name in set(labels):
        assert away[labels == name].mean() == pytest.approx(0.2, abs=0.04)


def test_every_group_is_held_out_as_often_as_the_others() -> None:
    """Over many seeds, each group has the same share, also the only group of its label."""
    labels = [*["common"] * 30, *(f"alone {n}" for n in range(10))]
    often = np.mean([drawn(np.arange(40), labels, share=0.25, seed=seed) for seed in range(400)], axis=0)
    assert often.mean() == pytest.approx(0.25)
    assert often[:30].mean() == pytest.approx(0.25, abs=0.03)
    assert often[30:].mean() == pytest.approx(0.25, abs=0.03)


def test_a_group_larger_than_the_share_is_trained_on() -> None:
    groups = np.array([0] * 90 + list(range(1, 11)))
    away = drawn(groups, [""] * 100, share=0.05)
    assert away.sum() == 5
    assert not away[:90].any()


def test_where_every_group_is_larger_the_smallest_is_held_out() -> None:
    groups = np.repeat([0, 1, 2], [40, 25, 35])
    away = drawn(groups, [""] * 100)
    assert set(groups[away]) == {1}


def test_rows_that_are_all_one_group_are_refused() -> None:
    with pytest.raises(InputError, match=r"All 30 usable rows form one group .*split_rule=contents"):
        drawn(np.zeros(30, dtype=np.int64), [""] * 30)
    assert not drawn(np.zeros(30, dtype=np.int64), [""] * 30, share=0.0).any()


def tied_pairs(**changes: object) -> tuple[Labels, np.ndarray]:
    """Forty images with five captions each, labels by image."""
    picture = np.repeat(np.arange(40), 5)
    content = np.array([f"p{each}|t{row}" for row, each in enumerate(picture)])
    split = changes.get("split", np.full(200, ""))
    return Labels(
        content, np.asarray(split), np.array([f"l{each % 4}" for each in picture]), picture
    ), picture


def test_captions_of_an_image_stay_together_in_any_order_of_the_rows() -> None:
    known, picture = tied_pairs()
    away = heldout_mask(known, settings())
    assert not set(picture[away]) & set(picture[~away])
    assert away.sum() == 40
    order = np.random.default_rng(5).permutation(200)
    turned = Labels(known.content[order], known.split[order], known.label[order], 39 - picture[order])
    assert set(picture[order][heldout_mask(turned, settings())]) == set(picture[away])


def test_the_rule_of_earlier_versions_groups_only_equal_rows() -> None:
    known, picture = tied_pairs()
    config = settings(split_rule="contents")
    away = heldout_mask(known, config)
    shuffled = np.random.default_rng((config.seed, 1)).permutation(np.unique(known.content))
    assert away.tolist() == np.isin(known.content, shuffled[:40]).tolist()
    assert set(picture[away]) & set(picture[~away])


def test_a_group_on_both_sides_of_the_items_own_split_is_held_out() -> None:
    split = np.full(200, "train")
    split[[0, 5]] = "test"  # pictures 0 and 1
    known, picture = tied_pairs(split=split)
    assert set(picture[heldout_mask(known, settings())]) == {0, 1}


def test_the_figures_count_groups_and_those_on_both_sides() -> None:
    known, picture = tied_pairs()
    arrays = {"image": np.eye(40, dtype=np.float32)[picture]}
    whole = from_items(arrays, known, settings(unique_pairs=False))
    assert whole.counts == {
        "train_pairs": 160, "heldout_pairs": 40, "train_groups": 32, "heldout_groups": 8, "groups_on_both_sides": 0,
    }  # fmt: skip
    torn = from_items(arrays, known, settings(unique_pairs=False, split_rule="contents"))
    both = set(picture[torn.heldout_rows]) & set(picture[torn.train_rows])
    assert torn.counts["groups_on_both_sides"] == len(both) > 20


def test_plain_arrays_are_grouped_by_equal_vectors_of_a_modality() -> None:
    random = np.random.default_rng(2)
    image = random.normal(size=(20, 4)).astype(np.float32)[np.repeat(np.arange(20), 3)]
    text = random.normal(size=(60, 4)).astype(np.float32)
    got = from_arrays({"image": image, "text": text}, settings())
    assert got.counts["groups_on_both_sides"] == 0
    assert got.counts["heldout_groups"] == 4
    assert not set(got.heldout_rows // 3) & set(got.train_rows // 3)
