"""Numbers of weights of merges and linear layers, against real heads and the published counts."""

from __future__ import annotations

import pytest

from qlatent.errors import ConfigError
from qlatent.registry import HEADS, config_class, make_config, resolve
from qlatent.services.circuits import merge_weights as service


def test_the_published_sizes_and_the_break_even_dimension() -> None:
    found = service.weights(768, 256)
    assert (found.stored, found.identifiable, found.dense) == (6144, 2560, 196_864)
    assert found.ratio == pytest.approx(32.04, abs=0.005)
    turning = service.turning(768)
    assert service.weights(768, 12).ratio > 1 > service.weights(768, 11).ratio
    assert 11 < turning < 12
    assert 12 * (768 - turning) == pytest.approx(turning * 769)


@pytest.mark.parametrize(
    ("head", "field"), [("qbec", "stored"), ("bec", "dense"), ("grouped_linear", "grouped")]
)
@pytest.mark.parametrize("outputs", [3, 8])
def test_the_numbers_of_weights_are_those_the_heads_store(head: str, field: str, outputs: int) -> None:
    config = make_config(
        config_class("head", head), {"input_dim": 20, "qubits": outputs, "modalities": ("text",)}
    )
    counted = resolve(HEADS[head].target)(config).parameter_count
    found = service.weights(20, outputs)
    assert counted["stored"] == getattr(found, field)
    if head == "qbec":
        assert (counted["used"], counted["identifiable"]) == (found.used, found.identifiable)


def test_a_projection_that_does_not_compress_is_refused() -> None:
    for outputs in (0, 20, 21):
        with pytest.raises(ConfigError, match=f"20 numbers cannot be merged into {outputs}"):
            service.weights(20, outputs)


def test_a_curve_covers_every_size_once() -> None:
    for inputs in (2, 3, 768, service.WIDEST):
        dims = service.dimensions(inputs)
        assert dims == sorted(set(dims)) and (dims[0], dims[-1]) == (1, inputs - 1)
