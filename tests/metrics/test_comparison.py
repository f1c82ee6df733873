"""Invalid input is refused, samples are reproducible, and the input side is computed once."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.metrics import comparison as module
from qlatent.metrics.comparison import Comparison, InputSide
from qlatent.metrics.geometry.correlation import spearman
from qlatent.metrics.pairs.sampling import described

X = np.random.default_rng(0).normal(size=(30, 4))


def test_items_are_drawn_so_that_all_their_points_fit():
    arrays = {"image": X, "text": X + 1}
    drawn = Comparison(arrays, arrays, sample=21, seed=3)
    assert (drawn.items, drawn.points) == (10, 20)
    assert drawn.sampled == "10 of 30 items (20 points), seed 3"
    np.testing.assert_array_equal(drawn.stacked[10:], X[drawn.before.rows] + 1)
    other = Comparison(arrays, arrays, sample=21, seed=4)
    assert list(drawn.before.rows) != list(other.before.rows)
    assert list(drawn.points_of(np.array([1, 4]))) == [1, 4, 11, 14]


def test_a_reference_is_measured_once_for_many_latents(monkeypatch):
    calls = []
    real = module.pairwise
    monkeypatch.setattr(module, "pairwise", lambda x, metric: calls.append(x.shape) or real(x, metric))
    arrays = {"vector": X}
    side = InputSide(arrays, sample=20, seed=1)
    figures = [spearman(Comparison(arrays, {"vector": X[:, :d]}, reference=side)) for d in (1, 2, 3)]
    assert calls.count((20, 4)) == 1
    alone = spearman(Comparison(arrays, {"vector": X[:, :2]}, sample=20, seed=1))
    assert figures[1] == alone


def test_each_side_has_its_distance():
    got = Comparison(
        {"vector": X}, {"vector": X}, distance="cosine", input_distance=lambda a, b: abs(a[:, :1] - b[:, 0])
    )
    np.testing.assert_allclose(got.before.geometry.distances, abs(X[:, :1] - X[:, 0]))
    assert got.after.distances.max() <= 2.0


@pytest.mark.parametrize(
    ("inputs", "latents", "settings", "message"),
    [
        ({}, {}, {}, "no modality"),
        ({"vector": X[0]}, {"vector": X}, {}, r"shape \(n, d\)"),
        ({"vector": X[:0]}, {"vector": X[:0]}, {}, "n ≥ 1"),
        ({"vector": X * np.nan}, {"vector": X}, {}, "inputs 'vector' contain NaN"),
        ({"vector": X}, {"vector": np.full_like(X, np.inf)}, {}, "latents 'vector' contain NaN"),
        ({"vector": X}, {"vector": X[:9]}, {}, "9 rows; expected 30"),
        ({"vector": X}, {"text": X}, {}, "latents have text; expected vector"),
        ({"image": X, "text": X[:9]}, {"image": X, "text": X}, {}, "differ in rows"),
        ({"vector": X}, {"vector": X}, {"labels": ["a"]}, "1 labels for 30 items"),
        ({"vector": X}, {"vector": X}, {"train_latents": {"text": X}}, "training rows have text"),
        ({"vector": X}, {"vector": X}, {"train_latents": {"vector": X}, "train_labels": ["a"]}, "1 labels for 30"),
    ],
)  # fmt: skip
def test_mismatched_inputs_are_refused(inputs, latents, settings, message):
    with pytest.raises(InputError, match=message):
        Comparison(inputs, latents, **settings)


def test_modalities_of_different_width_have_no_joint_distances():
    side = InputSide({"image": X, "text": X[:, :3]})
    with pytest.raises(InputError, match="width 4 and 3"):
        _ = side.geometry


def test_the_sample_is_described_in_words():
    assert described(900, 900, points=1800, seed=0) == "all 900 items (1,800 points)"
    assert described(1000, 9000, points=1000, seed=2) == "1,000 of 9,000 items, seed 2"
