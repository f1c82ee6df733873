"""Answers of queries, and training queries."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.training.core.rows import Labels
from qlatent.training.retrieval.configs import RetrievalTrainingConfig
from qlatent.training.retrieval.data import by_judgements, by_labels
from qlatent.training.retrieval.relevance import ByJudgement, ByLabel


def known(labels: list[str], split: list[str] | None = None, content: list[str] | None = None) -> Labels:
    names = content or [f"c{number}" for number in range(len(labels))]
    return Labels(np.array(names), np.array(split or [""] * len(labels)), np.array(labels))


def test_items_of_one_label_answer_each_other_but_not_themselves() -> None:
    relevance = ByLabel(np.array([0, 1, 0, -1, 0, -1]))
    assert relevance.answers(0).tolist() == [2, 4]
    assert relevance.answers(1).tolist() == []
    assert relevance.answers(3).tolist() == []
    gains = relevance.gains(np.array([0, 3]), np.array([0, 1, 2, 5]))
    assert gains.tolist() == [[0, 0, 1, 0], [0, 0, 0, 0]]
    assert relevance.gains(np.array([0, 1]), np.array([[2, 1], [1, 0]])).tolist() == [[1, 0], [0, 0]]


def test_judgements_name_answers_and_hard_negatives() -> None:
    relevance = ByJudgement({0: {5: 2.0, 3: 0.0, 4: 1.0}, 1: {}})
    assert relevance.answers(0).tolist() == [4, 5]
    assert relevance.negatives(0).tolist() == [3]
    assert relevance.gains(np.array([0, 1, 2]), np.array([3, 4, 5, 9])).tolist() == [
        [0, 1, 2, 0],
        [0] * 4,
        [0] * 4,
    ]
    assert relevance.gains(np.array([0]), np.array([[5, 6, 4]])).tolist() == [[2, 0, 1]]


def test_held_out_items_are_queries_and_training_items_documents() -> None:
    labels = known(["a", "a", "b", "b", "a", "c", "b", ""], ["train"] * 4 + ["test"] * 3 + ["train"])
    data = by_labels(np.arange(10, 18), labels, RetrievalTrainingConfig())
    assert data.train.tolist() == [0, 1, 2, 3]
    assert data.heldout.tolist() == [4, 6]  # nothing in training has label c
    assert data.corpus.tolist() == [0, 1, 2, 3]
    assert data.rows.tolist() == list(range(10, 18))
    assert data.left_out == {"held out without an answer in training": 1}


def test_equal_contents_are_one_item() -> None:
    labels = known(["a", "a", "a", "b", "b"], ["train"] * 5, ["x", "y", "x", "z", "w"])
    config = RetrievalTrainingConfig(heldout=0)
    data = by_labels(np.arange(5), labels, config)
    assert data.rows.tolist() == [0, 1, 3, 4]
    assert data.left_out == {"same content as an earlier row": 1}


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_share_of_labelled_items_comes_in_twos(share: float) -> None:
    labels = known([f"l{number % 10}" for number in range(100)])
    full = by_labels(np.arange(100), labels, RetrievalTrainingConfig(split_seed=3))
    part = by_labels(np.arange(100), labels, RetrievalTrainingConfig(split_seed=3, share=share))
    wanted = round(share * len(full.train))
    assert abs(len(part.train) - wanted) <= 1  # an odd one is left without an answer
    assert set(part.train) <= set(full.train)
    assert part.corpus.tolist() == full.corpus.tolist()  # what is judged does not change
    assert part.heldout.tolist() == full.heldout.tolist()
    counts = np.unique(part.train % 10, return_counts=True)[1]
    assert counts.min() >= 2
    assert counts.max() - counts.min() <= 2
    again = by_labels(np.arange(100), labels, RetrievalTrainingConfig(split_seed=3, share=share, seed=7))
    assert again.train.tolist() == part.train.tolist()  # the split's seed alone decides


def test_a_smaller_share_is_part_of_a_larger_one() -> None:
    labels = known([f"l{number % 10}" for number in range(200)])
    shares = [
        set(by_labels(np.arange(200), labels, RetrievalTrainingConfig(share=share)).documents)
        for share in (0.05, 0.2, 0.6)
    ]
    assert shares[0] < shares[1] < shares[2]


def named(ids: list[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(ids)}


def test_judged_items_are_queries_or_documents() -> None:
    ids = ["q0", "q1", "q2", "q3", "d0", "d1", "d2", "x"]
    gains = {
        "q0": {"d0": 1.0, "d1": 0.0}, "q1": {"d1": 1.0, "gone": 1.0}, "q2": {"d2": 2.0, "q0": 1.0},
        "q3": {"gone": 1.0}, "far": {"d0": 1.0},
    }  # fmt: skip
    labels = known([""] * 8, ["train", "test", "train", "train"] + [""] * 4)
    data = by_judgements(np.arange(8), named(ids), labels, gains, RetrievalTrainingConfig())
    assert data.train.tolist() == [0, 2]
    assert data.heldout.tolist() == [1]
    assert data.corpus.tolist() == [0, 4, 5, 6, 7]  # q0 answers q2
    assert data.relevance.negatives(0).tolist() == [5]
    assert data.left_out == {"judgements of unknown items": 3, "queries without an answer here": 1}


def test_data_without_queries_are_refused() -> None:
    with pytest.raises(InputError, match="No two training items have the same label"):
        by_labels(np.arange(3), known(["a", "b", "c"]), RetrievalTrainingConfig(heldout=0))
    with pytest.raises(InputError, match=r"1 of 2 judged queries .* \(q, r\)"):
        by_judgements(
            np.arange(2),
            named(["q", "d"]),
            known(["", ""]),
            {"q": {"d": 1.0}, "r": {"d": 1.0}},
            RetrievalTrainingConfig(),
        )
