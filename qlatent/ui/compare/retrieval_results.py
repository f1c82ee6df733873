"""Part of the page Compare: the choice of a retrieval evaluation, its progress and its results."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from qlatent.plots.retrieval import Mean, means
from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.retrieval import evaluation_runs, results
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.compare import retrieval_query
from qlatent.ui.compare.retrieval_form import form
from qlatent.ui.compare.retrieval_names import row_name
from qlatent.ui.shell import owners, page, parts, url_state
from qlatent.ui.shell.formatting import ago, count, decimal, encoder_name, literal
from qlatent.ui.shell.progress import progress as bar

MAIN = "ndcg@10"
SHOWN = {"mrr": "MRR", "recall@10": "R@10", "recall@100": "R@100"}
LESS = "Δ NDCG"
COUNTED = ("Stored", "Used", "Identifiable")
HOLDS = 0.05


def board() -> None:
    """The evaluation in the URL, or the form of a new one."""
    run = _pick()
    if run is None:
        form()
        return
    with page.guarded():
        _follow(run)
        parts.beyond_builtin(run.encoder, run.dataset)
        if run.state == "finished":
            _result(run)


def _pick() -> RunSummary | None:
    every = {each.id: each for each in evaluation_runs.evaluations(page.workspace())}
    url_state.refuse_gone("evaluation", every, what="retrieval evaluation")
    if not every:
        st.info(
            "An evaluation ranks a corpus for each query in the latent space of each head, and measures by judgements "
            "or labels how much retrieval quality was kept. Nothing is trained.",
            icon=":material/manage_search:",
        )
        return None
    names = {key: _label(each) for key, each in every.items()} | {url_state.NEW: "New evaluation …"}
    chosen = url_state.pick(
        "Evaluation", [*every, url_state.NEW], name="evaluation", names=lambda key: names[key]
    )
    return every.get(chosen)


def _label(run: RunSummary) -> str:
    ended = "" if run.state == "finished" else f" · {run.state}"
    return f"{run.name} · {ago(run.created)}{ended}"


def _follow(run: RunSummary) -> None:
    """Name, state, progress and buttons of the evaluation; polled every second while it is active."""

    def show() -> None:
        with page.guarded():
            if run.active:
                queue.go_on(page.workspace())  # a killed worker cannot start the next run
            now = listing.summary(page.workspace(), run.id)
            if now.state != run.state and not now.active:
                st.rerun(
                    scope="app"
                )  # before Resume is drawn: a click on it would go down with this fragment
            _header(now)
            if now.state != "finished":
                bar(now)

    st.fragment(show, run_every=1.0 if run.active else None)()


def _header(run: RunSummary) -> None:
    workspace = page.workspace()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parts.name(run.name)
        parts.badge(run.state)
        st.space("stretch")
        if run.active and st.button("Stop", key="retrieval_stop", icon=":material/stop:"):
            queue.stop(workspace, run.id)
            st.rerun(scope="app")
        goes_on = not run.active and run.state != "finished"
        if goes_on and st.button("Resume", key="retrieval_resume", icon=":material/play_arrow:"):
            queue.resume(workspace, run.id)
            st.rerun(scope="app")
        if not run.active and st.button("Remove", key="retrieval_remove", icon=":material/delete:"):
            confirm_removal(run)


@st.dialog("Remove this evaluation?", icon=":material/delete:")
def confirm_removal(run: RunSummary) -> None:
    """Ask before removing an evaluation."""
    st.markdown(literal(run.name))
    owners.made_by(run.owner)
    st.caption(
        "You can restore it for a day; then its results and uploaded files are deleted. "
        "The corpus and its heads stay."
    )
    if st.button("Remove", type="primary", key="retrieval_remove_yes", icon=":material/delete:"):
        with page.guarded():
            queue.remove(page.workspace(), run.id)
            url_state.put("evaluation", None)
            st.rerun()


@st.cache_resource(max_entries=16, show_spinner="Reading the results…")
def _figures(workspace: str, run_id: str) -> dict[str, Any]:
    return results.figures(page.workspace(), run_id)


def _result(run: RunSummary) -> None:
    found = _figures(str(page.workspace().path), run.id)
    st.caption(_about(run, found))
    shown = {"Heads": _heads, "One query": retrieval_query.look}
    tabs = st.tabs(list(shown), key="retrieval_tabs", on_change="rerun")
    for tab, draw in zip(tabs, shown.values(), strict=True):
        if tab.open:
            with tab:
                draw(run, found)


def _about(run: RunSummary, found: dict[str, Any]) -> str:
    ranked = (
        "The whole corpus was ranked"
        if found["ranking"] == "whole corpus"
        else "An uploaded run was re-ranked"
    )
    files = ", ".join(literal(name) for name in evaluation_runs.files(run).values())
    return (
        f"{ranked}: {count(found['documents'], 'document')} of {literal(found['corpus'])}, "
        f"{count(found['queries'], 'query', 'queries')}, relevance by {found['relevance']}"
        f"{f' ({files})' if files else ''} · {found['modality']} vectors: {encoder_name(found['encoder'])}"
    )


def _heads(run: RunSummary, found: dict[str, Any]) -> None:
    """Draw NDCG@10 of each head, all metrics and costs, the differences in words, and notes."""
    reference = _reference(found)
    bars = [
        Mean(row_name(head), main["value"], main["low"], main["high"], head["head"] == reference)
        for head in found["heads"]
        for main in [head["measures"][MAIN]]
    ]
    st.plotly_chart(
        means(bars, x="NDCG@10"), key="retrieval_plot",
        config={"displayModeBar": False}, alt="NDCG@10 of each head with its interval",
    )  # fmt: skip
    column = st.column_config.TextColumn
    st.dataframe(
        _table(found),
        hide_index=True,
        key="retrieval_table",
        alt="Heads with their metrics and costs",
        column_config={
            **{name: column(width=142) for name in ("NDCG@10", *SHOWN.values())},
            **{name: column(width=86, alignment="right") for name in (LESS, "Bytes", "ms", *COUNTED)},
        },
    )
    st.caption(
        "Points and [intervals]: means over queries with 95 % intervals; linear gain. Δ: head minus the reference ◆. "
        "Bytes: one document in float32. ms: median time of one query from its vector to its 10 nearest documents, "
        "without the encoder. Parameters: stored; used, which influence the output; identifiable, which data can "
        "determine (a dash if unknown)."
    )
    _differences(found, reference)
    _notes(found["notes"])
    _downloads(run, found)


def _reference(found: dict[str, Any]) -> str:
    """The head that the others were compared with."""
    compared = found["differences"]
    return str(compared[0]["against"] if compared else found["heads"][0]["head"])


def _table(found: dict[str, Any]) -> pd.DataFrame:
    held = {each["head"]: each for each in found["differences"]}
    return pd.DataFrame([_line(head, held.get(head["head"])) for head in found["heads"]])


def _line(head: dict[str, Any], difference: dict[str, Any] | None) -> dict[str, Any]:
    parameters = head.get("parameters", {})
    line = {"Head": row_name(head), "NDCG@10": _with_interval(head, MAIN), LESS: _less(difference)}
    line |= {title: _with_interval(head, name) for name, title in SHOWN.items()}
    line |= {"Bytes": _whole(head.get("bytes_per_document")), "ms": decimal(head.get("latency_ms"), digits=2)}
    return line | {title: _whole(parameters.get(title.lower())) for title in COUNTED}


def _with_interval(head: dict[str, Any], measure: str) -> str:
    found = head["measures"][measure]
    return f"{decimal(found['value'])} [{decimal(found['low'])}, {decimal(found['high'])}]"


def _less(difference: dict[str, Any] | None) -> str:
    if difference is None or difference["mean"] is None:
        return "–"
    p, low, high = (difference[name] for name in ("p_holm", "low", "high"))
    holds = p is not None and p < HOLDS and low * high > 0
    return f"{difference['mean']:+.3f}{' ★' if holds else ''}"


def _whole(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _differences(found: dict[str, Any], reference: str) -> None:
    if not found["differences"]:
        return
    names = {head["head"]: row_name(head) for head in found["heads"]}
    st.markdown(f"**NDCG@10 minus that of {literal(names[reference])}, query by query**")
    for each in found["differences"]:
        p = "" if each["p_holm"] is None else f" (p = {each['p_holm']:.2g} after Holm's correction)"
        st.markdown(f"- {literal(names[each['head']])}: {literal(each['words'])}{p}")
    st.caption("p: sign-flip permutation test over queries. ★: p is below 0.05 and the interval excludes 0.")


def _notes(notes: list[str]) -> None:
    if notes:
        st.warning(
            "\n".join(f"- {literal(each, limit=500)}" for each in notes),
            title="Notes on these results",
        )


def _downloads(run: RunSummary, found: dict[str, Any]) -> None:
    files = {
        "CSV": ("csv", csv_of(results.table(found)).encode(), "text/csv"),
        "JSON": ("json", json.dumps(found, indent=1).encode(), "application/json"),
    }
    with st.container(horizontal=True):
        for name, (ending, content, kind) in files.items():
            st.download_button(
                name, content, f"retrieval-{run.id}.{ending}", kind, key=f"retrieval_{ending}",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
