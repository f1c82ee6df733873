"""Training, held-out and probe rows of stored vectors."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.training.core.rows import Labels, batch_order, labels_of, probe_positions
from qlatent.training.vectors.data import from_arrays, from_items
from tests.training.tiny_head import settings

N = 100


def pairs(count=N, *, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(count, 4)).astype(np.float32) for name in ("image", "text")}


def labels(count=N, *, content=None, split=None, label=None):
    blank = [""] * count
    content = content or [f"c{i:04}" for i in range(count)]
    return Labels(*(np.array(part or blank, dtype=np.str_) for part in (content, split, label)))


def contents(given, rows):
    return set(given.content[rows])


def test_twenty_of_a_hundred_are_held_out_and_no_row_is_on_both_sides():
    got = from_items(pairs(), labels(), settings())
    assert (got.train_pairs, got.heldout_pairs) == (80, 20)
    assert set(got.train_rows) | set(got.heldout_rows) == set(range(N))
    assert got.left_out == {}


def test_rows_of_all_modalities_stay_together_and_in_place():
    given = pairs()
    got = from_items(given, labels(), settings(normalise="none"))
    for name in given:
        np.testing.assert_array_equal(got.train[name], given[name][got.train_rows])
        np.testing.assert_array_equal(got.heldout[name], given[name][got.heldout_rows])
        np.testing.assert_array_equal(got.probe[name], given[name][got.probe_rows])


def test_inputs_are_brought_to_unit_length():
    got = from_items(pairs(), labels(), settings())
    np.testing.assert_allclose(np.linalg.norm(got.train["text"], axis=1), 1.0, rtol=1e-6)
    assert got.train["text"].dtype == np.float32


def test_the_split_depends_on_seed_and_content_but_not_on_the_order_of_rows():
    given, known = pairs(), labels()
    order = np.random.default_rng(3).permutation(N)
    turned = {name: array[order] for name, array in given.items()}
    moved = Labels(known.content[order], known.split[order], known.label[order])
    one, same, other = (
        from_items(given, known, settings()),
        from_items(turned, moved, settings()),
        from_items(given, known, settings(seed=1)),
    )
    assert contents(known, one.heldout_rows) == contents(moved, same.heldout_rows)
    assert contents(known, one.heldout_rows) != contents(known, other.heldout_rows)


def test_a_split_column_is_used_in_any_wording_and_case():
    split = ["Train"] * 70 + [" TEST "] * 20 + ["val"] * 10
    got = from_items(pairs(), labels(split=split), settings(heldout=0.5))
    np.testing.assert_array_equal(got.heldout_rows, np.arange(70, 100))


def test_rows_without_a_known_split_are_learned_from_where_others_have_one():
    split = ["train"] * 50 + ["test"] * 20 + ["extra"] * 20 + [""] * 10
    got = from_items(pairs(), labels(split=split), settings())
    np.testing.assert_array_equal(got.heldout_rows, np.arange(50, 70))


@pytest.mark.parametrize("word", ["train", "test", "2024"])
def test_a_split_column_that_names_one_side_only_is_not_a_split(word):
    got = from_items(pairs(), labels(split=[word] * N), settings())
    assert (got.train_pairs, got.heldout_pairs) == (80, 20)


def test_each_content_is_used_once_unless_asked_otherwise():
    content = [f"c{i % 60:03}" for i in range(N)]
    once = from_items(pairs(), labels(content=content), settings())
    assert once.train_pairs + once.heldout_pairs == 60
    assert once.left_out == {"same content as an earlier row": 40}
    assert max(*once.train_rows, *once.heldout_rows) == 59
    every = from_items(pairs(), labels(content=content), settings(unique_pairs=False))
    assert every.train_pairs + every.heldout_pairs == N


def test_repeated_content_never_straddles_the_split():
    content = [f"c{i % 30:03}" for i in range(N)]
    for split in (None, ["train", "test", ""] * 33 + ["train"]):
        known = labels(content=content, split=split)
        got = from_items(pairs(), known, settings(unique_pairs=False))
        assert got.heldout_pairs > 0
        assert not contents(known, got.train_rows) & contents(known, got.heldout_rows)


def test_rows_without_a_vector_or_with_a_zero_one_are_left_out_and_counted():
    given = pairs()
    given["image"][[3, 4]] = np.nan
    given["text"][4] = np.nan  # counted once
    given["text"][5] = np.inf
    given["text"][6] = 0.0
    got = from_items(given, labels(), settings())
    assert got.left_out == {"no image vector": 2, "no text vector": 1, "zero text vector": 1}
    assert not {3, 4, 5, 6} & {*got.train_rows, *got.heldout_rows, *got.probe_rows}
    assert got.train_pairs + got.heldout_pairs == 96


def test_a_zero_vector_may_stay_where_nothing_is_normalised():
    given = pairs()
    given["text"][6] = 0.0
    assert from_items(given, labels(), settings(normalise="none")).left_out == {}


def test_too_few_pairs_are_refused_with_the_reasons():
    given = pairs(20)
    given["image"][7:] = np.nan
    with pytest.raises(
        InputError, match=r"Only 7 usable image-text pairs \(13 left out: no image vector\)"
    ) as error:
        from_items(given, labels(20), settings())
    assert "encode" in error.value.remedy


def test_a_split_without_training_rows_is_refused():
    split = ["test"] * 99 + ["train"]
    given = pairs()
    content = ["same"] * N
    with pytest.raises(InputError, match="All 100 usable image-text pairs are held out"):
        from_items(given, labels(content=content, split=split), settings(unique_pairs=False))


def test_modalities_of_different_length_are_refused():
    with pytest.raises(InputError, match="got 10 image, 9 text"):
        from_arrays({"image": np.ones((10, 4)), "text": np.ones((9, 4))}, settings())
    with pytest.raises(InputError, match=r"image vectors must be an array \(n, d\)"):
        from_arrays({"image": np.ones(10)}, settings())
    with pytest.raises(InputError, match="no modality"):
        from_arrays({}, settings())


def test_the_probe_has_every_label_and_proportional_shares():
    label = np.array(["common"] * 900 + ["rare"] * 90 + ["single"] * 10)
    chosen = label[probe_positions(label, settings(probe_size=100))]
    counts = {name: int((chosen == name).sum()) for name in np.unique(label)}
    assert sum(counts.values()) == 100
    assert abs(counts["common"] - 90) <= 2
    assert abs(counts["rare"] - 9) <= 1
    assert counts["single"] >= 1


def test_with_more_labels_than_places_no_label_comes_twice():
    label = np.repeat([f"l{i:02}" for i in range(50)], 4)
    chosen = label[probe_positions(label, settings(probe_size=20))]
    assert len(set(chosen)) == 20


def test_the_probe_is_fixed_by_the_seed_and_remembers_what_is_held_out():
    one, same = (from_items(pairs(), labels(), settings(probe_size=50)) for _ in range(2))
    np.testing.assert_array_equal(one.probe_rows, same.probe_rows)
    assert (np.diff(one.probe_rows) > 0).all()
    np.testing.assert_array_equal(one.probe_heldout, np.isin(one.probe_rows, one.heldout_rows))
    assert 0 < one.probe_heldout.sum() < 50
    other = from_items(pairs(), labels(), settings(probe_size=50, seed=5))
    assert list(other.probe_rows) != list(one.probe_rows)


def test_plain_arrays_are_split_by_their_vectors():
    given = {name: np.concatenate([array, array[:10]]) for name, array in pairs().items()}
    got = from_arrays(given, settings())
    assert got.train_pairs + got.heldout_pairs == N
    assert got.left_out == {"same content as an earlier row": 10}


def test_batch_order_is_a_pure_function_of_seed_and_epoch():
    first = batch_order(20, seed=1, epoch=2)
    assert sorted(first) == list(range(20))
    np.testing.assert_array_equal(first, batch_order(20, seed=1, epoch=2))
    assert list(first) != list(batch_order(20, seed=1, epoch=3))
    assert list(first) != list(batch_order(20, seed=2, epoch=2))


def test_labels_come_from_item_columns_with_blanks_for_none():
    got = labels_of({"pair_hash": ["a", "b"], "split": [None, "train"], "label": ["x", None]})
    assert [list(part) for part in (got.content, got.split, got.label)] == [
        ["a", "b"],
        ["", "train"],
        ["x", ""],
    ]


def test_augmented_views_stand_beside_their_rows_and_are_normalised_alike():
    given = {"image": pairs()["image"]}
    rng = np.random.default_rng(3)
    seen = rng.normal(size=(N, 3, given["image"].shape[1])).astype(np.float32)
    seen[4, 1] = np.nan
    seen[7, 2] = 0
    got = from_items(given, labels(), settings(), views={"image": seen})
    assert got.left_out == {"no augmented image vector": 1, "zero augmented image vector": 1}
    assert not {4, 7} & {*got.train_rows.tolist(), *got.heldout_rows.tolist()}
    unit = seen / np.maximum(np.linalg.norm(seen, axis=2, keepdims=True), 1e-9)
    np.testing.assert_allclose(got.train_views["image"], unit[got.train_rows], rtol=1e-6)
    np.testing.assert_allclose(got.heldout_views["image"], unit[got.heldout_rows], rtol=1e-6)
    raw = from_items(given, labels(), settings(normalise="none"), views={"image": seen})
    np.testing.assert_array_equal(raw.train_views["image"], seen[raw.train_rows])
    assert from_items(given, labels(), settings()).train_views == {}
