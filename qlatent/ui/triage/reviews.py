"""Second opinions on decided cases and answers on golden ones: how far people agree, and where they do not."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from qlatent.services.triage import agreements, reviews
from qlatent.services.triage.agreements import Agreement
from qlatent.services.triage.queues import QueueView
from qlatent.services.triage.reviews import Pair
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, literal
from qlatent.ui.triage import acting, addresses, words, you

MOST = 50
KAPPA = (
    "Cohen's κ is the agreement beyond what two people with the same shares of each decision would reach by chance: 1 "
    "if they always agree, 0 if as often as chance. It falls where one decision is rare, so look at both figures."
)


@page.fragment
def section(view: QueueView) -> None:
    """Draw agreement, disagreements, golden items and the results of each person."""
    acting.said("reviews")
    share = view.policy.review_share
    if not share:
        st.info(
            "No case is decided twice yet. Set *Share reviewed twice* in the settings of this queue; then some decided "
            "cases come unmarked to somebody else.", icon=":material/group:",
        )  # fmt: skip
    else:
        st.caption(
            f"{share:.0%} of the decided cases come unmarked to somebody else, who does not see the decision."
        )
    pairs = reviews.pairs(page.workspace(), view.id)
    st.markdown("**Second opinions**")
    if not pairs:
        st.caption("There are none yet.")
    else:
        _figures(agreements.of_pairs(pairs), view)
        _disagreements(view, pairs)
    _golden(view)


def _figures(found: Agreement, view: QueueView) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.metric("Cases", f"{found.cases:,}", width="content")
        st.metric("Same decision", f"{found.raw:.0%}", width="content")
        known = found.kappa == found.kappa
        st.metric("κ", f"{found.kappa:.2f}" if known else "—", width="content", help=KAPPA)
        if known:
            st.metric("95 % interval", f"{found.low:.2f} to {found.high:.2f}", width="content")
    if not known:
        st.caption("κ is undefined where both gave one and the same decision to all cases.")
    labels = [words.decision(view.policy, code) for code in found.codes]
    table = pd.DataFrame(found.counts, columns=labels)
    table.insert(0, "First ↓ second →", labels)
    st.dataframe(
        table, hide_index=True, key="triage_review_counts", height="content", alt="Counts by both decisions"
    )  # fmt: skip


def _disagreements(view: QueueView, pairs: Sequence[Pair]) -> None:
    apart = [each for each in pairs if each.first != each.second]
    if not apart:
        return
    st.markdown(f"**{count(len(apart), 'disagreement')}**")
    for number, each in enumerate(list(reversed(apart))[:MOST]):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            first, second = (literal(words.decision(view.policy, code)) for code in (each.first, each.second))
            st.markdown(
                f"**{literal(each.item, limit=60)}** · {literal(each.first_by, limit=40)}: {first} · "
                f"{literal(each.second_by, limit=40)}: {second}", width="content",
            )  # fmt: skip
            st.space("stretch")
            key = f"{number}_{each.item}"
            with st.container(horizontal=True, gap="small", width="content"):
                st.button(
                    "Open", key=f"triage_review_open_{key}", icon=":material/open_in_new:",
                    on_click=acting.open_in_work, args=(each.item,),
                )  # fmt: skip
                st.button(
                    "Reopen", key=f"triage_review_reopen_{key}", icon=":material/lock_open:",
                    on_click=acting.reopened, args=(view.id, each.item),
                )  # fmt: skip


def _golden(view: QueueView) -> None:
    workspace = page.workspace()
    st.markdown(
        "**Golden items**",
        help="Cases with a known answer that come unmarked between the others, to everybody.",
    )
    known = reviews.golden(workspace, view.id)
    for item, event in list(known.items())[:MOST]:
        st.caption(
            f"{literal(item, limit=60)}: {literal(words.decision(view.policy, event.code))}, "
            f"set by {literal(event.actor, limit=40)}"
        )
    answers = reviews.golden_answers(workspace, view.id)
    if answers:
        table = pd.DataFrame(
            [
                {"Who": each.name, "Answers": each.answers, "As known": f"{each.right} of {each.answers}"}
                for each in agreements.by_person(answers)
            ]
        )
        st.dataframe(
            table,
            hide_index=True,
            key="triage_golden_results",
            height="content",
            alt="Golden answers",
        )
    labels = {each.code: each.label for each in view.policy.decisions}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        item = st.text_input(
            "Item",
            url_state.get(addresses.CASE),
            key="triage_golden_item",
            help="Id of a case of this queue.",
        )
        code = st.selectbox(
            "Known answer", list(labels), key="triage_golden_code", format_func=lambda each: labels[each]
        )
        st.button(
            "Make it golden", key="triage_golden_set", icon=":material/star:", disabled=not item.strip(),
            on_click=_set, args=(view.id, item.strip(), code),
        )  # fmt: skip


def _set(queue: str, item: str, code: str) -> None:
    def done() -> None:
        reviews.set_golden(page.workspace(), queue, item, code=code, by=you.name())
        st.session_state[acting.TOLD] = f"{item} is golden"

    acting.guarded(done)
