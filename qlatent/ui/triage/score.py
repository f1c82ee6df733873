"""The score of a case and what it is made of, and how many bad cases a queue still has."""

from __future__ import annotations

import streamlit as st

from qlatent.services.datasets import browsing
from qlatent.services.triage import explained, learning
from qlatent.services.triage.cases import Case
from qlatent.services.triage.explained import Nearest
from qlatent.services.triage.queues import QueueView
from qlatent.services.triage.remaining import LEAST_DRAWS
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import ago, count, cut, data_uri, literal
from qlatent.ui.triage import acting, words, you
from qlatent.ui.triage.pictures import Picture, pictures

MEANS = (
    "A logistic model of the decisions so far on the items' vectors and columns. The interval holds 95 % of what the "
    "decisions leave open. The model knows nothing beyond these decisions: kinds of bad listings that nobody has found "
    "yet get a low score."
)
NEAREST = (
    "The model's weights are a sum over the decided items, so each adds a part to the score: the more alike and the "
    "less expected its decision was, the larger. Together with undecided ones that stand for good ones while few are "
    "decided, these parts are what the vectors add; here are the nearest."
)


def score(view: QueueView, case: Case) -> None:
    """Draw the score, unless it is hidden until the first decision on the case."""
    found = learning.score(page.workspace(), view.id, case.item)
    if found is None:
        return
    if view.policy.score_hidden and not any(event.kind == "decided" for event in case.history):
        st.caption(":material/visibility_off: The score is hidden until the first decision on this case.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="triage_score"):
        st.markdown(f"**Risk {found.risk:.0%}** ({found.low:.0%}–{found.high:.0%})", help=MEANS)
        rank = "" if found.calibrated else ", a rank rather than a probability"
        st.caption(f"learned from {count(found.decisions, 'decision')}{rank}", width="content")
    told = [f"{literal(title)} +{share:.1f}" for title, share in found.columns]
    vectors = "raise" if found.latents > 0 else "lower"
    st.caption(
        f"Its vectors {vectors} it by {abs(found.latents):.1f}" + (f"; {', '.join(told)}" if told else ""),
        help="In units of log odds, against the usual item of the dataset.",
    )
    _nearest(view, case)


def _nearest(view: QueueView, case: Case) -> None:
    """Draw the decided items most like the case, and how each speaks for or against it."""
    found = explained.nearest(page.workspace(), view.id, case.item)
    if not found:
        return
    st.caption("Decided items most like it, by what the model reads of the vectors", help=NEAREST)
    thumbnails = browsing.thumbnails(page.workspace(), [each.picture for each in found if each.picture])
    pictures(
        [_tile(view, each, data_uri(thumbnails.get(each.picture)) or "") for each in found],
        of=case.item, blurred=you.blurs(), key="triage_nearest", on_open=acting.open_case,
    )  # fmt: skip


def _tile(view: QueueView, each: Nearest, source: str) -> Picture:
    adds = each.ground.adds
    says = (
        f"{'raises' if adds > 0 else 'lowers'} it by {abs(adds):.2f}"
        if abs(adds) >= 0.005
        else "adds nothing"
    )
    return Picture(
        source, cut(each.text, limit=80), title=cut(each.text, limit=90),
        note=f"cosine {each.ground.alike:.2f} · {says}",
        badge=words.decision(view.policy, each.code) if each.code else "taken back",
        colour=words.COLOURS[words.kind(view.policy, each.code)] if each.code else "gray", opens=each.ground.item,
    )  # fmt: skip


def left(view: QueueView) -> None:
    """Draw how many bad cases are left, a hint when to stop, and what this does not know."""
    found = learning.about(page.workspace(), view.id)
    if not found:
        return
    rest, every = found["left"], view.policy.random_every
    if rest["draws"] < LEAST_DRAWS:
        told = (
            f"Bad cases left: unknown before {LEAST_DRAWS} random cases are decided ({rest['draws']} so far)"
        )
    else:
        told = f"About {rest['left']:,.0f} bad cases left ({rest['low']:,}–{rest['high']:,}) of {rest['open']:,} open"
        if skipped := rest.get("unknown", 0):
            told += f"; nothing is known of {count(skipped, 'skipped case')} among them"
    if rest["enough"] and rest["open"]:
        told = f":material/flag: {told} · enough may be decided"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="triage_left"):
        st.caption(told, width="content")
        with st.popover("What this rests on", key="triage_left_why", type="tertiary"):
            st.markdown(
                f"{count(rest['draws'], 'case')} came at random, {count(rest['found'], 'bad case')} found so far. With "
                f"95 % probability {rest['low']:,} to {rest['high']:,} of the {rest['open']:,} open ones are bad, "
                f"skipped ones left aside; the probability that 95 % of all bad ones are found, were all skipped ones "
                f"bad, is {rest['sure']:.0%}."
            )
            if rest["open"]:
                st.markdown(
                    f"{count(rest['further'], 'further random case')} in a row, all good, would make that sure to 95 %."
                )
            if rest["enough"] and rest["open"]:
                st.markdown(
                    "The latest decisions found so few bad ones that, had more than 5 % been missed, this would be a "
                    "surprise (Callaghan & Müller-Hansen 2020). It is a hint to stop, not a proof."
                )
            st.caption(_order(view, found))
            drawn = f"Of every {every} cases one comes at random." if every else "No case comes at random."
            st.caption(
                f"{drawn} Bad listings unlike all that were found are seen by the random ones alone, and by few."
            )
            st.caption(f"As of {ago(found['time'])}, with {count(found['decided'], 'case')} decided.")


def _order(view: QueueView, found: dict[str, object]) -> str:
    """In which order the open cases come in fact, and why."""
    now = str(found["order"])
    if now == view.order:
        return f"Order: {literal(words.order(now))}."
    why = literal(str(found["why_not"]), limit=500)
    asked, until = literal(words.order(view.order)), literal(words.order(now))
    return f"Order asked for: {asked}. Until that is known: {until}. {why}"
