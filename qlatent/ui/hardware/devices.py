"""Part of the page Hardware: on which device, with how many shots and which options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import streamlit as st

from qlatent.services.hardware import devices
from qlatent.services.hardware.devices import Device
from qlatent.services.hardware.keys import Key
from qlatent.ui.hardware import addresses, key, unmet
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import count, decimal, literal

KINDS = {"simulator": "Simulator", "twin": "Twin", "device": "IBM", "pennylane": "PennyLane"}
KINDS_HELP = (
    "Twin: a simulator with the noise of a real device as it was on one day. IBM: a device, with the key of your "
    "account. PennyLane: any device of PennyLane, also those that plug-ins of other vendors bring."
)
PENNYLANE, USUAL = "pennylane:", "lightning.qubit"
NAMES = {"exact": "Exact", "shots": "Shots, without noise"}
MITIGATIONS = {
    "none": "None",
    "readout": "Readout inversion",
    "trex": "TREX",
    "zne": "ZNE",
}
OFFERED = {
    "simulator": ("none",),
    "twin": ("readout", "none", "trex", "zne"),
    "device": ("readout", "none", "trex", "zne"),
    "pennylane": ("none",),
}
"""What each kind of device can do; what it would ignore is not offered. The first is its default."""
LEVELS = {str(level): str(level) for level in range(4)}
MOST_SHOTS = 1_000_000
RECOMPILING = (
    "Replaces each item's circuit by a few two-qubit gates that prepare almost the same state. Measured: for heads "
    "trained from the default start, at most 25 two-qubit gates instead of 68 (8 qubits, 2 layers) at an overlap of "
    "99 % or more; on the twins of two devices the mean error is a third and a half of what it was. For weights far "
    "from the start the overlap can be lower; the estimate says the lowest one. Off by default, since it sends a "
    "circuit for each item."
)


@dataclass(frozen=True)
class Settings:
    """A device and how it is used; the fields are those of `requests.run_options`."""

    device: Device
    shots: int = 0
    mitigation: str = "none"
    level: int = 3
    seed: int = 0
    limit: int = 0  # QPU seconds; 0: none
    recompiled: bool = False
    key: Key | None = None  # of the account that pays


def choose(*, qubits: int) -> Settings | None:
    """The chosen device with its options, of those with enough qubits; None where there is none, which is said."""
    kind = url_state.switch(
        addresses.KIND,
        KINDS,
        label="Run on",
        help=KINDS_HELP,
        forgets=(addresses.DEVICE, addresses.MITIGATION),
    )
    unmet.unknown("Kind of device", addresses.KIND, KINDS, f"there are {', '.join(KINDS)}")
    if kind == "pennylane":
        return _settings(_of_pennylane())
    held = key.panel(steps=False) if kind == "device" else None
    if kind == "device" and held is None:
        return None
    every = key.devices(held) if held else devices.offered()
    fitting = {each.name: each for each in every if each.kind == kind and each.qubits >= qubits}
    if not fitting:
        unmet.unknown(
            "Device", addresses.DEVICE, (), _why_not(url_state.get(addresses.DEVICE), kind, every, qubits)
        )
        st.warning(f"No device of this kind has the {qubits} qubits of this head.", icon=":material/memory:")
        return None
    if held:
        fitting = dict(sorted(fitting.items(), key=lambda each: (not each[1].online, each[1].queue or 0)))
    device = fitting[
        unmet.pick(
            "Device", list(fitting), name=addresses.DEVICE, names=lambda each: _named(fitting[each]),
            default="shots" if kind == "simulator" else "",
            why=lambda asked: _why_not(asked, kind, every, qubits),
        )
    ]  # fmt: skip
    if held:
        device = key.calibrated(held, device)
    _facts(device)
    small = sum(each.kind == kind and each.qubits < qubits for each in every)
    if small:
        st.caption(f"{count(small, 'smaller device')} cannot hold the {qubits} qubits of this head.")
    return replace(_settings(device), key=held)


def _why_not(name: str, kind: str, every: Sequence[Device], qubits: int) -> str:
    """Why a device that a link names is not among those of this kind."""
    known = {each.name: each for each in (*devices.offered(), *every)}
    found = known.get(name)
    if found is not None and found.kind == kind:
        return f"it has {count(found.qubits, 'qubit')}, and this head needs {qubits}"
    other = found.kind if found else PENNYLANE[:-1] if name.startswith(PENNYLANE) else ""
    if other:
        return f"it stands under {KINDS[other]}, not under {KINDS[kind]}"
    if kind == "device":
        return "this account has no device of this name; it is retired, or belongs to another instance"
    return "there is no snapshot of such a device" if kind == "twin" else "there is no such simulator"


def needs_key() -> bool:
    """Whether a device of an account is wanted, and there is no key."""
    return url_state.get(addresses.KIND) == "device" and key.held() is None


def _of_pennylane() -> Device:
    """The device of PennyLane that is named."""
    kept = url_state.get(addresses.DEVICE)
    st.session_state["hardware_pennylane"] = (
        kept.removeprefix(PENNYLANE) if kept.startswith(PENNYLANE) else USUAL
    )

    def changed() -> None:
        url_state.put(addresses.DEVICE, PENNYLANE + (st.session_state["hardware_pennylane"].strip() or USUAL))

    name = st.text_input(
        "Name", key="hardware_pennylane", on_change=changed,
        help="What qml.device takes, such as lightning.qubit or default.mixed. A vendor's device needs its plug-in and "
        "an account, whose key the plug-in reads from its own settings.",
    )  # fmt: skip
    chosen = PENNYLANE + (name.strip() or USUAL)
    url_state.put(addresses.DEVICE, chosen)
    unmet.replaced(
        "Device", addresses.DEVICE, kept, chosen, lambda each: each.startswith(PENNYLANE),
        lambda _: f"the names of PennyLane's devices begin with {PENNYLANE}",
    )  # fmt: skip
    st.caption("Each item waits for its answer, and what a vendor charges is not estimated.")
    return Device(chosen, "pennylane", 0, None)


def _named(device: Device) -> str:
    if device.kind == "simulator":
        return NAMES.get(device.name, device.name)
    waiting = f", {device.queue:,} jobs waiting" if device.queue else ""
    return f"{device.name.removeprefix('twin:')} · {device.qubits} qubits{waiting}"


def _facts(device: Device) -> None:
    if device.kind == "simulator":
        st.caption(device.note)
        return
    pair, readout = _percent(device.pair_error), _percent(device.readout_error)
    errors = f"Median error of a two-qubit gate {pair}, of a readout {readout}"
    when = device.calibrated[:10]
    if device.kind == "twin":
        st.caption(
            "A simulator with the noise of a snapshot of this device, calibrated "
            f"{literal(when) or 'on an unknown day'}; not the device of today. {errors}. A best case: no crosstalk "
            "and no drift."
        )
    else:
        online = "" if device.online else "It is not online at present. "
        st.caption(f"{online}{errors}, calibrated {literal(device.calibrated[:16])}.")


def _percent(share: float | None) -> str:
    return "–" if share is None or share != share else f"{100 * share:.2g} %"


def _settings(device: Device) -> Settings:
    offered = OFFERED[device.kind]
    unmet.unknown(
        "Mitigation", addresses.MITIGATION, offered, f"{KINDS[device.kind]} takes {', '.join(offered)}"
    )
    if device.name == "exact":
        return Settings(device)
    shots = addresses.number(
        "Shots for each item", addresses.SHOTS, 1024, least=1, most=MOST_SHOTS,
        help="How often each item's circuit is measured.",
    )  # fmt: skip
    st.caption(f"A value near 0 is then known to ± {decimal(1 / sqrt(shots))} (one standard error).")
    mitigation, level, limit, recompiled = "none", 3, 0, False
    if len(offered) > 1:
        mitigation = url_state.switch(
            addresses.MITIGATION, {each: MITIGATIONS[each] for each in offered}, label="Mitigation",
            help="Readout inversion corrects misread bits with two further circuits. TREX averages them out with "
            "random bit flips. ZNE is TREX with twirled gates; it also repeats each circuit with more noise and "
            "extrapolates to none. The estimate says how much longer each takes.",
        )  # fmt: skip
        level = int(
            url_state.switch(
                addresses.LEVEL, LEVELS, label="Optimisation level", default="3",
                help="Of the transpiler: higher levels look longer for fewer two-qubit gates.",
            )
        )  # fmt: skip
        unmet.unknown("Optimisation level", addresses.LEVEL, LEVELS, "it is 0, 1, 2 or 3")
        recompiled = addresses.toggle("Recompile each item's circuit", addresses.RECOMPILED, help=RECOMPILING)
    if device.kind == "device":
        limit = addresses.number(
            "Stop the job after (QPU seconds)", addresses.LIMIT, 60, least=1, most=10_800,
            help="IBM ends the job after so much time on the device. It is then charged no more.",
        )  # fmt: skip
    seed = addresses.number(
        "Seed", addresses.SEED, 0, most=2**31 - 1, help="Of the drawn shots and of the transpiler."
    )
    return Settings(device, shots, mitigation, level, seed, limit, recompiled)
