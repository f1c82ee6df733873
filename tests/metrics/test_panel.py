"""Panels: every metric has a value or a note for any items, and all share one resampling."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.metrics import panel
from qlatent.metrics.comparison import Comparison
from qlatent.metrics.panel import DEFAULT, measure
from qlatent.metrics.value import MetricValue

PAIRED = {"pair_error", "alignment", "recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10"}
LABELLED = {"probe_accuracy", "knn_accuracy", "majority_accuracy"}


def assert_says_what_it_is(figures: dict[str, MetricValue]) -> None:
    """Asserts that every value lies in its interval, or is NaN with a note."""
    for name, figure in figures.items():
        if np.isnan(figure.value):
            assert figure.note, name
        else:
            assert figure.n > 0, name
            assert figure.sampled, name
            assert np.isnan(figure.low) or figure.low - 1e-9 <= figure.value <= figure.high + 1e-9, name


def test_every_metric_has_a_value_and_an_interval_on_ordinary_items(compared, every_metric):
    figures = measure(compared(60), every_metric, names=None)
    assert list(figures) == list(every_metric)
    assert_says_what_it_is(figures)
    assert all(np.isfinite([figure.value, figure.low, figure.high]).all() for figure in figures.values())


def test_the_default_panel_comes_in_its_order_and_equals_the_metrics_alone(compared, every_metric):
    figures = measure(compared(60), every_metric, seed=0)
    assert tuple(figures) == DEFAULT
    for name in DEFAULT:
        alone = every_metric[name](compared(60))
        assert (figures[name].value, figures[name].n) == pytest.approx((alone.value, alone.n)), name


def test_no_resamples_leave_values_without_intervals(compared, every_metric):
    figure = measure(compared(60), every_metric, names=["spearman"], resamples=0)["spearman"]
    assert np.isfinite(figure.value)
    assert np.isnan(figure.low)


def test_one_modality_leaves_only_partner_metrics_undefined(compared, every_metric):
    figures = measure(compared(60, modalities=("text",)), every_metric, names=None)
    assert {name for name, figure in figures.items() if np.isnan(figure.value)} == PAIRED


def test_unlabelled_items_leave_only_probes_undefined(compared, every_metric):
    figures = measure(compared(60, labels=None), every_metric, names=None)
    assert {name for name, figure in figures.items() if np.isnan(figure.value)} == LABELLED
    assert {figures[name].note for name in LABELLED} == {"needs labels; these items have none"}


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 11])
@pytest.mark.parametrize("modalities", [("image",), ("image", "text")])
def test_few_items_stop_no_metric(compared, every_metric, n, modalities):
    figures = measure(compared(n, modalities=modalities), every_metric, names=None, resamples=200)
    assert_says_what_it_is(figures)


def test_constant_latents_stop_no_metric(compared, every_metric):
    given = compared(60)
    collapsed = Comparison(
        given.before.inputs, {name: np.full((60, 3), 0.3) for name in given.modalities},
        labels=list(given.labels), train_latents={name: np.full((80, 3), 0.3) for name in given.modalities},
        train_labels=["c1"] * 35 + ["c2"] * 25 + ["c3"] * 20,
    )  # fmt: skip
    figures = measure(collapsed, every_metric, names=None)
    assert_says_what_it_is(figures)
    assert np.isnan([figures[name].value for name in ("spearman", "stress", "cka", "effective_rank")]).all()
    assert figures["probe_accuracy"].value == pytest.approx(figures["majority_accuracy"].value)
    assert figures["recall_at_10"].value == 0.0


def test_constant_inputs_and_latents_stop_no_metric(every_metric):
    one = {"image": np.ones((40, 3)), "text": np.ones((40, 3))}
    assert_says_what_it_is(measure(Comparison(one, one), every_metric, names=None))


def test_duplicates_stop_no_metric(items, projected, every_metric):
    inputs, labels = items(30)
    twice = {name: np.concatenate([x, x]) for name, x in inputs.items()}
    comparison = Comparison(
        twice, projected(twice), labels=labels * 2, train_latents=projected(twice), train_labels=labels * 2
    )
    figures = measure(comparison, every_metric, names=None)
    assert_says_what_it_is(figures)
    assert all(np.isfinite(figure.value) for figure in figures.values())


def test_latents_that_no_fidelity_can_be_had_of_stop_no_metric(items, every_metric):
    inputs, _ = items(30)
    figures = measure(Comparison(inputs, inputs, distance="log_fidelity"), every_metric, names=None)
    assert "between -1 and 1" in figures["spearman"].note
    assert np.isfinite(figures["effective_rank"].value)


def test_an_unknown_name_is_refused_with_the_known_ones(compared, every_metric):
    with pytest.raises(InputError, match=r"'spearmann'.*Known: trustworthiness"):
        measure(compared(30), every_metric, names=["spearmann"])


def test_a_bug_in_a_metric_is_not_hidden(compared):
    with pytest.raises(ZeroDivisionError):
        measure(compared(30), {"broken": lambda _: 1 / 0}, names=None)


def test_all_contributions_are_resampled_in_one_call(compared, every_metric, monkeypatch):
    calls = []
    real = panel.resampled
    monkeypatch.setattr(
        panel, "resampled", lambda found, **given: calls.append(list(found)) or real(found, **given)
    )
    measure(compared(60), every_metric)
    assert calls == [[name for name in DEFAULT if name != "effective_rank"]]
