"""The page Triage: queues of flagged listings, decided case by case, from the keyboard."""

from __future__ import annotations

import streamlit as st

from qlatent.services.triage import queues
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.dataset_cache import all_datasets
from qlatent.ui.shell.removed import removed
from qlatent.ui.triage import (
    addresses,
    duplicates,
    ends,
    groups,
    log,
    new_queue,
    notice,
    persons,
    queue_list,
    reviews,
    settings,
    work,
    you,
)  # fmt: skip

SECTIONS = {
    "work": "Work", "groups": "Groups", "duplicates": "Near-duplicates", "log": "Log", "reviews": "Reviews",
    "people": "People", "settings": "Settings",
}  # fmt: skip
PARTS = {
    "groups": groups.section, "duplicates": duplicates.section, "log": log.section, "reviews": reviews.section,
    "people": persons.section,
}  # fmt: skip
ITEMS = ("work", "groups", "duplicates")  # sections that show the items of the dataset

workspace = page.workspace()
if addresses.QUEUE in st.query_params:
    url_state.complete(addresses.CHOICES)
views = {each.id: each for each in queues.listed(workspace, analyst=you.name())}
url_state.refuse_gone(addresses.QUEUE, views, what="queue")
chosen = views.get(url_state.get(addresses.QUEUE))
if chosen is None:
    heading, control = st.columns([3, 1], vertical_alignment="bottom")
    with heading:
        parts.title("Triage", "Decide flagged listings one by one from the keyboard, with the map's help.")
    with control, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        notice.notice()
        you.control()
    datasets = {key: each for key, each in all_datasets().items() if not each.lost}
    if views:
        queue_list.queue_list(list(views.values()), datasets)
    if not datasets:
        parts.empty(
            "Nothing to decide yet",
            "Bring the listings first: a table with their texts and pictures. Then make a queue of them here.",
            icon=":material/fact_check:", to="data", button="Bring data",
        )  # fmt: skip
        removed("queue", "queue")
        st.stop()
    with st.expander("New queue", icon=":material/add:", expanded=not views, key="triage_new"):
        new_queue.new_queue(datasets, [each.name for each in views.values()])
    removed("queue", "queue")
    st.stop()

with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    st.button(
        "Queues", key="triage_back", icon=":material/arrow_back:", type="tertiary",
        on_click=queue_list.leave,
    )  # fmt: skip
    parts.name(chosen.name)
    st.space("stretch")
    section = url_state.switch(addresses.SECTION, SECTIONS)
    notice.notice()
    you.control()
url_state.put(addresses.QUEUE, chosen.id)
url_state.put(addresses.SECTION, section if section != "work" else None)
if chosen.gone and section in ITEMS:
    ends.gone(chosen)
elif section == "settings":
    settings.settings(chosen)
elif section in PARTS:
    PARTS[section](chosen)
else:
    url_state.put(addresses.CASE, url_state.get(addresses.CASE))
    work.work(chosen.id)
    work.kept(chosen)
