"""The page Circuits by widget key, with nothing in the workspace and with a trained head."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.circuits.layouts import LAYOUTS
from tests.pages.conftest import Furnished

Open = Callable[..., AppTest]


def stepped(at: AppTest) -> dict[str, Any]:
    """What the drawing that is stepped through was given."""
    assert not at.exception
    (found,) = at.get("bidi_component")
    return json.loads(found.proto.json)


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_layout_opens_from_a_link(opened: Open, tmp_path: Path, layout: str) -> None:
    at = opened(tmp_path, "circuits", layout=layout, qubits="3", layers="1")
    assert figures(at)["Qubits"] == "3"
    assert stepped(at)["svg"].startswith("<svg ")


def test_sliders_change_the_circuit_and_the_url(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path, "circuits", layout="qssl_ring")
    at.slider(key="size_qubits").set_value(8).run()
    assert figures(at)["Weights"] == "32"
    assert figures(at)["Two-qubit gates"] == "16"
    assert at.query_params["qubits"] in ("8", ["8"])


def test_a_circuit_begins_at_its_first_gate_with_all_states_along_it(opened: Open, tmp_path: Path) -> None:
    data = stepped(opened(tmp_path, "circuits", layout="dressed", qubits="2", layers="1"))
    assert (data["start"], len(data["gates"]), data["gates"][5]) == (1, 8, "CNOT on 0, 1")
    found = data["byGate"]
    assert [len(found[name]) for name in ("bloch", "entropies", "probabilities")] == [8, 8, 8]
    assert found["probabilities"][0] == [1, 0, 0, 0] and found["states"] is None


@pytest.mark.parametrize(("link", "start"), [("5", 5), ("0", 0), ("99", 7), ("-2", 0), ("x", 1)])
def test_the_gate_is_in_the_link(opened: Open, tmp_path: Path, link: str, start: int) -> None:
    at = opened(tmp_path, "circuits", layout="dressed", qubits="2", layers="1", gate=link)
    assert stepped(at)["start"] == start


def test_another_circuit_begins_at_its_first_gate_again(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path, "circuits", layout="dressed", qubits="2", layers="1", gate="5")
    before = stepped(at)["view"]
    assert stepped(at.run())["view"] == before  # a rerun leaves the drawing where it is
    at.slider(key="size_qubits").set_value(3).run()
    assert stepped(at)["start"] == 1 and "gate" not in at.query_params
    at.query_params["gate"] = "4"
    assert stepped(at.run())["start"] == 4  # a link of its own


def test_of_many_basis_states_the_likeliest_are_sent(opened: Open, tmp_path: Path) -> None:
    found = stepped(opened(tmp_path, "circuits", layout="dressed", qubits="8", layers="1"))["byGate"]
    assert {len(each) for each in found["probabilities"]} == {len(each) for each in found["states"]} == {64}
    assert found["states"][0][0] == 0 and found["probabilities"][0][0] == 1


def test_the_tab_is_in_the_link(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path, "circuits", layout="dressed", tab="gates")
    assert at.session_state["circuit_tabs"] == "Gates"
    assert "circuit_gates" in [each.key for each in at.get("dataframe")] or len(at.dataframe) == 1
    assert stepped(at)["byGate"] is None  # the drawing is there, the states are not asked for
    at = opened(tmp_path, "circuits", layout="dressed", tab="nonsense")
    assert at.session_state["circuit_tabs"] == "Step through"


def test_a_merge_opens_from_a_link_with_its_place_in_the_order(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path, "circuits", source="merge", inputs="7", outputs="3", number="2")
    assert figures(at)["Qubits"] == "2"
    text = " ".join(each.value for each in at.caption)
    assert "Input 3 (control, wire 0) merges into input 0 (target, wire 1)" in text
    assert "7 inputs take 4 two-qubit circuits" in text
    assert "6 → 3, 3 → 0, 4 → 1, 5 → 2" in text
    at.slider(key="size_inputs").set_value(2).run()  # one merge: nothing to choose
    assert not at.exception
    assert not [each for each in at.slider if each.key in ("size_outputs", "size_number")]
    for tab in ("express", "noise", "gates", "export"):
        at.query_params["tab"] = tab
        assert not at.run().exception


def test_the_weights_of_merges_are_told_beside_linear_layers(opened: Open, tmp_path: Path) -> None:
    at = on_tab(opened(tmp_path, "circuits", source="merge"), "Weight count")
    assert any("768 → 256: merges store 32.0 × fewer weights" in each.value for each in at.markdown)
    assert at.dataframe[0].value["Weights"].tolist() == ["6,144", "196,864", "3,584", "2,560", "1,024"]
    at.number_input(key="weights_kept").set_value(8).run()
    assert any("768 → 8: merges store 1.5 × more weights" in each.value for each in at.markdown)
    at.number_input(key="weights_width").set_value(2).run()
    assert not at.exception
    assert any("2 → 1: merges store" in each.value for each in at.markdown)


def test_a_link_with_nonsense_still_opens(opened: Open, tmp_path: Path) -> None:
    at = opened(tmp_path, "circuits", layout="<b>x</b>", qubits="999", layers="-3", seed="one", source="?")
    assert figures(at)["Qubits"] == "8"


def test_without_a_head_the_way_to_one_is_shown(opened: Open, tmp_path: Path) -> None:
    assert opened(tmp_path, "circuits", source="head").button(key="empty_train")


def test_a_trained_heads_circuit_opens(opened: Open, furnished: Furnished) -> None:
    at = opened(furnished.workspace.path, "circuits", source="head")
    assert figures(at)["Qubits"] == "3"
    assert at.selectbox(key="pick_modality").options == ["Image", "Text"]


def on_tab(at: AppTest, name: str) -> AppTest:
    at.session_state["circuit_tabs"] = name
    return at.run()


@pytest.mark.parametrize("layout", ["dressed", "product", "amplitude"])
def test_what_a_circuit_can_express(opened: Open, tmp_path: Path, layout: str) -> None:
    at = on_tab(opened(tmp_path, "circuits", layout=layout, qubits="3", layers="2"), "What it can express")
    assert not at.exception
    found = figures(at)
    assert {"Divergence from random states", "Mean Meyer–Wallach Q", "Redundant"} <= set(found)
    if layout == "product":
        assert (found["Mean Meyer–Wallach Q"], found["Redundant"]) == ("0.000", "3")
    at.segmented_control(key="switch_random").set_value("inputs").run()
    assert not at.exception
    assert figures(at)["Divergence from random states"] != found["Divergence from random states"]


def test_the_published_expressibility_stands_beside_that_of_weights_alone(
    opened: Open, tmp_path: Path
) -> None:
    at = on_tab(opened(tmp_path, "circuits", layout="sim_15", qubits="4", layers="1"), "What it can express")
    said = lambda: next(each.value for each in at.caption if "In bins of equal width" in each.value)  # noqa: E731
    assert "inputs and weights. Published: 0.1892 nats" in said() and "choose *Weights only*" in said()
    at.segmented_control(key="switch_random").set_value("weights").run()
    assert not at.exception
    assert "weights only. Published: 0.1892 nats." in said()
    assert float(said().split("paper: ")[1].split()[0]) == pytest.approx(0.1892, abs=0.06)


def test_noise_and_shots(opened: Open, tmp_path: Path) -> None:
    at = on_tab(opened(tmp_path, "circuits", layout="dressed", qubits="2", layers="1"), "Noise and shots")
    at.segmented_control(key="switch_noise").set_value("own").run()
    at.number_input(key="noise_readout").set_value(0.5).run()
    assert not at.exception
    table = at.dataframe[0].value
    assert (table["With noise"].abs() < 1e-9).all()  # every bit is a coin


def test_a_devices_noise_is_told(opened: Open, tmp_path: Path) -> None:
    at = on_tab(opened(tmp_path, "circuits", layout="dressed", noise="device"), "Noise and shots")
    assert not at.exception
    assert at.selectbox(key="pick_device").value == "fez" or at.error


def test_a_heads_controls_can_be_trained_and_are_compared(opened: Open, furnished: Furnished) -> None:
    at = on_tab(opened(furnished.workspace.path, "circuits", source="head"), "What it contributes")
    assert at.button(key="controls_start").label == "Train 11 runs"
    assert at.dataframe[0].value["Head"].tolist() == [
        "CLIP-ACQUA", "CLIP-ACQUA, frozen circuit", "CLIP-ACQUA, no entanglers", "CLIP-ACQUA, classical twin"
    ]  # fmt: skip
    assert at.dataframe[0].value["Seeds"].tolist() == ["1 of 3", "0 of 3", "0 of 3", "0 of 3"]


def test_stepping_through_a_head_begins_with_an_item_and_its_point(
    opened: Open, furnished: Furnished
) -> None:
    at = opened(furnished.workspace.path, "circuits", source="head", row="7")
    assert at.selectbox(key="pick_row").value == "7"
    assert "circuit_place" in {each.proto.id.rsplit("-", 1)[-1] for each in at.get("plotly_chart")}
    at.selectbox(key="pick_row").set_value("random").run()
    assert not at.exception
    assert "circuit_place" not in {each.proto.id.rsplit("-", 1)[-1] for each in at.get("plotly_chart")}
    assert at.button(key="angles_draw")
