"""The page Hardware: a head's circuit on simulators, twins and devices, its jobs, and where its points land."""

from __future__ import annotations

import streamlit as st

from qlatent.services.circuits import circuits
from qlatent.services.hardware import listing
from qlatent.ui.hardware import addresses, badge, devices, items, jobs, key, plan, result
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.removed import removed

workspace = page.workspace()
parts.title(
    "Hardware",
    "Run a head's circuit on a simulator, a device's noisy twin or a device, and see on a map how far each item moves.",
)
listing.go_on(workspace)  # also with jobs whose worker was ended with its machine
if not st.query_params and (
    ended := listing.unseen(workspace)
):  # the navigation was pressed, which counts them
    url_state.put(addresses.SECTION, "jobs")
    url_state.put(addresses.JOB, ended[0].id)
views = listing.jobs(workspace)
url_state.refuse_gone(addresses.JOB, [each.id for each in views], what="job")
sections = {"new": "New job", "jobs": f"Jobs ({len(views)})" if views else "Jobs"}
if url_state.switch(addresses.SECTION, sections) == "new":
    badge.badge()
    usable, reasons = items.heads()
    if not usable:
        st.stop()
    form, side = st.columns([1, 2], gap="large")
    with form:
        chosen = items.choose(usable, reasons)
        if chosen is None:
            st.stop()
        circuit = circuits.of_head(workspace, chosen.head.id, modality=chosen.modality).circuit
        used = devices.choose(qubits=circuit.qubits)
    with side:
        if used is not None:
            plan.planned(chosen, used, qubits=circuit.qubits)
        elif devices.needs_key():
            key.steps()
    st.stop()

if not views:
    parts.empty(
        "No job yet",
        "Choose a head, items and a device under New job, and see what it takes before you submit it.",
        icon=":material/developer_board:",
    )
    if st.button("New job", type="primary", key="hardware_first", icon=":material/arrow_forward:"):
        url_state.put(addresses.SECTION, "new")
        st.rerun()
    removed("run", "run")
    st.stop()
opened = jobs.opened(views)
jobs.board(polled=any(each.run.active for each in views))
result.result(opened, views)
removed("run", "run")
