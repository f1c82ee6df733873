"""What searches found, kept until the dataset, its vectors or the question change."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from qlatent.services.heads import kept_heads
from qlatent.services.search import answers, saved, stored_vectors
from qlatent.services.search.neighbours import Asked, Neighbours
from qlatent.services.search.queries import Query
from qlatent.services.selections.definitions import Column, written
from qlatent.ui.search import conditions
from qlatent.ui.shell import page as shell


def answer(dataset: str, query: Query, asked: Asked, filters: Sequence[Column]) -> Neighbours:
    """What a search finds among the items that meet the filters."""
    workspace = shell.workspace()
    titles = [
        kept_heads.find(workspace, each).name for each in asked.heads
    ]  # one that was removed is not found
    question = json.dumps([saved.document(query, asked), titles, [written(each) for each in filters]])
    now = stored_vectors.now(workspace, dataset)
    return _answer(str(workspace.path), dataset, question, now, (query, asked, tuple(filters)))


@st.cache_resource(max_entries=64, show_spinner=False)
def _answer(
    path: str,
    dataset: str,
    question: str,
    now: tuple[int, str],
    _asked: tuple[Query, Asked, tuple[Column, ...]],
) -> Neighbours:
    query, asked, filters = _asked
    where = Asked(asked.encoder, asked.modality, asked.heads, asked.k, conditions.mask(dataset, filters))
    return answers.answer(shell.workspace(), dataset, query, where)
