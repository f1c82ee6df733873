"""The near-duplicates of the case on screen, with what was decided on them and the way to decide all at once."""

from __future__ import annotations

import streamlit as st

from qlatent.services.triage import near as service
from qlatent.services.triage.cases import Case
from qlatent.services.triage.near import Group
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count
from qlatent.ui.triage import acting, addresses, words
from qlatent.ui.triage.tiles import tiles

HELP = "Every member is within the distance of every other; the section Near-duplicates sets it."


def near(view: QueueView, case: Case, encoder: str) -> None:
    """Draw the group of a case; without one, what it was compared by, or that nothing was compared yet."""
    if case.row is None:
        return
    found = _found(case, encoder)
    group = next((each for each in found if each.items), None)
    st.markdown("**Near-duplicates**", help=HELP)
    if group is not None:
        _group(view, case, group)
    elif found:
        told = " or ".join(f"by {_by(each)}" for each in found)
        st.caption(f"None {told}.")
    else:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("The items have not been compared with each other yet.", width="content")
            st.button(
                "Find near-duplicates", key="triage_near_find", type="tertiary", icon=":material/content_copy:",
                on_click=url_state.put, args=(addresses.SECTION, "duplicates"),
            )  # fmt: skip


def _found(case: Case, encoder: str) -> list[Group]:
    """The groups of a case by all that was compared, that of the section Near-duplicates first."""
    asked, found = url_state.get(addresses.BY), []
    for by in sorted(words.COMPARED, key=lambda each: each != asked):
        threshold = addresses.threshold() if by == asked else None
        group = service.of_case(page.workspace(), case, by=by, threshold=threshold, encoder=encoder)
        found += [group] if group is not None else []
    return found


def _group(view: QueueView, case: Case, group: Group) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        first = "; this case is the first of them" if group.items[0] == case.item else ""
        st.caption(f"Group of {len(group.items):,} by {_by(group)}{first}", width="content")
        st.space("stretch")
        if group.open:
            st.button(
                f"Decide the group of {len(group.items):,}", key=f"triage_near_decide_{case.item}",
                icon=":material/done_all:", on_click=acting.as_group, args=(group.items, "duplicates"),
            )  # fmt: skip
    notes = {
        each.tile.item: words.apart(group.by, each.distance) + (", first of the group" if each.first else "")
        for each in group.others
    }
    tiles(
        view, [each.tile for each in group.others], of=f"{case.item} near", key="triage_near", notes=notes,
        on_open=acting.open_case,
    )  # fmt: skip
    if len(group.items) - 1 > len(group.others):
        st.caption(
            f"The {count(len(group.others), 'nearest', 'nearest')} of {len(group.items) - 1:,} are shown."
        )


def _by(group: Group) -> str:
    return f"{words.COMPARED[group.by].lower()}, at most {words.apart(group.by, group.threshold)}"
