"""Measure the saturation of a head's tanh on data and warn with a remedy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

FLAT = 0.99  # |tanh| above it has a derivative below 2 % of that at 0
TOO_FLAT = 0.05  # fraction of saturated values above which a warning is given
LOOKED_AT = 4096  # maximum number of rows, evenly spaced


class Saturating(Protocol):
    """The part of a head's interface that is used here."""

    def entering_tanh(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]: ...

    def flat_remedy(self, factor: float) -> str: ...


def shares(entering: Mapping[str, Tensor]) -> dict[str, float]:
    """Fraction of values with |tanh| > 0.99 by modality; 0 if there are no rows."""
    return {
        name: float((torch.tanh(u).abs() > FLAT).double().mean()) if u.numel() else 0.0
        for name, u in entering.items()
    }


@torch.no_grad()
def measure(head: Saturating, inputs: Mapping[str, Tensor]) -> tuple[dict[str, float], list[str]]:
    """Saturated fractions by modality on up to 4096 of the rows (n, d), and a warning for each above 5 %.

    Both are empty for a head without tanh.
    """
    few = {name: rows[:: max(1, -(-len(rows) // LOOKED_AT))] for name, rows in inputs.items()}
    entering = head.entering_tanh(few)
    found = shares(entering)
    return found, [
        _said(head, name, share, entering[name].abs()) for name, share in found.items() if share > TOO_FLAT
    ]


def _said(head: Saturating, modality: str, share: float, entering: Tensor) -> str:
    allowed = 1 - TOO_FLAT / 2
    high = float(entering.flatten().kthvalue(max(1, int(allowed * entering.numel()))).values)
    return (
        f"tanh saturates for {share:.0%} of the numbers of the {modality} vectors (|tanh| > {FLAT}; the largest "
        f"number is {float(entering.max()):.3g}). Gradients and differences vanish there. "
        f"{head.flat_remedy(math.atanh(FLAT) / high)}"
    )
