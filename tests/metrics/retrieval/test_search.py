"""Exact search against plain float64 formulas, on typical and degenerate latents."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.metrics.retrieval import search
from qlatent.metrics.retrieval import search_kernels as kernels

METRICS = ("cosine", "euclidean", "log_fidelity")


def scores(queries: np.ndarray, latents: np.ndarray, metric: str) -> np.ndarray:
    """Cosine, minus distance or log F of every pair, query by query in float64."""
    a, b = queries.astype(np.float64), latents.astype(np.float64)
    if metric == "cosine":
        lengths = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)[None, :]
        return np.divide(a @ b.T, lengths, out=np.zeros((len(a), len(b))), where=lengths > 0)
    if metric == "euclidean":
        return np.stack([-np.linalg.norm(b - one, axis=1) for one in a])
    angles = np.arccos(np.clip(a, -1, 1))[:, None, :] - np.arccos(np.clip(b, -1, 1))[None, :, :]
    return np.log(np.maximum(np.cos(angles / 2) ** 2, 1e-12)).sum(axis=2)


def encoded(rng: np.random.Generator, n: int, width: int, scale: float = 0.4) -> np.ndarray:
    """⟨Z⟩ of Bloch-encoded numbers with a decaying spectrum, as for projections of real vectors."""
    u = rng.standard_normal((n, width)) / np.sqrt(1 + np.arange(width)) @ rng.standard_normal((width, width))
    return -np.sin(np.pi / 2 * np.tanh(scale * u / u.std()))


def assert_nearest(found: search.Found, expected: np.ndarray, tolerance: float = 1e-9) -> None:
    """Asserts that the k best scores are right and in order, and that the rows have these scores."""
    k = found.rows.shape[1]
    np.testing.assert_allclose(
        found.scores, -np.sort(-expected, axis=1)[:, :k], rtol=tolerance, atol=tolerance
    )
    np.testing.assert_allclose(
        np.take_along_axis(expected, found.rows, axis=1), found.scores, rtol=tolerance, atol=tolerance
    )
    assert all(len(set(rows)) == k for rows in found.rows.tolist())


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 7, 64])
def test_search_equals_a_full_sort(
    metric: str, dtype: type, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "ROWS", 512)
    monkeypatch.setattr(search, "QUERIES", 32)
    rng = np.random.default_rng(width)
    latents = encoded(rng, 1300, width).astype(dtype)  # more than two blocks
    queries = encoded(rng, 40, width).astype(dtype)  # more than one block
    found = search.top(latents, queries, 10, metric=metric)
    assert_nearest(found, scores(queries, latents, metric))


@pytest.mark.parametrize("kind", ["uniform", "saturated", "signs", "mixed", "tiny"])
@pytest.mark.parametrize("metric", METRICS)
def test_is_exact_where_the_bound_is_loose(kind: str, metric: str) -> None:
    rng = np.random.default_rng(3)
    made = {
        "uniform": lambda n: rng.uniform(-1, 1, (n, 16)),
        "saturated": lambda n: np.tanh(rng.normal(0, 20, (n, 16))),
        "signs": lambda n: rng.choice([-1.0, 1.0], (n, 16)),
        "mixed": lambda n: np.where(rng.random((n, 16)) < 0.3, rng.choice([-1.0, 1.0], (n, 16)), 0.1),
        "tiny": lambda n: rng.normal(0, 1e-6, (n, 16)),
    }[kind]
    latents, queries = made(5000).astype(np.float32), made(9).astype(np.float32)
    found = search.top(latents, queries, 12, metric=metric)
    assert_nearest(found, scores(queries, latents, metric), 1e-8)


@pytest.mark.parametrize("width", [3, 64, 130])
def test_qubits_at_opposite_poles_never_cost_less_than_they_are_counted_for(width: int) -> None:
    rng = np.random.default_rng(width)
    edges = np.array(
        [level + step for level in search.LEVELS[:-1] for step in (-1e-7, 0.0, 1e-7)] + [1.0, 0.3]
    )
    z = (rng.choice(edges, (60, width)) * rng.choice([-1, 1], (60, width))).astype(np.float32)
    bits = search.poles(z)
    assert bits.shape == (60, -(-width // 64), 1 + len(search.LEVELS))
    true = -scores(z, z, "log_fidelity")
    counted = np.array([[kernels._opposed(one, other, search.PRICES) for other in bits] for one in bits])
    assert (counted <= true).all()
    poles = np.where(rng.random((60, width)) < 0.5, 1.0, -1.0)
    bits = search.poles(poles)
    counted = np.array([[kernels._opposed(one, other, search.PRICES) for other in bits] for one in bits])
    np.testing.assert_allclose(counted, (poles[:, None] != poles).sum(axis=2) * -np.log(1e-12), rtol=1e-8)


def test_log_fidelity_does_not_underflow_at_768_float32_numbers() -> None:
    rng = np.random.default_rng(0)
    latents = rng.uniform(-1, 1, (300, 768)).astype(np.float32)
    queries = rng.uniform(-1, 1, (4, 768)).astype(np.float32)
    assert (
        np.exp(scores(queries, latents, "log_fidelity").max()).astype(np.float32) == 0.0
    )  # the product itself
    found = search.top(latents, queries, 300)
    assert np.isfinite(found.scores).all()
    assert_nearest(found, scores(queries, latents, "log_fidelity"), 1e-7)
    assert len(np.unique(found.scores)) == found.scores.size


def test_opposite_states_have_the_floor_of_the_distances() -> None:
    found = search.top(np.array([[-1.0, -1.0], [1.0, -1.0]]), np.array([[1.0, 1.0]]), 2)
    assert found.rows.tolist() == [[1, 0]]
    np.testing.assert_allclose(found.scores, np.log([[1e-12, 1e-24]]))


@pytest.mark.parametrize("metric", METRICS)
def test_equals_come_in_the_order_of_their_rows(metric: str) -> None:
    rng = np.random.default_rng(1)
    distinct = encoded(rng, 40, 24).astype(np.float32)
    latents = np.tile(distinct, (300, 1))  # 12,000 rows: every one 300 times, in several blocks
    found = search.top(latents, distinct[:5], 600, metric=metric)
    for query, rows in enumerate(found.rows):
        assert rows[:300].tolist() == list(range(query, 12_000, 40))
        assert (np.diff(rows[300:]) == 40).all()


@pytest.mark.parametrize("metric", METRICS)
def test_a_row_that_is_skipped_is_no_answer(metric: str) -> None:
    latents = encoded(np.random.default_rng(2), 500, 8)
    found = search.index(latents, metric).top(latents[:6], 3, skip=[0, 1, 2, -1, 4, 5])
    assert (found.rows[:, 0] == np.arange(6)).tolist() == [False, False, False, True, False, False]
    expected = scores(latents[:6], latents, metric)
    expected[[0, 1, 2, 4, 5], [0, 1, 2, 4, 5]] = -np.inf
    assert_nearest(found, expected)


def test_rows_to_skip_are_one_a_query() -> None:
    latents = encoded(np.random.default_rng(2), 5, 8)
    with pytest.raises(InputError, match="rows to skip for 2 queries"):
        search.index(latents).top(latents[:2], 1, skip=[0])


def test_a_skipped_row_leaves_no_hole_when_everything_is_asked_for() -> None:
    latents = encoded(np.random.default_rng(2), 5, 8)
    found = search.index(latents).top(latents[:2], 5, skip=[0, -1])
    assert found.rows[0, -1] == -1 and found.scores[0, -1] == -np.inf  # marked as missing
    assert sorted(found.rows[0, :4].tolist()) == [1, 2, 3, 4]


def test_more_than_there_are_gives_all_and_none_gives_none() -> None:
    latents = encoded(np.random.default_rng(4), 3, 8)
    assert search.top(latents, latents[:2], 10).rows.shape == (2, 3)
    assert search.top(latents[:0], latents[:2], 10).rows.shape == (2, 0)
    assert search.top(latents, latents[:0], 10).rows.shape == (0, 3)


def test_a_zero_vector_has_cosine_zero() -> None:
    found = search.top(
        np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]), np.array([[2.0, 0.0]]), 3, metric="cosine"
    )
    assert found.rows.tolist() == [[1, 0, 2]]
    np.testing.assert_allclose(found.scores, [[1.0, 0.0, -1.0]])


def test_a_far_off_centre_costs_no_digits() -> None:
    rng = np.random.default_rng(5)
    latents = 1e6 + rng.standard_normal((3000, 8))
    queries = 1e6 + rng.standard_normal((4, 8))
    assert_nearest(
        search.top(latents, queries, 10, metric="euclidean"), scores(queries, latents, "euclidean")
    )


@pytest.mark.parametrize("order", [1, -1])
def test_rows_in_the_worst_order_change_nothing(order: int) -> None:
    latents = encoded(np.random.default_rng(6), 6000, 8)
    query = latents[:1]
    latents = latents[np.argsort(scores(query, latents, "log_fidelity")[0])[::order]]
    assert_nearest(search.top(latents, query, 10), scores(query, latents, "log_fidelity"))


@pytest.mark.parametrize(
    ("latents", "queries", "metric", "k", "said"),
    [
        (
            [[0.1], [np.nan]],
            [[0.1]],
            "cosine",
            1,
            "1 of 2 latent rows hold NaN or infinity; the first is row 1",
        ),
        ([[0.1]], [[np.inf]], "cosine", 1, "1 of 1 query rows"),
        ([[1.5]], [[0.1]], "log_fidelity", 1, "between -1 and 1; got 1.5"),
        ([[0.1]], [[0.1, 0.2]], "cosine", 1, "Queries of 2 numbers"),
        ([0.1], [[0.1]], "cosine", 1, "has shape"),
        ([[0.1]], [[0.1]], "manhattan", 1, "no search by 'manhattan'"),
        ([[0.1]], [[0.1]], "cosine", 0, "The 0 nearest"),
        ([[1e30], [-1e30]], [[0.1]], "euclidean", 1, "float32 cannot hold its square"),
    ],
)
def test_invalid_searches_are_refused(latents: list, queries: list, metric: str, k: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        search.top(latents, queries, k, metric=metric)
