"""Shows a run that trains for retrieval: metrics of held-out queries over training."""

from __future__ import annotations

import streamlit as st

from qlatent.plots import retrieval
from qlatent.services.runs import listing
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import RetrievalTraining
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import count

HELP = {
    "ndcg@10": "Normalised discounted cumulative gain of the first 10 documents, linear gain; 1 is the best order.",
    "mrr": "Mean reciprocal rank: 1 / the rank of the first relevant document; 0 beyond rank 10.",
    "recall@10": "Share of a query's relevant documents among the first 10.",
}


def board(run: RunSummary, spec: RetrievalTraining) -> None:
    """The retrieval metrics of held-out queries so far."""
    st.markdown("**Retrieval**")
    found = listing.evaluations(page.workspace(), run.id)
    if "ndcg@10" not in found:
        st.caption(
            "Metrics of held-out queries appear after the first step."
            if run.active
            else "No query is held out. Raise the held-out share to see retrieval metrics."
        )
        return
    left, right = st.columns([2, 1], gap="medium")
    with left:
        st.plotly_chart(
            retrieval.curves(found), key="retrieval_curves", config={"displayModeBar": False},
            alt="NDCG@10, MRR and recall@10 of held-out queries over the training steps",
        )  # fmt: skip
    with right:
        for name, title in retrieval.NAMES.items():
            first, last = (float(found[name][place]) for place in (0, -1))
            gained = f"{last - first:+.3f}" if len(found["step"]) > 1 else None
            st.metric(title, f"{last:.3f}", gained, border=True, help=HELP[name])
    _description(run, spec)


def _description(run: RunSummary, spec: RetrievalTraining) -> None:
    training, figures = spec.configs.training, listing.metrics(page.workspace(), run.id)
    rule = "judged relevant" if spec.judgements else "of the query's label"
    text = f"Relevant documents are those {rule}. "
    if "documents" in figures:
        queries, documents = (int(figures[name]) for name in ("heldout_pairs", "documents"))
        text += f"{queries:,} held-out queries search {count(documents, 'document')}; during training, a part of them. "
    if training["unfreeze"] == "none":
        st.caption(text + "Only the head is trained, on stored vectors.")
        return
    st.caption(text + "Layers of the text model are trained with the head.")
    if run.state == "finished":
        st.caption("Encode a dataset for this head with its fine-tuned text model:")
        st.code(
            f"qlatent encode {run.dataset} --encoder text"
            f" --set model={listing.encoder_path(page.workspace(), run.id)} --set max_length={training['max_length']}",
            language="sh", wrap_lines=True,
        )  # fmt: skip
