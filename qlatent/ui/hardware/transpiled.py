"""Part of the page Hardware: the circuit that the device of a twin would run, by optimisation level, as a drawing."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.hardware import transpiled
from qlatent.services.hardware.transpiled import Level
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


def on_the_whole_device(chosen: Chosen, used: Settings) -> None:
    """Draw what the twin's device would run at each level, and the circuit of the chosen level."""
    device = used.device.name
    try:
        with st.spinner("Transpiling…"):
            found = transpiled.of_head(
                page.workspace(), chosen.head.id, modality=chosen.modality, device=device
            )
    except QlatentError as err:
        parts.error_card(err)
        return
    _table(found.levels)
    with st.expander(f"Draw the circuit at level {used.level}", key="hardware_drawing"):
        level = next(each for each in found.levels if each.level == used.level)
        of = f"{chosen.head.id} {chosen.modality} {device} {used.level}"
        data = {"of": of, "name": f"The circuit on {device} at level {used.level}", "svg": level.drawing}
        _DRAWING(key="hardware_transpiled", data=data)
        st.caption("Qn is qubit n of the device. The twin runs the circuit on its own line of these qubits.")


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
