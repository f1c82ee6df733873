"""Exact nearest rows, against a plain computation in float64, and rows that are never found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.metrics.pairs.distances import between
from qlatent.services.search import nearest
from qlatent.services.search.nearest import top_k

WIDTH = 17
SIZES = pytest.mark.parametrize("queries", [1, 4, 9], ids=["one", "few", "many"])


def vectors() -> np.ndarray:
    """Vectors far from the origin, with NaN rows, a zero row and equal rows."""
    found = np.random.default_rng(3).normal(size=(900, WIDTH)).astype(np.float32) + 2
    found[::7] = np.nan
    found[8, 1] = np.inf
    found[9] = 0
    found[100:110] = found[99]
    return found


def plain(stored: np.ndarray, asked: np.ndarray, *, k: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows and scores by numpy, with ties by row."""
    x, q = stored.astype(np.float64), asked.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        if metric == "cosine":
            scores = (q / np.linalg.norm(q, axis=1)[:, None]) @ (x / np.linalg.norm(x, axis=1)[:, None]).T
        else:
            scores = -np.linalg.norm(q[:, None] - x[None], axis=2)
    scores = np.where(np.isfinite(scores), scores, -np.inf)
    order = np.argsort(-scores.round(12), axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(scores, order, axis=1)


@SIZES
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_nearest_are_those_of_a_plain_computation(queries: int, metric: str) -> None:
    stored = vectors()
    asked = np.random.default_rng(1).normal(size=(queries, WIDTH)) + 1
    asked[0] = stored[99]
    rows, scores = top_k(stored, asked, k=12, metric=metric)
    expected, values = plain(stored, asked, k=12, metric=metric)
    assert np.ptp(values[0, :10]) < 1e-12  # rows 99 to 109 but one are equal, so they stand in their order
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_allclose(scores, values, rtol=1e-6, atol=1e-6)
    assert (rows.dtype, scores.dtype) == (np.int64, np.float32)


def test_nearly_equal_rows_are_ranked_beyond_the_precision_of_float32_products() -> None:
    far = np.full((500, 64), 100.0, dtype=np.float32)
    far[:, 0] += np.random.default_rng(0).permutation(500).astype(np.float32) * 1e-3
    asked = np.full((6, 64), 100.0)
    expected, _ = plain(far, asked, k=5, metric="euclidean")
    np.testing.assert_array_equal(top_k(far, asked, k=5, metric="euclidean")[0], expected)
    np.testing.assert_array_equal(top_k(far, asked[:1], k=5, metric="euclidean")[0], expected[:1])


def test_log_fidelity_is_that_of_the_heads() -> None:
    latents = np.random.default_rng(2).uniform(-1, 1, size=(60, 3)).astype(np.float32)
    latents[5] = np.nan
    asked = latents[[7, 20]]
    rows, scores = top_k(latents, asked, k=70, metric="log_fidelity")
    whole = np.delete(np.arange(60), 5)
    alike = -between(asked, latents[whole], "log_fidelity")
    np.testing.assert_array_equal(rows[:, :59], whole[np.argsort(-alike, axis=1, kind="stable")])
    np.testing.assert_allclose(scores[:, :59], -np.sort(-alike, axis=1), atol=1e-5)
    assert (rows[:, 59:] == nearest.NOTHING).all()


@SIZES
def test_several_threads_find_the_same(queries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, asked = vectors(), np.random.default_rng(1).normal(size=(queries, WIDTH))
    asked[0] = stored[99]
    alone = top_k(stored, asked, k=12)
    monkeypatch.setattr(nearest, "_ALONE", 0)
    monkeypatch.setattr(nearest, "_threads", lambda: 3)
    monkeypatch.setattr(nearest, "_NUMBERS", 40 * WIDTH)
    monkeypatch.setattr(nearest, "_ROWS", 50)
    for mine, theirs in zip(top_k(stored, asked, k=12), alone, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@SIZES
def test_rows_without_a_direction_or_not_asked_for_are_never_found(queries: int) -> None:
    stored = vectors()[:30]
    asked = np.ones((queries, WIDTH))
    among = np.arange(30) % 2 == 1
    rows, scores = top_k(stored, asked, k=40, among=among)
    good = [row for row in range(1, 30, 2) if row % 7 and row != 9]
    assert sorted(rows[0, : len(good)].tolist()) == good
    assert (rows[:, len(good) :] == nearest.NOTHING).all()
    assert np.isneginf(scores[:, len(good) :]).all()
    assert 9 in top_k(stored, asked, k=40, metric="euclidean")[0]  # zero has a place, but no direction


def test_a_memory_map_and_other_precisions_are_read(tmp_path: Path) -> None:
    stored, asked = vectors(), np.ones((1, WIDTH))
    np.save(tmp_path / "vectors.npy", stored)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    expected = top_k(stored, asked, k=5)
    for each in (mapped, stored.astype(np.float64)):
        np.testing.assert_array_equal(top_k(each, asked, k=5)[0], expected[0])


def test_no_rows_give_nothing() -> None:
    rows, scores = top_k(np.empty((0, 3), dtype=np.float32), np.ones((2, 3)), k=2)
    assert rows.tolist() == [[-1, -1], [-1, -1]]
    assert np.isneginf(scores).all()


@pytest.mark.parametrize(
    ("asked", "changes", "said"),
    [
        (np.ones((1, 5)), {}, "Queries of 5 numbers cannot be compared with vectors of 17"),
        (np.zeros((2, WIDTH)), {}, "Query 0 has no direction"),
        (np.full((1, WIDTH), np.nan), {"metric": "euclidean"}, "Query 0 has no direction"),
        (np.ones((1, WIDTH)), {"k": 0}, "0 nearest were asked for"),
        (np.ones((1, WIDTH)), {"metric": "hamming"}, "no search by 'hamming'"),
        (np.ones(WIDTH), {}, r"got shapes \(900, 17\) and \(17,\)"),
        (np.ones((1, WIDTH)), {"among": np.ones(3, dtype=bool)}, "mask of shape"),
    ],
)
def test_what_cannot_be_searched_is_refused(asked: np.ndarray, changes: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        top_k(vectors(), asked, **({"k": 3} | changes))
