"""Part of the page Hardware: the circuit that the device would run, by optimisation level, and on which qubits."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.plots import hardware as plots
from qlatent.services.hardware import devices, transpiled
from qlatent.services.hardware.transpiled import Level, Transpilings
from qlatent.ui.hardware import key
from qlatent.ui.hardware.devices import Settings
from qlatent.ui.hardware.items import Chosen
from qlatent.ui.shell import page, parts

# st.html removes SVG, and in st.image it would not have the colours of the page
_DRAWING = st.components.v2.component(
    "qlatent_transpiled",
    html='<div class="drawing" tabindex="0" role="img"></div>',
    css=".drawing { overflow-x: auto; }",
    js="""export default ({ data, parentElement }) => {
        const place = parentElement.querySelector(".drawing");
        place.setAttribute("aria-label", data.name);
        if (place.dataset.of !== data.of) place.innerHTML = data.svg;
        place.dataset.of = data.of;
    };""",
)


def on_device(chosen: Chosen, used: Settings, *, qubits: int) -> None:
    """Draw what the device would run at each level, the circuit of the chosen one, and the device with its qubits."""
    try:
        found = _found(chosen, used)
    except QlatentError as err:
        parts.error_card(err)
        return
    _table(found.levels)
    level = next(each for each in found.levels if each.level == used.level)
    with st.expander(f"Draw the circuit at level {used.level}", key="hardware_drawing"):
        of = f"{chosen.head.id} {chosen.modality} {used.device.name} {found.calibrated} {used.seed} {used.level}"
        name = f"The circuit on {used.device.name} at level {used.level}"
        _DRAWING(key="hardware_transpiled", data={"of": of, "name": name, "svg": level.drawing})
        twin = " The twin runs the circuit on its own line of these qubits." if used.key is None else ""
        st.caption(f"Qn is qubit n of the device.{twin}")
    if used.recompiled:
        st.caption("This is the circuit before recompiling; each item has a shorter one of its own.")
    _map(used, level, qubits=qubits)


def _found(chosen: Chosen, used: Settings) -> Transpilings:
    if used.key is not None:
        return key.transpiled(used.key, used.device, chosen.head.id, chosen.modality, used.seed)
    with st.spinner("Transpiling…"):
        return transpiled.of_head(
            page.workspace(),
            chosen.head.id,
            modality=chosen.modality,
            device=used.device.name,
            seed=used.seed,
        )


def _map(used: Settings, level: Level, *, qubits: int) -> None:
    """The device's qubits with their errors, and those that the job takes."""
    if used.key is None:
        found = devices.coupling(used.device.name)
        line = found.line(qubits)
        taken, pairs = set(line), {(min(pair), max(pair)) for pair in pairwise(line)}
        said = "The twin takes the orange line, on which the fewest errors are expected."
    else:
        found = key.coupling(used.key, used.device.name)
        taken = {*level.start, *level.end, *(each for pair in level.pairs for each in pair)}
        pairs = set(level.pairs)
        said = f"At level {level.level} the transpiler takes the orange qubits and pairs, with the calibration of now."
    st.plotly_chart(
        plots.device(found.pairs, found.readout, places=found.places, chosen=taken, used=pairs),
        key="hardware_device_map",
        config={"displayModeBar": False}, alt=f"Qubits of {used.device.name} with their errors",
    )  # fmt: skip
    st.caption(
        f"Each dot is a qubit, each line a pair with a two-qubit gate, stronger with a smaller error. {said}"
    )


def _table(levels: tuple[Level, ...]) -> None:
    number = st.column_config.NumberColumn
    columns = {
        "Level": [each.level for each in levels],
        "Two-qubit gates": [each.pair_gates for each in levels],
        "Depth": [each.pair_depth for each in levels],
        "SWAPs": [each.swaps for each in levels],
        "µs": [1e6 * each.seconds for each in levels],
        "Read at qubits": [", ".join(map(str, each.end)) for each in levels],
    }
    st.dataframe(
        pd.DataFrame(columns), hide_index=True, key="hardware_levels_table",
        alt="The circuit by optimisation level of the transpiler",
        column_config={
            "Depth": number(help="Layers of two-qubit gates."),
            "SWAPs": number(help="Added to bring qubits together."),
            "µs": number(format="%.1f", help="Duration of one execution, with its reading."),
        },
    )  # fmt: skip
