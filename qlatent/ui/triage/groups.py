"""Deciding a group at once: a lasso, a cluster, a collection or near-duplicates, looked at before it is decided."""

from __future__ import annotations

import time

import streamlit as st

from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Kept
from qlatent.services.triage import background, cases, casework, groups
from qlatent.services.triage import tiles as tiles_of
from qlatent.services.triage.groups import Preview
from qlatent.services.triage.queues import QueueView
from qlatent.ui.selections import state
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, cut, literal
from qlatent.ui.triage import acting, addresses, clusters, group_map, words, you
from qlatent.ui.triage.keyboard import keyboard
from qlatent.ui.triage.tiles import tiles

LAST = "triage_group_last"
DELETES_ALL = (
    "A severe decision deletes the pictures from the workspace, for everybody. Undoing brings back the decision but "
    "not the pictures, unless the files that they came from are imported once more."
)
PARTS = {
    "boundary": ("At the boundary", "Members nearest to an item outside the group."),
    "different": ("Least like the rest", "Members farthest from the mean of the group."),
    "random": ("Drawn at random", "Of all other members."),
}


@page.fragment
def section(view: QueueView) -> None:
    """Draw the map of the queue's items, and the group that is selected."""
    acting.said("groups")
    _last(view)
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        group_map.group_map(view)
    with right:
        _group(view)
    keyboard(
        view.policy, case="", turn=acting.turn(), pending="", seen=acting.seen(), decides=False, named=("blur", "help"),
        on_pressed=lambda done: acting.pressed(view.id, done),
    )  # fmt: skip


def _group(view: QueueView) -> None:
    rows = state.rows(addresses.PAGE, view.dataset)
    if rows is None:
        _how(view)
        return
    items = collections.ids_of(page.workspace(), view.dataset, rows)
    preview = _preview(view.id, you.name(), tuple(items), acting.turn(), view.counts.open)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{count(len(preview.open), 'open case')} of {count(len(items), 'selected item')}**")
        st.space("stretch")
        st.button(
            "Clear", key="triage_group_clear", icon=":material/close:", type="tertiary", on_click=_clear
        )
    _left_out(view, preview)
    if not preview.open:
        st.info("Nothing in this group can be decided. Select other items.", icon=":material/search_off:")
        return
    excluded = _examples(view, preview)
    _decide(view, preview, excluded)


def _how(view: QueueView) -> None:
    with st.container(border=True, gap="small", key="triage_group_how"):
        st.markdown(":material/lasso_select: **Select the items to decide together**")
        st.caption(
            "Draw a lasso on the map, or choose here. Columns and searches are selected on the page Explore, "
            "near-duplicates in the section of that name; both lead here."
        )
        if cases.encoder(page.workspace(), view.dataset):
            clusters.clusters(view)
        kept = {each.id: each.name for each in collections.listed(page.workspace(), view.dataset)}
        if kept:
            st.selectbox(
                "Collection", list(kept), index=None, key="triage_group_collection", on_change=_take_collection,
                format_func=lambda each: kept[each], placeholder="Choose one",
            )  # fmt: skip


def _take_collection() -> None:
    if chosen := st.session_state["triage_group_collection"]:
        url_state.put(addresses.HOW, "collection")
        state.select(addresses.PAGE, Kept(collection=chosen))


def _clear() -> None:
    url_state.put(addresses.HOW, None)
    state.select(addresses.PAGE, None)


def _left_out(view: QueueView, preview: Preview) -> None:
    """What of the selection is not decided, and why."""
    told = [
        f"{number:,} decided as {literal(words.decision(view.policy, code))}"
        for code, number in preview.decided.items()
    ]
    told += [f"{preview.others:,} with others"] if preview.others else []
    told += [f"{preview.outside:,} not in this queue"] if preview.outside else []
    if told:
        st.caption(f"Left out: {', '.join(told)}.")


def _examples(view: QueueView, preview: Preview) -> list[str]:
    """Draw the examples to look at; returns those that are taken out of the group."""
    looked_at: list[str] = []
    texts: dict[str, str] = {}
    for name, (title, told) in PARTS.items():
        items: tuple[str, ...] = getattr(preview, name)
        if not items:
            continue
        st.markdown(f"**{title}**", help=told)
        found = tiles_of.tiles(page.workspace(), view.id, items)
        tiles(view, found, of=name, key=f"triage_group_{name}", on_open=acting.open_in_work)
        looked_at += items
        texts |= {each.item: each.text for each in found}
    st.multiselect(
        "Leave out of the group", looked_at, key="triage_group_excluded", placeholder="None",
        format_func=lambda each: f"{each} · {cut(texts.get(each, ''), limit=50)}",
        help="They stay open. A smaller lasso leaves out more.",
    )  # fmt: skip
    return list(st.session_state["triage_group_excluded"])


def _decide(view: QueueView, preview: Preview, excluded: list[str]) -> None:
    labels = {each.code: each.label for each in view.policy.decisions}
    code = st.pills("Decision", list(labels), format_func=lambda each: labels[each], key="triage_group_code")
    reasons = {each.code: each.label for each in view.policy.reasons}
    needed = code is not None and view.policy.decision(code).needs_reason
    reason = st.selectbox(
        "Reason" if needed else "Reason, if there is one", list(reasons), index=None, key="triage_group_reason",
        format_func=lambda each: reasons[each], placeholder="Choose one",
    )  # fmt: skip
    st.text_input("Note", key="triage_group_note", max_chars=5_000)
    number = len(set(preview.open) - set(excluded))
    severe = code is not None and view.policy.decision(code).severe
    if severe:
        st.warning(DELETES_ALL, icon=":material/hide_image:")
        st.checkbox(f"Delete the pictures of {count(number, 'item')}", key="triage_group_delete")
    confirmed = not severe or st.session_state.get("triage_group_delete", False)
    label = f"Decide {count(number, 'case')}" + (f" as {literal(labels[code])}" if code else "")
    st.button(
        label, key="triage_group_apply", type="primary", icon=":material/done_all:",
        disabled=not code or not number or (needed and not reason) or not confirmed,
        on_click=_apply, args=(view, preview, tuple(excluded)),
    )  # fmt: skip


def _apply(view: QueueView, preview: Preview, excluded: tuple[str, ...]) -> None:
    chosen = st.session_state

    def done() -> None:
        workspace, code = page.workspace(), str(chosen["triage_group_code"])
        shown = {
            "how": url_state.get(addresses.HOW) or groups.how(state.current(addresses.PAGE)),
            "examples": [*preview.boundary, *preview.different, *preview.random],
            "excluded": list(excluded),
            "blurred": you.blurs(),
        }
        event, items = casework.decide_all(
            workspace, view.id, [each for each in preview.open if each not in excluded], code=code, by=you.name(),
            reason=chosen["triage_group_reason"] or "", note=chosen["triage_group_note"], shown=shown,
        )  # fmt: skip
        said = f"{count(len(items), 'case')} decided as {words.decision(view.policy, code)}"
        chosen[LAST] = (view.id, event.id, said)
        chosen.update({"triage_group_excluded": [], "triage_group_note": "", acting.TOLD: said})
        background.learn_soon(workspace, view.id)

    acting.guarded(done)


def _last(view: QueueView) -> None:
    """The last group decision of this tab, and the button that takes it back as a whole."""
    queue, event, said = st.session_state.get(LAST, ("", 0, ""))
    if queue != view.id:
        return
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", border=True, key="triage_group_done"
    ):
        st.markdown(f":material/done_all: {literal(said)}, as event {event}")
        undo = view.policy.keys.get("undo", "")
        label = "Undo this group decision" + (f" `{undo}`" if undo else "")
        st.button(
            label, key="triage_group_undo", icon=":material/undo:", on_click=_undo, args=(view.id, event)
        )


def _undo(queue: str, event: int) -> None:
    def done() -> None:
        _, items = casework.undo(page.workspace(), queue, by=you.name(), event=event)
        st.session_state[acting.TOLD] = f"Undone: {count(len(items), 'case')} as before"
        st.session_state.pop(LAST, None)
        background.learn_soon(page.workspace(), queue)

    acting.guarded(done)


@st.cache_resource(max_entries=4, show_spinner="Looking at the group …")
def _preview(queue: str, by: str, items: tuple[str, ...], turn: int, open_: int) -> Preview:
    """The preview until something is done, or the number of open cases changes."""
    return groups.preview(page.workspace(), queue, items, by=by, seed=len(items), now=time.time())
