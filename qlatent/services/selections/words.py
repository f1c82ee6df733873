"""The words that set some texts apart from the rest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile(r"\b[^\W\d_]{2,}\b")  # two letters or more, of any alphabet


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is more frequent inside than in the rest: its occurrences there, and the z-score of its log-odds."""

    word: str
    inside: int
    rest: int
    score: float


def apart(inside: Sequence[str], rest: Sequence[str], *, top: int = 12) -> list[Word]:
    """The words whose log-odds ratio between the texts inside and the rest is surest above 0, surest first.

    Log-odds with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008, "Fightin' Words", Political Analysis
    16:372-403, equations 16, 20 and 22), so that neither rare nor common words lead by chance and no list of stop words
    is needed. The prior is the distribution of words in all texts, with the weight of one occurrence of each word.
    """
    if not inside or not rest:
        return []
    mine, others = (Counter(_TOKEN.findall("\n".join(texts).lower())) for texts in (inside, rest))
    names = sorted({*mine, *others})
    one, two = (np.array([counted[each] for each in names], dtype=np.int64) for counted in (mine, others))
    scores = z_scores(one, two)
    return [
        Word(names[each], int(one[each]), int(two[each]), float(scores[each]))
        for each in np.argsort(-scores, kind="stable")[:top]
        if scores[each] > 0
    ]


def z_scores(one: NDArray[np.int64], two: NDArray[np.int64]) -> NDArray[np.float64]:
    """The z-score of the log-odds ratio of each word (w,) between two sets of texts, from its counts (w,) in both.

    0 for all words where one of the sets has no words, or where there is only one word.
    """
    if not one.sum() or not two.sum() or len(one) < 2:
        return np.zeros(len(one))
    prior = (one + two) * (len(one) / (one.sum() + two.sum()))
    odds = [np.log((counts + prior) / (counts.sum() + prior.sum() - counts - prior)) for counts in (one, two)]
    found: NDArray[np.float64] = (odds[0] - odds[1]) / np.sqrt(1 / (one + prior) + 1 / (two + prior))
    return found
