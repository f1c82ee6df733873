"""Answer a search of any kind: by vectors, or by words where its only term is words."""

from __future__ import annotations

from qlatent.services.search import neighbours, stored_vectors, words
from qlatent.services.search.neighbours import Asked, Hit, Neighbours, Space
from qlatent.services.search.queries import Query
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.store.workspace import Workspace

BY_WORDS = "words (BM25)"


def answer(workspace: Workspace, dataset: str, query: Query, asked: Asked) -> Neighbours:
    """What a search finds, as `neighbours.neighbours`; of words, one space with the best k and how many have them."""
    written = query.words
    if written is None:
        return neighbours.neighbours(workspace, dataset, query, asked)
    rows, scores = words.ranked(workspace, dataset, written, among=asked.among)
    names = stored_vectors.ids(workspace, dataset)
    best = zip(rows[: asked.k].tolist(), scores.tolist(), strict=False)
    hits = tuple(Hit(row, names[row].as_py(), score) for row, score in best)
    title = f"{len(rows):,} of {len(names):,} items have these words"
    space = Space("", title, BY_WORDS, hits, how="best first", found=len(rows))
    return Neighbours(InputSpace(dataset, "", "text"), (space,))
