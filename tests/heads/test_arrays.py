from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from qlatent.errors import InputError
from qlatent.heads import arrays
from qlatent.heads.dressed.configs import AcquaConfig, AcquaLinearConfig
from qlatent.heads.dressed.heads import DressedHead

HEAD = DressedHead(AcquaConfig(input_dim=6, qubits=2, depth=1))


def rows(count: int = 10, width: int = 6) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, width))


def bad(value: float, row: int) -> np.ndarray:
    array = rows()
    array[row] = value
    return array


def test_chunks_do_not_change_the_latents(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = arrays.transform(HEAD, {"image": rows()})["image"]
    monkeypatch.setattr(arrays, "CHUNK", 3)
    np.testing.assert_allclose(arrays.transform(HEAD, {"image": rows()})["image"], whole, atol=1e-6)


def test_inputs_are_normalised_as_in_training() -> None:
    x = rows().astype(np.float32)
    scaled = arrays.transform(HEAD, {"image": x * 7})["image"]
    np.testing.assert_allclose(scaled, arrays.transform(HEAD, {"image": x})["image"], atol=1e-6)
    raw = DressedHead(AcquaLinearConfig(input_dim=6, dim=2))
    raw.normalise = "none"
    wanted = raw.encode({"text": torch.from_numpy(x)})["text"].detach().numpy()
    np.testing.assert_array_equal(arrays.transform(raw, {"text": x})["text"], wanted)


def test_nothing_in_gives_nothing_out() -> None:
    assert arrays.transform(HEAD, {"text": np.empty((0, 6))})["text"].shape == (0, 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"image": bad(np.nan, 3)},
            r"1 of 10 image vectors hold NaN or infinite numbers; the first is row 3",
        ),
        ({"text": bad(np.inf, 9)}, r"1 of 10 text vectors hold NaN or infinite numbers; the first is row 9"),
        ({"text": bad(0.0, 2)}, r"1 of 10 text vectors hold only zeros.*row 2"),
        ({"image": bad(1e300, 1)}, r"image vectors hold NaN or infinite numbers"),  # too large for float32
        ({"image": rows(width=5)}, r"image vectors: got width 5, expected 6"),
        ({"image": rows()[0]}, r"got shape \(6,\), expected 6"),
        (
            {"image": rows(), "text": rows(9)},
            r"10 image vectors, 9 text vectors: the modalities differ in length",
        ),
        ({"images": rows()}, r"no modality 'images'.*did you mean 'image'"),
        ({"image": [["a"]]}, r"image vectors are not numbers"),
        ({}, r"No modality was given"),
        (rows(), r"Got one array, expected one for each modality.*\"image\""),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_rows_that_cannot_be_used_are_refused(values: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        arrays.transform(HEAD, values)


def test_zero_vectors_are_fine_where_nothing_is_normalised() -> None:
    head = DressedHead(AcquaConfig(input_dim=6, qubits=2, depth=1))
    head.normalise = "none"
    assert arrays.transform(head, {"text": bad(0.0, 2)})["text"].shape == (10, 2)


def test_latents_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match=r"latents have shape \(10, 6\), expected \(n, 2\)"):
        arrays.as_latents(HEAD, rows())
