"""Influences against actual deletion of items, and coverage of the intervals."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import coranking, influence, neighbourhoods
from qlatent.metrics.pairs.point_set import order_matrix
from qlatent.metrics.retrieval import partners
from qlatent.metrics.statistics import jackknife
from qlatent.metrics.statistics.jackknife import LeftOut, contributions, moves_of, share
from qlatent.metrics.value import resampled

ROWS = np.arange(31)


def maps(n: int = 31, *, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, size=(n, 3)).astype(float) if ties else rng.normal(size=(n, 5))
    return x, x[:, :2] + (0.0 if ties else 0.4) * rng.normal(size=(n, 2))


def exact(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """City-block distances, whose ties are exact in any subset."""
    return np.abs(a[:, None] - b[None]).sum(axis=2)


def values(inputs: dict[str, np.ndarray], latents: dict[str, np.ndarray], k: int) -> list[float]:
    """Overlap, trustworthiness and continuity without intervals."""
    comparison = Comparison(inputs, latents, k=k, distance=exact, input_distance=exact)
    metrics = (
        neighbourhoods.neighbour_overlap,
        neighbourhoods.trustworthiness,
        neighbourhoods.continuity,
    )
    return [float(each.contributions(comparison).values.mean()) for each in metrics]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("k", [1, 4, 9])
def test_leaving_an_item_out_is_measuring_the_others_alone(ties, k):
    x, z = maps(ties=ties)
    found = influence.neighbourhoods((order_of(x), order_of(z)), ROWS, 1, k)
    assert found.values == pytest.approx(values({"v": x}, {"v": z}, k))
    left = [values({"v": np.delete(x, row, axis=0)}, {"v": np.delete(z, row, axis=0)}, k) for row in ROWS]
    np.testing.assert_allclose(found.moves, moves_of(np.array(left)), atol=1e-9)


def order_of(x: np.ndarray) -> np.ndarray:
    return order_matrix(exact(x, x))


def test_items_that_are_not_chosen_are_as_if_they_were_not_there():
    x, z = maps()
    some = np.array([0, 2, 3, 5, 7, 8, 11, 13, 17, 19, 20, 22, 25, 28, 30])
    found = influence.neighbourhoods((order_of(x), order_of(z)), some, 1, 4)
    alone = influence.neighbourhoods((order_of(x[some]), order_of(z[some])), np.arange(15), 1, 4)
    np.testing.assert_allclose(found.moves, alone.moves)
    np.testing.assert_allclose(found.values, alone.values)


def test_the_points_of_a_pair_leave_together_and_their_changes_add_up_nearly():
    x, z = maps(80)
    rng = np.random.default_rng(1)
    inputs = {"image": x, "text": x + 0.3 * rng.normal(size=x.shape)}
    latents = {"image": z, "text": z + 0.3 * rng.normal(size=z.shape)}
    orders = tuple(order_of(np.concatenate(list(each.values()))) for each in (inputs, latents))
    found = influence.neighbourhoods(orders, np.arange(80), 2, 6)
    left = [
        values(*({m: np.delete(a, row, axis=0) for m, a in each.items()} for each in (inputs, latents)), 6)
        for row in range(80)
    ]
    wanted = moves_of(np.array(left))
    assert found.moves.std(axis=0) == pytest.approx(wanted.std(axis=0), rel=0.05)
    assert min(np.corrcoef(found.moves[:, f], wanted[:, f])[0, 1] for f in range(3)) > 0.9


def test_the_area_moves_as_its_ranks_do_without_the_item():
    x, z = maps()
    orders = order_of(x), order_of(z)
    same = Comparison({"v": x}, {"v": z}, distance=exact, input_distance=exact)
    found = influence.area(orders, ROWS, 1, 0)
    assert found.values[0] == pytest.approx(coranking.co_ranking_auc(same).value)
    table, offset = influence.area_table(31)
    left = []
    for row in ROWS:
        ranks = [
            np.argsort(np.argsort(exact(*[np.delete(side, row, axis=0)] * 2), axis=1), axis=1)
            for side in (x, z)
        ]
        worse = np.maximum(*ranks)[~np.eye(30, dtype=bool)]
        left.append([table[worse].sum() / 30 - offset])
    np.testing.assert_allclose(found.moves, moves_of(np.array(left)), atol=1e-9)


def test_a_query_left_out_is_a_rival_less_to_all_others():
    rng = np.random.default_rng(2)
    a = rng.normal(size=(40, 2))
    b = a + 1.2 * rng.normal(size=a.shape)
    numbers = np.arange(40)
    corpus = partners.Corpus(a, b, "euclidean", (numbers, numbers))
    ranks = partners.partner_ranks(a, b).astype(float)
    got = partners._influence(corpus, ranks, 0)
    left = []
    for row in range(40):
        others = partners.partner_ranks(np.delete(a, row, axis=0), np.delete(b, row, axis=0)).astype(float)
        left.append([gain(others).mean() for gain in partners.GAINS.values()])
    wanted = moves_of(np.array(left))
    for figure in range(5):
        assert got[:, figure].mean() == pytest.approx(list(partners.GAINS.values())[figure](ranks).mean())
        stretch = np.linalg.norm(got[:, figure] - got[:, figure].mean()) / np.linalg.norm(wanted[:, figure])
        np.testing.assert_allclose(
            got[:, figure] - got[:, figure].mean(), stretch * wanted[:, figure], atol=1e-9
        )
        assert 0.2 < stretch < 1.1


def test_a_mean_of_independent_items_keeps_the_whole_of_the_jackknife():
    numbers = np.random.default_rng(3).normal(size=300)

    def statistic(rows, halved):
        return LeftOut(numbers[rows].mean(keepdims=True), (numbers[rows] - numbers[rows].mean())[:, None])

    kept = share(statistic, 300, splits=400)
    assert 0.85 < kept[0] <= 1.0
    resample = contributions(statistic(np.arange(300), False), 1.0, splits=10_000)[:, 0]
    assert resample.mean() == pytest.approx(numbers.mean())
    assert resample.std() == pytest.approx(numbers.std(), rel=0.01)


def test_interactions_of_two_items_are_not_counted_twice():
    """A statistic of pairs that no item moves: its variance is half of the jackknife's, and falls as 1/n².

    Half-samples estimate it; extrapolated as n^-1.5, as documented, it is 1/√2 of the jackknife's.
    """
    signs = np.sign(np.random.default_rng(4).normal(size=(100, 100)))
    signs = (
        np.triu(signs, 1) + np.triu(signs, 1).T
    )  # an independent number for each pair: no single item moves the mean

    def statistic(rows, halved):
        part = signs[np.ix_(rows, rows)]
        n = len(rows)
        value = part.sum() / (n * (n - 1))
        left = (part.sum() - 2 * part.sum(axis=0)) / ((n - 1) * (n - 2))
        return LeftOut(np.array([value]), moves_of(left[:, None]))

    kept = share(statistic, 100, splits=400)
    assert kept[0] == pytest.approx(0.5**0.5, abs=0.1)


def test_too_few_items_for_halves_have_the_wider_interval_of_the_jackknife():
    x, z = maps(21)
    comparison = Comparison({"v": x}, {"v": z}, distance=exact, input_distance=exact)
    whole = influence.neighbourhoods((order_of(x), order_of(z)), np.arange(21), 1, 10)
    got = influence.neighbourhood_influence(comparison, influence.OVERLAP)
    np.testing.assert_allclose(got, contributions(whole, 1.0)[:, influence.OVERLAP])


def test_no_resamples_ask_for_no_influence(compared, monkeypatch):
    monkeypatch.setattr(influence, "_influence", None)
    monkeypatch.setattr(partners, "_influence", None)
    metrics = (neighbourhoods.trustworthiness, coranking.co_ranking_auc, partners.mrr)
    found = {str(each): each.contributions(compared(60)) for each in metrics}
    assert all(np.isfinite(figure.value) for figure in resampled(found, resamples=0).values())


METRICS = {
    "trustworthiness": neighbourhoods.trustworthiness, "continuity": neighbourhoods.continuity,
    "overlap": neighbourhoods.neighbour_overlap, "area": coranking.co_ranking_auc,
}  # fmt: skip


def test_the_intervals_hold_the_truth_about_95_times_in_100():
    """Intervals from the items' own values covered it 70 to 85 times.

    `benchmarks/interval_coverage.py` uses 1,000 draws.
    """
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(6, 16))
    draws = []
    for _ in range(80):
        x = centres[rng.integers(0, 6, 60)] + rng.normal(size=(60, 16))
        comparison = Comparison({"v": x}, {"v": x[:, :3]}, k=8)
        found = {name: each.contributions(comparison) for name, each in METRICS.items()}
        draws.append(resampled(found, resamples=500))
    for name in METRICS:
        truth = np.mean([each[name].value for each in draws])
        held = np.mean([each[name].low <= truth <= each[name].high for each in draws])
        assert held >= 0.89, (name, held)


def test_shares_are_at_most_one():
    zero = LeftOut(np.ones(1), np.zeros((10, 1)))
    np.testing.assert_array_equal(jackknife.share(lambda rows, halved: zero, 10), [1.0])
