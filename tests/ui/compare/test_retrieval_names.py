from __future__ import annotations

import pytest

from qlatent.ui.compare.retrieval_names import head_name


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("pca:dim=64", "PCA, 64-d"),
        ("pca:qubits=64", "PCA, 64-d"),  # as evaluations of earlier versions have it
        ("qbec:qubits=64:input_scale=7.84", "QBEC, 64-d, input scale 7.84"),
        ("none", "The vectors themselves"),
        ("a head that is gone", "a head that is gone"),
    ],
)
def test_a_head_is_named_with_its_dimension_and_settings(head: str, said: str) -> None:
    assert head_name(head) == said
