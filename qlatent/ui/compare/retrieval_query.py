"""Shows one query of a retrieval evaluation: the documents that each head retrieved, side by side."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from qlatent.services.datasets import browsing
from qlatent.services.retrieval import results
from qlatent.services.retrieval.results import Answer, Asked
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.compare.retrieval_names import row_name
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import count, cut, data_uri, decimal, literal

BESIDE = 3  # heads at first
SAID = 90  # characters of a query in the list


@st.cache_resource(max_entries=8, show_spinner="Reading the queries…")
def _queries(workspace: str, run_id: str) -> dict[str, Asked]:
    return {each.id: each for each in results.queries(page.workspace(), run_id)}


@page.fragment
def look(run: RunSummary, found: dict[str, Any]) -> None:
    """Draw a query and the first ten documents of each head; queries where heads differ most come first."""
    workspace = page.workspace()
    every = _queries(str(workspace.path), run.id)
    names = {head["head"]: row_name(head) for head in found["heads"]}
    query = url_state.pick(
        "Query", list(every), name="query", names=lambda each: f"{each}: {cut(every[each].text, limit=SAID)}",
        help="Sorted by how much the NDCG@10 of the heads differs.",
    )  # fmt: skip
    beside = st.multiselect(
        "Heads",
        list(names),
        default=list(names)[:BESIDE],
        key="retrieval_beside",
        format_func=lambda each: names[each],
    )
    asked = every[query]
    _query(asked)
    answers = results.answers(workspace, run.id, query)
    with st.grid(max(1, len(beside)), min_column_width=300, gap="small") as grid:
        for number, head in enumerate(beside):
            with grid.cell():
                _list(
                    names[head], answers[head], asked, asked.values[head], key=f"retrieval_documents_{number}"
                )


def _query(asked: Asked) -> None:
    images = browsing.thumbnails(page.workspace(), [asked.image]) if asked.image else {}
    with st.container(horizontal=True, border=True, gap="medium", wrap=False):
        for image in images.values():
            st.image(image, width=112, alt=cut(asked.text or asked.id, limit=80))
        with st.container(gap="xsmall", width="stretch"):
            parts.foreign(asked.text or asked.id)
            st.caption(count(asked.relevant, "relevant document"))


def _list(title: str, found: list[Answer], asked: Asked, value: float | None, *, key: str) -> None:
    images = browsing.thumbnails(page.workspace(), [each.image for each in found if each.image])
    hits = sum(each.gain > 0 for each in found)
    st.markdown(f"**{literal(title)}**")
    st.caption(f"NDCG@10 {decimal(value)} · {hits} of {asked.relevant} relevant among the first {len(found)}")
    table = pd.DataFrame(
        {
            "Rank": range(1, len(found) + 1),
            "": [data_uri(images.get(each.image)) for each in found],
            "Gain": [f"✓ {each.gain:g}" if each.gain > 0 else "" for each in found],
            "Document": [cut(each.text or each.id, limit=200) for each in found],
            "Label": [each.label for each in found],
        }
    )
    empty = [name for name in ("", "Label") if not any(table[name])]
    column = st.column_config
    st.dataframe(
        table.drop(columns=empty),
        hide_index=True,
        key=key,
        row_height=44 if images else None,
        height="content",
        alt=f"Documents retrieved by {title}",
        column_config={
            "": column.ImageColumn(width=52),
            "Rank": column.NumberColumn(width=44),
            "Gain": column.TextColumn(width=52),
            "Document": column.TextColumn(width="large"),
        },
    )
