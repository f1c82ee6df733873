"""Inverted lists find what the exact search finds, in the lists that they read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.search import inverted_lists
from qlatent.services.search.nearest import NOTHING, top_k
from qlatent.types import Cancelled

WIDTH = 12


def clustered(count: int = 3000, *, seed: int = 0) -> np.ndarray:
    """Vectors in 40 clusters."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(40, WIDTH)) * 2
    found = centres[rng.integers(40, size=count)] + rng.normal(size=(count, WIDTH))
    return found.astype(np.float32)


def test_all_lists_together_are_exact() -> None:
    stored, asked = clustered(), clustered(20, seed=1)
    stored[::11] = np.nan
    stored[5] = 0
    lists = inverted_lists.build(stored, lists=30)
    usable = np.flatnonzero(np.isfinite(stored[:, 0]) & stored.any(axis=1))
    assert sorted(lists.rows.tolist()) == usable.tolist()
    np.testing.assert_array_equal(lists.vectors, stored[lists.rows])
    every = replace(lists, probes=30).top_k(asked, k=15)
    for mine, exact in zip(every, top_k(stored, asked, k=15), strict=True):
        np.testing.assert_array_equal(mine, exact)


def test_each_vector_is_listed_under_its_nearest_centre() -> None:
    stored = clustered()
    lists = inverted_lists.build(stored, lists=25)
    np.testing.assert_allclose(np.linalg.norm(lists.centres, axis=1), 1, rtol=1e-6)
    alike = (lists.vectors @ lists.centres.T) / np.linalg.norm(lists.vectors, axis=1)[:, None]
    of = np.repeat(np.arange(25), np.diff(lists.edges))
    chosen = alike[np.arange(len(of)), of]
    assert (chosen >= alike.max(axis=1) - 1e-5).all()


def test_the_measured_recall_holds_for_other_queries_and_few_lists_are_read() -> None:
    stored, asked = clustered(6000), clustered(300, seed=2)
    lists = inverted_lists.build(stored, lists=80)
    assert lists.recall >= inverted_lists.WANTED_RECALL
    assert lists.probes < 60
    found, exact = lists.top_k(asked, k=10)[0], top_k(stored, asked, k=10)[0]
    assert inverted_lists.recall(found, exact) >= lists.recall - 0.03
    fewest = replace(lists, probes=1)
    assert inverted_lists.recall(fewest.top_k(asked, k=10)[0], exact) < lists.recall


def test_recall_counts_the_true_rows_that_were_found() -> None:
    found = np.array([[1, 2, 3], [4, NOTHING, NOTHING]])
    true = np.array([[3, 2, 9], [5, 4, NOTHING]])
    assert inverted_lists.recall(found, true) == pytest.approx(3 / 5)


def test_few_rows_make_few_lists_and_none_is_refused() -> None:
    one = inverted_lists.build(np.ones((1, 3), dtype=np.float32))
    assert one.top_k(np.ones((1, 3)), k=2)[0].tolist() == [[0, NOTHING]]
    with pytest.raises(InputError, match="No row has a vector with a direction"):
        inverted_lists.build(np.zeros((4, 3), dtype=np.float32))


def test_the_building_tells_its_progress_and_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverted_lists, "_BLOCK", 1000)
    told: list[tuple[int, int | None]] = []
    inverted_lists.build(clustered(), lists=5, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 6000) for done in range(1000, 7000, 1000)]

    def cancel(done: int, total: int | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        inverted_lists.build(clustered(), lists=5, progress=cancel)
