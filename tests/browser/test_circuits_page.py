"""The page Circuits in a real browser: a link opens it, gates step, angles move the state, every part draws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SENTENCES = {
    "What it can express": "Random states fill all",
    "Noise and shots": "Noise shrinks a value, shots spread it",
    "Export": "OPENQASM",
}


def heights(page: Any, chart: str) -> list[float]:
    """The bars of a chart as they are drawn now; one that is being drawn anew is waited for."""
    return page.wait_for_function(
        """chart => {
            const plot = document.querySelector(`.st-key-${chart} .js-plotly-plot`);
            return plot?._fullData && Array.from(plot._fullData[0].y);
        }""",
        arg=chart,
    ).json_value()


def test_a_circuit_is_taken_apart(page: Any, serve: Callable[[Path], Any], tmp_path: Path) -> None:
    server = serve(tmp_path / "workspace")
    page.goto(server.url + "/circuits?layout=qssl_ring&qubits=3&layers=1&format=qasm3")
    page.locator(".st-key-circuit_probabilities .js-plotly-plot").wait_for()
    page.wait_for_timeout(1000)
    assert sum(heights(page, "circuit_probabilities")) == pytest.approx(1)
    thumb = page.get_by_role("slider", name="After gate")
    thumb.focus()
    thumb.press("Home")
    page.get_by_text("the start state").wait_for()
    page.wait_for_function(
        "() => document.querySelector('.st-key-circuit_probabilities .js-plotly-plot')?._fullData?.[0].y[0] === 1"
    )
    for tab, sentence in SENTENCES.items():
        page.get_by_role("tab", name=tab).click()
        page.get_by_text(sentence).first.wait_for()
    assert page.locator("[data-testid=stException]").count() == 0
