"""Working a queue: one case after the other, decided by keys or buttons."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.triage import cases, casework, queues
from qlatent.services.triage.cases import Case
from qlatent.services.triage.casework import Nothing
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count
from qlatent.ui.triage import (
    acting,
    addresses,
    aside,
    card,
    deciding,
    ends,
    finding,
    near,
    persons,
    report,
    score,
    words,
    you,
)
from qlatent.ui.triage.keyboard import keyboard


@dataclass(frozen=True)
class Stand:
    """The case on screen, whether the analyst has it, and why it comes, in words."""

    case: Case
    own: bool
    review: bool  # a second opinion or a golden item: shown as any other, and stored as a review
    why: str


@page.fragment
def work(queue: str) -> None:
    """Draw the next case of a queue, or the one that the URL names, with everything to decide it."""
    stand = _stand(queue)
    view = queues.view(page.workspace(), queue, analyst=you.name())
    _progress(view)
    score.left(view)
    persons.break_due(view)
    acting.said("work")
    if isinstance(stand, Nothing):
        ends.ends(view, stand)
        acting.on_screen(view.id, "", {}, own=False)
        finding.finding(view)
    else:
        _card(view, stand)
    aside.aside(view)
    shown = None if isinstance(stand, Nothing) else stand
    keyboard(
        view.policy,
        case=shown.case.item if shown else "",
        turn=acting.turn(),
        pending=acting.pending(),
        seen=acting.seen(),
        decides=shown is not None and shown.own,
        on_pressed=lambda done: acting.pressed(view.id, done),
    )


def _card(view: QueueView, stand: Stand) -> None:
    case = stand.case
    acting.on_screen(
        view.id, case.item, {"why": stand.why, "blurred": you.blurs()}, own=stand.own, review=stand.review
    )
    left, right = st.columns([1.1, 1], gap="large")
    with right:
        deciding.panel(view, case, own=stand.own)
        score.score(view, case)
        deciding.policy(view)
        finding.finding(view)
    with left:
        st.caption(stand.why)
        card.item(case)
    encoder = cases.encoder(page.workspace(), case.dataset) if case.row is not None else ""
    beside, about = st.columns([2.2, 1], gap="large")
    with beside:
        near.near(view, case, encoder)
        found = card.similar(view, case, encoder)
        card.columns(case)
    with about:
        card.about(view, case, encoder)
        if not stand.review:
            report.download(view, case.item)
    acting.saw([each.item for each in found])


def _stand(queue: str) -> Stand | Nothing:
    """The case that the URL names, else the next one, which then stands in the URL."""
    workspace, by, asked = page.workspace(), you.name(), url_state.carried(addresses.CASE)
    if not asked:
        found = casework.next_case(workspace, queue, by=by, skipped=acting.takes_skipped(queue))
        if isinstance(found, Nothing):
            return found
        asked = found.item
        st.session_state[acting.WHY] = f"{found.why}/{asked}"
    else:
        try:
            casework.take(workspace, queue, asked, by=by)
        except QlatentError as err:  # such as a full disk: the case is shown all the same
            acting.failed(err)
    url_state.put(addresses.CASE, asked)
    case = cases.case(workspace, queue, asked)
    why, _, of = str(st.session_state.get(acting.WHY, "")).partition("/")
    review = acting.is_review(asked) or (bool(case.record.code) and case.record.lease_by == by)
    if review:
        case = cases.unmarked(case)
    own = review or (not case.record.code and case.record.lease_by == by)
    order = words.order(queues.record(workspace, queue).order)
    return Stand(case, own, review, words.WHYS.get(why if of == asked else "link", f"Comes by: {order}"))


def _progress(view: QueueView) -> None:
    counts = view.counts
    told = [
        f"{counts.decided:,} of {count(counts.total, 'case')} decided",
        f"{_today(view.id):,} today by you",
    ]
    told += [f"{counts.others:,} with others"] if counts.others else []
    told += [f"{counts.skipped:,} skipped by you"] if counts.skipped else []
    told += [words.gone(counts.gone)] if counts.gone else []
    st.progress(counts.decided / max(1, counts.total), text=" · ".join(told))


def _today(queue: str) -> int:
    """Decisions of the analyst since midnight, where the browser is."""
    zone = ZoneInfo(st.context.timezone) if st.context.timezone else UTC
    midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return cases.decided_since(page.workspace(), queue, by=you.name(), since=midnight.timestamp())


def kept(view: QueueView) -> None:
    """Renew the lease of the case on screen three times in its term, as long as the analyst is at work."""
    every = 60 * view.policy.lease_minutes / 3
    st.fragment(_renew, run_every=every)(view.id, view.policy.lease_minutes)


def _renew(queue: str, minutes: float) -> None:
    with page.guarded():
        item = acting.own_item(queue)
        if not item or time.time() - acting.active() > acting.IDLE_LEASES * 60 * minutes:
            return
        if casework.renew(page.workspace(), queue, item, by=you.name()):
            return
        st.warning("Somebody else has this case by now.", icon=":material/lock_clock:")
        if st.button("Go on with the next", key="triage_lost_next", icon=":material/arrow_forward:"):
            acting.next_case()
            st.rerun()
