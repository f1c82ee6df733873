"""Part of the page Hardware: the key of an IBM account, held by a process of its own and never by a page."""

from __future__ import annotations

import time
from ipaddress import ip_address
from urllib.parse import urlsplit

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.hardware import budget, keys
from qlatent.services.hardware.devices import Device
from qlatent.services.hardware.keys import Account, Coupling, Key
from qlatent.services.hardware.transpiled import Transpilings, of_head
from qlatent.ui.shell import page, parts
from qlatent.ui.shell.formatting import duration, literal

HELD = "hardware_key"
"""Under this name the session holds the process with the key; the key itself it never has."""
REFUSED = "hardware_key_refused"
MINUTE, HOUR = 60, 3600
STEPS = """
1. Create an account at **quantum.cloud.ibm.com**; an e-mail address is enough.
2. Create an instance. The Open plan is free and gives 10 minutes on a device in 28 days.
3. Under *API keys* create a key and copy it; it is shown only once.
4. Under *Instances* copy the name or the CRN of the instance that is to pay.
5. Enter both here. For an installation of your own you may instead set `QISKIT_IBM_TOKEN` and `QISKIT_IBM_INSTANCE`
   in the environment or in `.streamlit/secrets.toml`; jobs are then followed also when nobody is here.
"""


def held() -> Key | None:
    """The key of this session, else the installation's own; None without one."""
    own: Key | None = st.session_state.get(HELD)
    if own is not None and own.alive:
        return own
    st.session_state.pop(HELD, None)
    return keys.installed()


def panel(*, steps: bool = True) -> Key | None:
    """Draw whose account is used, or the form for a key, with the way to one if `steps`; returns the key."""
    if REFUSED in st.session_state:
        parts.error_card(st.session_state.pop(REFUSED))
    with st.spinner("Starting the process that holds the key…"):  # of the installation, once
        key = held()
    if key is None:
        _form()
        if steps:
            with st.expander("How to get a key", icon=":material/help:", key="hardware_key_steps"):
                st.markdown(STEPS)
        return None
    try:
        account = opened(key)
    except QlatentError as err:
        parts.error_card(err)
        _forgetting(key)
        return None
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":material/key: **{literal(account.instance)}**, key {literal(key.source)}")
        st.caption(_plan(account))
        _budget(account)
        _forgetting(key)
    return key


def opened(key: Key) -> Account:
    """The account of a key, asked at most once a minute."""
    return _account(str(key.holder.folder), int(time.time()) // MINUTE)


@st.cache_resource(show_spinner="Asking IBM for the account…", max_entries=16, ttl=2 * MINUTE)
def _account(folder: str, minute: int) -> Account:
    key = held()
    assert key is not None and str(key.holder.folder) == folder
    return keys.account(key)


def devices(key: Key) -> list[Device]:
    """The devices of the key's instance, asked at most once a minute."""
    return _devices(str(key.holder.folder), int(time.time()) // MINUTE)


@st.cache_resource(show_spinner="Asking IBM for its devices…", max_entries=16, ttl=2 * MINUTE)
def _devices(folder: str, minute: int) -> list[Device]:
    key = held()
    assert key is not None and str(key.holder.folder) == folder
    return keys.devices(key)


def calibrated(key: Key, device: Device) -> Device:
    """The device with its errors, asked at most once a minute."""
    return _calibrated(str(key.holder.folder), device, int(time.time()) // MINUTE)


@st.cache_resource(show_spinner="Asking IBM for the calibration…", max_entries=32, ttl=2 * MINUTE)
def _calibrated(folder: str, device: Device, minute: int) -> Device:
    key = held()
    assert key is not None and str(key.holder.folder) == folder
    return keys.calibrated(key, device)


def transpiled(key: Key, device: Device, head: str, modality: str, seed: int) -> Transpilings:
    """A head's circuit on a device by optimisation level, asked once for each calibration."""
    return _transpiled(str(key.holder.folder), device.name, device.calibrated, head, modality, seed)


@st.cache_resource(show_spinner="Transpiling…", max_entries=16, ttl=HOUR)
def _transpiled(
    folder: str, device: str, calibrated: str, head: str, modality: str, seed: int
) -> Transpilings:
    key = held()
    assert key is not None and str(key.holder.folder) == folder
    return of_head(page.workspace(), head, modality=modality, device=device, seed=seed, key=key)


def coupling(key: Key, device: str) -> Coupling:
    """The coupling of a device, asked at most once a minute."""
    return _coupling(str(key.holder.folder), device, int(time.time()) // MINUTE)


@st.cache_resource(show_spinner=False, max_entries=16, ttl=2 * MINUTE)
def _coupling(folder: str, device: str, minute: int) -> Coupling:
    key = held()
    assert key is not None and str(key.holder.folder) == folder
    return keys.coupling(key, device)


def _form() -> None:
    st.caption(
        "IBM's devices need an API key. It stays in a process of its own until you leave or forget it."
    )
    if not private(st.context.url or ""):
        st.error(
            "Open this page over https, or on the machine that it runs on. Else anybody on the way could read the key.",
            title="A key is not accepted over this connection", icon=":material/lock_open:",
        )  # fmt: skip
    else:
        with st.form("hardware_key_form", clear_on_submit=True):
            key = st.text_input("API key", type="password", key="hardware_key_text", autocomplete="off")
            instance = st.text_input(
                "Instance (name or CRN)", key="hardware_key_instance", autocomplete="off"
            )
            if st.form_submit_button("Use this key", key="hardware_key_use", icon=":material/key:"):
                # the browser clears the form, but tells only with the next click
                del st.session_state["hardware_key_text"]
                _enter(key, instance)
                st.rerun(scope="app")


def steps() -> None:
    """Draw how to get a key, and what happens with it."""
    with st.container(border=True, gap="small"):
        st.markdown("**How to get a key**")
        st.markdown(STEPS)
        st.caption(
            "With a key you see the account's devices, its plan, and what a job costs before you submit it."
        )


def _enter(key: str, instance: str) -> None:
    try:
        with st.spinner("Signing in…"):
            st.session_state[HELD] = keys.entered(key, instance)[0]
    except QlatentError as err:
        st.session_state[REFUSED] = err


def private(url: str) -> bool:
    """Whether nobody between browser and server can read what a page at this address is given."""
    address = urlsplit(url)
    if address.scheme == "https" or not address.hostname or address.hostname == "localhost":
        return True
    try:
        return ip_address(address.hostname).is_loopback
    except ValueError:
        return False


def _forgetting(key: Key) -> None:
    if key.installed:
        return
    if st.button("Forget key", key="hardware_key_forget", icon=":material/key_off:"):
        key.forget()
        st.session_state.pop(HELD, None)
        st.rerun(scope="app")


def _plan(account: Account) -> str:
    """Plan, price and what is left, always shown."""
    price = "jobs cost nothing" if account.free else f"price type {account.pricing}: jobs are charged"
    left = "no limit" if account.remaining is None else f"{duration(account.remaining)} left in these 28 days"
    return f"Plan {literal(account.plan)}, {literal(price)}. {duration(account.used)} used, {left}."


def _budget(account: Account) -> None:
    workspace = page.workspace()
    kept = budget.budget(workspace, account.fingerprint, now=time.time())

    def changed() -> None:
        given = st.session_state["hardware_budget"]
        budget.set_budget(workspace, account.fingerprint, float(given) if given else None, now=time.time())

    st.session_state["hardware_budget"] = int(kept.limit or 0)
    st.number_input(
        "Budget: seconds in 28 days", 0, step=10, key="hardware_budget", on_change=changed,
        help=f"Jobs of this workspace that would exceed it are refused; 0: no budget. {duration(kept.used)} are used.",
    )  # fmt: skip
