"""Part of the page Hardware: what a job will take, and the question before it is submitted."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.circuits import circuits
from qlatent.services.hardware import choosing, planning, requests
from qlatent.services.hardware.requests import HardwareRequest
from qlatent.ui.hardware import addresses, key, transpiled
from qlatent.ui.hardware.devices import MITIGATIONS, Settings
from qlatent.ui.hardware.items import Chosen
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import count, decimal, duration, literal, size

FREE = ("pennylane:lightning.qubit", "pennylane:default.qubit", "pennylane:default.mixed")
"""Devices of PennyLane that compute on this machine."""
FORM = "hardware_submit"
SMALL = 1.0  # seconds below which an estimate is told with two digits


def request(chosen: Chosen, used: Settings) -> HardwareRequest:
    """What is asked for; a selection that does not exist any more raises `QlatentError`."""
    definition, items = choosing.narrowed(page.workspace(), chosen.dataset, chosen.wanted)
    options = requests.run_options(used.shots, used.mitigation, used.level, used.seed, used.limit)
    return HardwareRequest(
        chosen.head.id, chosen.dataset, used.device.name, chosen.modality, items=items, definition=definition,
        options=options, recompiled=used.recompiled,
        account=key.opened(used.key).fingerprint if used.key else "", broker=used.key.broker if used.key else "",
    )  # fmt: skip


def planned(chosen: Chosen, used: Settings, *, qubits: int) -> None:
    """Draw what the job will take, with the button that submits it; an error is shown as a card."""
    st.subheader("What it takes", anchor=False)
    try:
        asked = request(chosen, used)
        if used.recompiled and not _recompiled_on_purpose(asked):
            return
        with st.spinner("Transpiling and estimating…"):
            told = estimate(asked)
    except QlatentError as err:
        parts.error_card(err)
        return
    _figures(told)
    _said(told, used)
    if told["items"] == told["known"]:
        st.info(
            "All items have been measured before; the job only gathers their results.",
            icon=":material/inventory_2:",
        )
    if st.button("Submit…", type="primary", key="hardware_submit", icon=":material/send:"):
        confirm(chosen, used, asked, told)
    _circuit(chosen, used, qubits=qubits)


def estimate(asked: HardwareRequest) -> dict[str, Any]:
    """The estimate of a request, computed once as long as no job ends and nothing about its items changes."""
    workspace = page.workspace()
    document = json.dumps(planning.document(asked), sort_keys=True)
    return _estimate(str(workspace.path), document, choosing.state(workspace, asked.dataset))


@st.cache_data(show_spinner=False, max_entries=64, ttl=600)
def _estimate(path: str, document: str, state: str) -> dict[str, Any]:
    return planning.estimate(page.workspace(), planning.request_of(json.loads(document)))


def _recompiled_on_purpose(asked: HardwareRequest) -> bool:
    """Whether the user wants these items recompiled for the estimate, which takes 0.02 to 0.5 s for each."""
    name = json.dumps(planning.document(asked), sort_keys=True)
    if st.session_state.get("hardware_recompile_for") == name:
        return True
    st.caption("Recompiling takes 0.02 to 0.5 s of CPU for each item, so it is not done at each change.")
    if st.button("Recompile and estimate", key="hardware_recompile", icon=":material/compress:"):
        st.session_state["hardware_recompile_for"] = name
        return True
    return False


def _figures(told: dict[str, Any]) -> None:
    figures = {
        "Time on the device" if told["remote"] else "Time": (
            _seconds(told["seconds"]),
            "QPU seconds that are charged." if told["remote"] else "Seconds of CPU on this machine.",
        ),
        "Items": (f"{told['items'] - told['known']:,}", "Items that are executed."),
        "Measured already": (f"{told['known']:,}", "Items with results of an earlier job with the same circuit, "
                             "angles, shots, device, calibration and mitigation. They are taken from there."),
        "Standard error": (decimal(told["standard_error"]), "Of a value near 0, by the shots alone."),
        "Expected slope": (decimal(told["slope"]), "What noise is expected to leave of each value: measured ≈ slope × "
                           "exact. 1 is a device without noise; a dash where nothing is expected."),
        "Circuits": (f"{told['circuits']:,}", "Circuits that are sent, each with all its angles."),
        "Executions": (f"{told['executions']:,}", "Items × shots, with what the mitigation adds."),
        "Parts": (f"{told['parts']:,}", "Jobs that the executions are split into."),
        "Two-qubit gates": (f"{told['pair_gates']:,}", "Of the circuit in the gates of the device."),
        "Depth": (f"{told['depth']:,}", "Layers of two-qubit gates."),
        "Sent": (size(told["payload_bytes"]), "Bytes of circuits and angles."),
    }  # fmt: skip
    if told["mitigation"] != "none":
        factor = choosing.time_factor(told["mitigation"], told["items"] - told["known"])
        figures["Mitigation"] = (f"× {factor:.2g}", "What it makes of the time on a device, included above.")
    if told["items"] == told["known"]:
        figures = {name: figures[name] for name in ("Items", "Measured already")}
    elif not told["remote"]:  # nothing is sent, nor split by what a service accepts
        del figures["Sent"], figures["Parts"]
    with st.grid(len(figures), min_column_width=128, gap="small"):
        for label, (value, about) in figures.items():
            st.metric(label, value, help=about)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < SMALL else duration(seconds)


def _said(told: dict[str, Any], used: Settings) -> None:
    """Items that are left out, the overlap of recompiled circuits, and what is left of plan and budget."""
    said = []
    if told["left_out"]:
        said.append(f"{count(told['left_out'], 'selected item')} without a usable vector left out.")
    if told["unknown"]:
        said.append(f"{count(told['unknown'], 'id')} of the selection not in the dataset any more.")
    if "overlap" in told:
        said.append(f"The least overlap of a recompiled circuit with its original is {told['overlap']:.1%}.")
    if used.limit and told["seconds"] > used.limit:
        said.append(
            f"The service would end this job after {used.limit} s, before it is done: allow more seconds."
        )
    said.append(_of_the_budget(told))
    if used.key is not None and (left := key.opened(used.key).remaining):
        said.append(f"{told['seconds'] / left:.1%} of what the plan has left ({duration(left)}).")
    for each in filter(None, said):
        st.caption(each)


def _of_the_budget(told: dict[str, Any]) -> str:
    """The share of the budget, "" without an account."""
    budget = told.get("budget")
    if not budget:
        return ""
    if budget["limit"] is None:
        return f"This account has used {duration(budget['used'])} in 28 days; it has no budget."
    share = told["seconds"] / budget["left"] if budget["left"] else float("inf")
    return f"{share:.0%} of the {duration(budget['left'])} that are left of the budget of {duration(budget['limit'])}."


@st.dialog("Submit this job?", icon=":material/send:")
def confirm(chosen: Chosen, used: Settings, asked: HardwareRequest, told: dict[str, Any]) -> None:
    """Ask before a job is submitted; name device, items, shots, time and cost."""
    remote = told["remote"]
    rows = {
        "Device": asked.device,
        "Head": chosen.head.name,
        "Items": f"{told['items']:,}"
        + (f", {told['known']:,} of them measured already" if told["known"] else ""),
        "Shots": f"{told['shots']:,} for each item" if told["shots"] else "none: exact",
        "Mitigation": MITIGATIONS[told["mitigation"]],
        "Time": f"{_seconds(told['seconds'])} {'on the device' if remote else 'of CPU on this machine'}",
        "Cost": _cost(used),
    }
    st.table(
        pd.DataFrame({"": list(rows), "This job": [literal(each) for each in rows.values()]}).set_index("")
    )
    paid = used.key is not None and not key.opened(used.key).free
    paid = paid or (used.device.kind == "pennylane" and used.device.name not in FREE)
    agreed = not paid or st.checkbox("I know that this may be charged", key="hardware_agreed")
    if st.button(
        "Submit", type="primary", key="hardware_submit_yes", icon=":material/send:", disabled=not agreed
    ):
        with page.guarded():
            workspace = page.workspace()
            checked = requests.check(workspace, asked)
            job = requests.start(workspace, checked, broker=asked.broker, token=url_state.form_token(FORM))
            url_state.form_used(FORM)
            url_state.put(addresses.JOB, job)
            url_state.put(addresses.SECTION, "jobs")
            st.rerun()


def _cost(used: Settings) -> str:
    """What the plan of the account takes for the job."""
    if used.device.kind == "pennylane":
        return "what the vendor of the device charges, if it is not a simulator; not estimated"
    if used.key is None:
        return "nothing: it is computed on this machine"
    account = key.opened(used.key)
    price = "nothing" if account.free else f"charged, price type {account.pricing}"
    left = "" if account.remaining is None else f", {duration(account.remaining)} left in these 28 days"
    return f"{price}: plan {account.plan} of {account.instance}{left}"


def _circuit(chosen: Chosen, used: Settings, *, qubits: int) -> None:
    """The head's circuit, beside what the device would run of it and where."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**The head's circuit**")
        drawing = circuits.drawing_of(chosen.head.head, chosen.head.config)
        st.code(drawing, language=None, height="content")
    with right:
        st.markdown("**In the gates of the device**")
        if used.device.kind in ("simulator", "pennylane"):
            st.caption("It takes the circuit as it is.")
            return
        transpiled.on_device(chosen, used, qubits=qubits)
