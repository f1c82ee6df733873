"""The hash of weights depends on names, dtypes, shapes and values."""

import hashlib

import torch

from qlatent.encoders.weights import tensors_digest

A = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


def test_digest_is_the_hash_of_header_and_bytes() -> None:
    expected = hashlib.sha256(b"a torch.float32 (2, 2)\n" + A.numpy().tobytes()).hexdigest()
    assert tensors_digest({"a": A}) == expected


def test_digest_ignores_order_and_memory_layout() -> None:
    assert tensors_digest({"a": A, "b": A + 1}) == tensors_digest({"b": A + 1, "a": A})
    assert tensors_digest({"a": A}) == tensors_digest({"a": A.T.contiguous().T})


def test_digest_changes_with_value_name_type_and_shape() -> None:
    others = [{"a": A + 1e-6}, {"b": A}, {"a": A.double()}, {"a": A.reshape(4)}]
    assert len({tensors_digest(tensors) for tensors in [{"a": A}, *others]}) == 5


def test_scalars_and_half_precision_are_read() -> None:
    assert tensors_digest({"a": torch.tensor(1.0)}) != tensors_digest({"a": torch.tensor(1.0).bfloat16()})
