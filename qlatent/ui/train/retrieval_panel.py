"""What one watches of a run in which items learn to find their answers."""

from __future__ import annotations

import streamlit as st

from qlatent.plots import answers
from qlatent.services.runs import listing
from qlatent.services.runs.listing import RunView
from qlatent.services.runs.specs import RetrievalTraining
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import count

HELP = {
    "ndcg@10": "The first 10 documents, weighted by rank, against the best order; linear gain.",
    "mrr": "1 / the rank of the first answer; 0 beyond rank 10.",
    "recall@10": "The share of a query's answers among the first 10.",
}


def board(run: RunView, spec: RetrievalTraining) -> None:
    """How held-out queries are answered, as far as the run has got."""
    st.markdown("**Retrieval**")
    found = listing.evaluations(page.workspace(), run.id)
    if "ndcg@10" not in found:
        st.caption(
            "Held-out queries are asked after the first step."
            if run.active
            else "No query is held out, so there is nothing to ask. Raise the held-out share to see how it answers."
        )
        return
    left, right = st.columns([2, 1], gap="medium")
    with left:
        st.plotly_chart(
            answers.curves(found), key="answers", config={"displayModeBar": False},
            alt="NDCG@10, MRR and recall@10 of held-out queries over the training steps",
        )  # fmt: skip
    with right:
        for name, title in answers.NAMES.items():
            first, last = (float(found[name][place]) for place in (0, -1))
            gained = f"{last - first:+.3f}" if len(found["step"]) > 1 else None
            st.metric(title, f"{last:.3f}", gained, border=True, help=HELP[name])
    _told(run, spec)


def _told(run: RunView, spec: RetrievalTraining) -> None:
    training, figures = spec.configs.training, listing.metrics(page.workspace(), run.id)
    rule = "what the judgements name" if spec.judgements else "any item of the same label"
    said = f"An answer is {rule}. "
    if "documents" in figures:
        queries, documents = (int(figures[name]) for name in ("heldout_pairs", "documents"))
        said += f"{queries:,} held-out queries among {count(documents, 'document')}; on the way some of them ask. "
    if training["unfreeze"] == "none":
        st.caption(said + "Vectors are stored ones; the head alone learns.")
        return
    st.caption(said + "Layers of the text model learn with the head.")
    if run.state == "finished":
        st.caption("The text model it ended with makes vectors for this head:")
        st.code(
            f"qlatent encode {run.dataset} --encoder text"
            f" --set model={listing.encoder_path(page.workspace(), run.id)} --set max_length={training['max_length']}",
            language="sh", wrap_lines=True,
        )  # fmt: skip
