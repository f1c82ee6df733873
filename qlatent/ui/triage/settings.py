"""The settings of a queue: its policy, its name and order, who may do what, and its removal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from qlatent.services.triage import background, people, queues
from qlatent.services.triage.queues import Policy, QueueView
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import count, literal
from qlatent.ui.triage import queue_list, words, you
from qlatent.ui.triage.columns import columns
from qlatent.ui.triage.keyboard import ACTIONS

KINDS = {"bad": "Bad: what the queue looks for", "good": "Good", "open": "Open: says neither"}


def settings(view: QueueView) -> None:
    """Draw all settings of a queue."""
    if "configure" not in people.permitted(page.workspace(), you.name()):
        st.info(f"{literal(you.name())} may not change these settings.", icon=":material/lock:")
    policy(view)
    queue(view)
    permissions()


def policy(view: QueueView) -> None:
    """Draw the form of the policy: decisions, reasons, keys, and how cases come."""
    key, now = f"triage_policy_{view.id}", view.policy
    with st.form(f"{key}_form", border=True):
        st.markdown("**Decisions and their keys**")
        decisions = st.data_editor(
            pd.DataFrame([each.model_dump() for each in now.decisions]), num_rows="dynamic", hide_index=True,
            key=f"{key}_decisions", column_config=_decision_columns(),
        )  # fmt: skip
        st.markdown("**Reasons**, in the order of their keys 1–9")
        reasons = st.data_editor(
            pd.DataFrame([each.model_dump() for each in now.reasons], columns=["code", "label"]),
            num_rows="dynamic", hide_index=True, key=f"{key}_reasons",
            column_config={"code": _text("Code"), "label": _text("Label")},
        )  # fmt: skip
        text = st.text_area(
            "Policy text, shown beside every case", now.text, key=f"{key}_text", max_chars=20_000, height=120
        )
        st.markdown("**Other keys**")
        keys = {}
        with st.grid("auto", min_column_width=110, gap="small") as grid:
            for action, label in ACTIONS.items():
                with grid.cell():
                    keys[action] = st.text_input(
                        action.capitalize(), now.keys.get(action, ""), key=f"{key}_key_{action}", max_chars=1,
                        help=label,
                    )  # fmt: skip
        numbers = _numbers(key, now)
        pressed = st.form_submit_button("Save", type="primary", key=f"{key}_save", icon=":material/save:")
    if pressed:
        with page.guarded():
            document = {
                "decisions": _rows(decisions), "reasons": _rows(reasons), "text": text,
                "keys": {action: each for action, each in keys.items() if each}, **numbers,
            }  # fmt: skip
            queues.configure(
                page.workspace(), view.id, queues.read_policy(now.document() | document), by=you.name()
            )
            st.toast("The settings are stored.", icon=":material/check:")


def queue(view: QueueView) -> None:
    """Draw name, order, adding new items, and removal."""
    key, workspace = f"triage_queue_{view.id}", page.workspace()
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            name = st.text_input("Name", view.name, key=f"{key}_name", max_chars=queues.LONGEST_NAME)
            if st.button("Rename", key=f"{key}_rename"):
                with page.guarded():
                    queues.rename(workspace, view.id, name=name, by=you.name())
                    st.rerun()
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            choices = words.order_choices({} if view.gone else columns(view.dataset))
            index = choices.index(view.order) if view.order in choices else 0
            order = st.selectbox(
                "Which come first", choices, index=index, format_func=words.order, key=f"{key}_order"
            )
            if st.button(
                "Sort again",
                key=f"{key}_sort",
                help="Also by what is known now in the same order.",
                disabled=view.gone,
            ):
                with page.guarded():
                    queues.reorder(workspace, view.id, order=order, by=you.name())
                    background.learn_soon(workspace, view.id, always=True)
                    st.toast("The open cases come in this order now.", icon=":material/check:")
        st.caption(
            "Would another order have found the bad ones sooner? Replay the decisions made here: "
            f"`qlatent triage simulate {view.dataset} --queue {view.id}`"
        )
        with st.container(horizontal=True, gap="small"):
            if st.button("Add new items", key=f"{key}_fill", icon=":material/add:", disabled=view.gone):
                with page.guarded():
                    added = queues.fill(workspace, view.id, by=you.name())
                    background.learn_soon(workspace, view.id, always=True)
                    st.toast(f"{count(added, 'case')} added.", icon=":material/check:")
            if st.button("Remove the queue", key=f"{key}_remove", icon=":material/delete:"):
                _confirm(view)


def permissions() -> None:
    """Draw what each name may do, and the form that changes it."""
    workspace = page.workspace()
    with st.container(border=True, gap="small"):
        st.markdown("**Who may do what**")
        known = [each for each in people.analysts(workspace) if each.permissions]
        if not known:
            st.caption("Nobody has been given permissions, so everybody may do everything.")
        for each in known:
            st.caption(f"{literal(each.name, limit=60)}: {', '.join(each.permissions)}")
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            name = st.text_input("Name", key="triage_permit_name", max_chars=people.LONGEST_NAME)
            may = st.pills(
                "May", list(people.PERMISSIONS), selection_mode="multi", default=["decide"], key="triage_permit_may"
            )  # fmt: skip
            if st.button("Give these", key="triage_permit", disabled=not name.strip()):
                with page.guarded():
                    people.permit(workspace, name.strip(), tuple(may or ()), by=you.name())
                    st.rerun()
        st.caption(" · ".join(f"{each}: {told}" for each, told in people.PERMISSIONS.items()))


@st.dialog("Remove this queue?", icon=":material/delete:")
def _confirm(view: QueueView) -> None:
    st.markdown(f"{literal(view.name)}: {count(view.counts.total, 'case')}, made by {literal(view.owner)}")
    st.caption("You can restore it for a day. Its log stays for good.")
    if st.button("Remove", type="primary", key="triage_remove_yes", icon=":material/delete:"):
        with page.guarded():
            queues.remove(page.workspace(), view.id, by=you.name())
            queue_list.leave()
            st.rerun()


def _numbers(key: str, now: Policy) -> dict[str, Any]:
    with st.grid("auto", min_column_width=200, gap="small") as grid:
        with grid.cell():
            every = st.number_input(
                "Every n-th case at random", 0, 1000, now.random_every, key=f"{key}_random",
                help="Cases drawn at random show how many bad ones are left. 0: never.",
            )  # fmt: skip
        with grid.cell():
            minutes = st.number_input(
                "Minutes that a case is yours", 0.1, 1440.0, now.lease_minutes, key=f"{key}_lease", format="%g",
                help="Renewed while you work on it; then colleagues may get it.",
            )  # fmt: skip
        with grid.cell():
            share = st.number_input(
                "Share reviewed twice, %", 0.0, 100.0, round(100 * now.review_share, 4), step=1.0,
                key=f"{key}_review", format="%g",
                help="Of the decided cases, decided again by somebody else who does not see the first decision.",
            )  # fmt: skip
    hidden = st.toggle(
        "Hide the score until the first decision on a case", now.score_hidden, key=f"{key}_hidden",
        help="Who sees a score first tends to agree with it.",
    )  # fmt: skip
    return {
        "random_every": every, "lease_minutes": minutes, "review_share": round(share / 100, 6), "score_hidden": hidden
    }  # fmt: skip


def _decision_columns() -> Mapping[str, Any]:
    column = st.column_config
    return {
        "code": _text("Code"),
        "label": _text("Label"),
        "key": _text("Key"),
        "kind": column.SelectboxColumn(
            "Means", options=list(KINDS), format_func=lambda each: KINDS[str(each)], required=True
        ),
        "needs_reason": column.CheckboxColumn("Needs a reason", default=False),
        "severe": column.CheckboxColumn(
            "Severe",
            default=False,
            help="Deciding so deletes the pictures from the workspace, also of cases that were decided so before. "
            "Undoing does not bring them back.",
        ),
    }


def _text(label: str) -> Any:
    return st.column_config.TextColumn(label, required=True)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of an edited table, each without cells that are empty."""
    return [
        {str(name): value for name, value in row.items() if value is not None and value == value}
        for row in table.to_dict("records")
    ]
