"""Facts about fidelity as a similarity: of single qubits, of product states, and beside the cosine."""

from __future__ import annotations

import numpy as np
from scipy import stats

from qlatent.metrics.pairs.distances import pairwise
from qlatent.services.lessons.stage import Stage
from qlatent.teaching.answers import Chosen, Quantity

ALIKE = 0.99
"""From this rank correlation on, two similarities give practically one order."""
ANGLES_OF_MERGE = 12
"""Angles of a controlled general gate with its two rotations, as published (arXiv 2501.04591)."""


def fidelity_of_arrows(stage: Stage, *, degrees: float) -> Quantity:
    """The fidelity of two qubits whose arrows enclose an angle: cos² of half of it; exact up to two digits."""
    return Quantity(float(np.cos(np.radians(degrees) / 2) ** 2), 0.005)


def product_of(stage: Stage, *, each: float, count: int, edges: list[float]) -> Chosen:
    """Between which edges the fidelity of so many qubits lies: "under_<edge>", or "over_<last edge>"."""
    found = each**count
    below = [edge for edge in edges if found < edge]
    return Chosen(f"under_{below[0]:g}" if below else f"over_{edges[-1]:g}")


def same_order(stage: Stage, *, run: str, modality: str = "text") -> Chosen:
    """Whether log-fidelity of a run and the cosine of its inputs rank all pairs "alike", or "differ"."""
    return Chosen("alike" if _agreement(stage, run, modality) >= ALIKE else "differ")


def order_agreement(stage: Stage, *, run: str, modality: str = "text") -> Quantity:
    """The rank correlation of log-fidelity and cosine over all pairs; exact up to two digits."""
    return Quantity(_agreement(stage, run, modality), 0.005)


def _agreement(stage: Stage, run: str, modality: str) -> float:
    cosine = pairwise(stage.inputs(run)[modality], "cosine")
    fidelity = pairwise(stage.latents(run, frame=-1)[modality], "log_fidelity")
    pairs = np.triu_indices(len(cosine), 1)
    return float(stats.spearmanr(cosine[pairs], fidelity[pairs]).statistic)


def fewer_weights(stage: Stage, *, inputs: int, outputs: int) -> Chosen:
    """Which has fewer weights from `inputs` to `outputs` numbers: the published "merges", or a "linear" layer."""
    return Chosen("merges" if ANGLES_OF_MERGE * (inputs - outputs) < outputs * (inputs + 1) else "linear")
