"""The page Circuits in a real browser: a link opens it, gates step, angles move the state, every part draws."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit import qpy

from qlatent.circuits.bridges import to_pennylane, to_qiskit
from qlatent.services.circuits import circuits
from tests.browser.conftest import PATIENCE, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LABELS = {"qasm3": "OpenQASM 3", "qpy": "Qiskit QPY", "pennylane": "PennyLane code"}
SENTENCES = {
    "What it can express": "Random states fill all",
    "Noise and shots": "Noise shrinks a value, finite shots spread it",
    "Export": "OPENQASM",
}


def open_circuit(page: Any, link: str) -> None:
    """A circuit with its drawing and its charts."""
    page.goto(link)
    page.locator(".gate.now").first.wait_for()
    settled(page, ".st-key-circuit_probabilities")


def marked(page: Any, gate: int) -> None:
    """Waits until this gate alone is the present one."""
    page.locator(f".gate.now[data-gate='{gate}']").wait_for()
    assert page.locator(".gate.now").count() == 1


def bars_become(page: Any, wanted: list[float]) -> None:
    page.wait_for_function(
        """wanted => {
            const plot = document.querySelector('.st-key-circuit_probabilities .js-plotly-plot');
            const drawn = Array.from(plot?._fullData?.[0].y ?? []);
            return plot._fullLayout.xaxis.type === "category" && drawn.length === wanted.length
              && wanted.every((value, i) => Math.abs(value - drawn[i]) < 1e-4);
        }""",
        arg=wanted,
    )


def test_a_circuit_is_taken_apart(page: Any, serve: Callable[[Path], Any], tmp_path: Path) -> None:
    server = serve(tmp_path / "workspace")
    states = circuits.states_gate_by_gate(
        circuits.of_layout("qssl_ring", qubits=3, layers=1)
    ).probabilities.tolist()
    open_circuit(page, server.url + "/circuits?layout=qssl_ring&qubits=3&layers=1&format=qasm3")
    marked(page, 1)  # begins at the first gate
    bars_become(page, states[1])
    page.get_by_role("button", name="One gate forward").press("Enter")
    marked(page, 2)
    bars_become(page, states[2])
    page.keyboard.press("ArrowRight")
    marked(page, 3)
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="One gate back").press("Enter")
    marked(page, 1)
    page.get_by_role("heading", name="Circuits").click()  # nothing has the focus
    page.keyboard.press("ArrowRight")
    marked(page, 2)
    page.get_by_role("slider", name="After gate").press("Home")
    page.get_by_text("0 of 9: the start state").wait_for()
    bars_become(page, [1, *[0] * 7])
    page.locator(".gate[data-gate='7']").click()
    marked(page, 7)
    bars_become(page, states[7])
    page.wait_for_url("**gate=7**")
    for tab, sentence in SENTENCES.items():
        page.get_by_role("tab", name=tab).click()
        page.get_by_text(sentence).first.wait_for()
        marked(page, 7)
    page.wait_for_url("**tab=export**")
    assert page.locator("[data-testid=stException]").count() == 0
    link = page.url
    page.goto("about:blank")
    page.goto(link)  # opens where it was closed
    page.get_by_text("OPENQASM").first.wait_for()
    marked(page, 7)
    page.get_by_role("tab", name="Step through").click()
    page.locator(".st-key-circuit_probabilities .js-plotly-plot").wait_for()
    bars_become(page, states[7])


def test_three_visitors_export_and_the_server_lives(
    browser: Any, serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    """Every rerun is a thread of its own that ends: Qiskit, loaded in one, ended the server at the next."""
    server = serve(tmp_path / "workspace")
    layouts = ("qssl_ring", "strongly_entangling", "sim_13")
    pages = [browser.new_page(viewport={"width": 1280, "height": 900}) for _ in layouts]
    for layers in (2, 3):  # another circuit the second time, of which nothing is kept
        for page, layout in zip(pages, layouts, strict=True):
            page.set_default_timeout(PATIENCE)
            page.goto(
                f"{server.url}/circuits?layout={layout}&qubits=3&layers={layers}&tab=export&format=json"
            )
        wanted = [exports(layout, layers) for layout in layouts]
        for format, label in LABELS.items():
            for page in pages:  # all ask before the first one looks
                page.get_by_role("radio", name=label).click()
            for page, contents in zip(pages, wanted, strict=True):
                name = circuits.FORMATS[format][0]
                with page.expect_download() as download:
                    page.get_by_role("button", name=f"Download {name}").press("Enter")
                assert read(Path(download.value.path()).read_bytes()) == read(contents[format])
    assert server.process.poll() is None
    for page in pages:
        assert page.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0
        page.close()


def exports(layout: str, layers: int) -> dict[str, bytes]:
    """The files made without the app."""
    circuit = circuits.of_layout(layout, qubits=3, layers=layers).circuit
    return {
        "qasm3": to_qiskit.qasm3(circuit).encode(),
        "qpy": to_qiskit.qpy(circuit),
        "pennylane": to_pennylane.source(circuit).encode(),
    }


def read(content: bytes) -> object:
    """The file itself; of QPY its circuit at some angles, for open ones have random ids besides their names."""
    if not content.startswith(b"QISKIT"):
        return content
    made = qpy.load(io.BytesIO(content))[0]
    return made.assign_parameters([0.1 * place for place in range(made.num_parameters)])
