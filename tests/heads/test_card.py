from __future__ import annotations

import yaml
from huggingface_hub import ModelCard

from qlatent.heads.card import model_card
from qlatent.heads.dressed.configs import AcquaConfig, AcquaTwinConfig
from qlatent.heads.dressed.heads import DressedHead

HEAD = DressedHead(AcquaConfig(input_dim=6, qubits=2, depth=1))
FACTS = {"encoder": "clip-0123", "dataset": "shop", "metrics": {"pair_error": 0.0212345}}


def test_front_matter_is_yaml_with_library_tags_and_encoder() -> None:
    card = model_card(HEAD, FACTS)
    front = yaml.safe_load(card.split("---")[1])
    assert front["library_name"] == "qlatent"
    assert front["tags"] == ["qlatent", "acqua", "quantum"]
    assert front["encoder"] == "clip-0123"


def test_the_hub_reads_the_card() -> None:
    card = ModelCard(model_card(HEAD, FACTS))
    assert (card.data.library_name, card.data.pipeline_tag) == ("qlatent", "feature-extraction")
    assert card.data.tags == ["qlatent", "acqua", "quantum"]
    assert card.text.lstrip().startswith("# ")


def test_the_card_lists_circuit_parameters_encoder_and_metrics() -> None:
    card = model_card(HEAD, FACTS)
    assert "0: ─H─RY(x0)─●─RY(w0)─" in card
    assert f"| stored | {HEAD.parameter_count['stored']} |" in card
    assert "| Mean \\|d_x − d_z\\| of matched pairs (pair_error) | 0.0212345 |" in card
    assert "| dataset | shop |" in card
    assert "image (n, 6), text (n, 6); gives latents (n, 2)" in card


def test_a_classical_head_has_no_circuit_section() -> None:
    assert "## Circuit" not in model_card(DressedHead(AcquaTwinConfig(input_dim=6)), {})


def test_names_from_outside_cannot_break_out_of_the_card() -> None:
    card = model_card(HEAD, {"encoder": 'x"\n---\nevil: 1', "dataset": "<script>|`[x](y)\n# title"})
    assert yaml.safe_load(card.split("\n---\n")[0])["encoder"] == 'x"\n---\nevil: 1'
    assert "<script>" not in card
    assert "\n# title" not in card
