"""How steep the landscapes of a layout are: the variance of its gradients by size. Torch-free."""

from __future__ import annotations

from qlatent.circuits.analysis.figures_of_merit import GradientVariance
from qlatent.services.circuits import circuits, figures_of_merit
from qlatent.teaching.figures import GradientsFigure

__all__ = ["DECADES", "GradientVariance", "gradients", "in_words"]

DECADES = (-3, 0)
"""Powers of ten between which all figures of lessons are drawn."""
QUBITS = 4
"""Where layers are counted."""


def gradients(layout: str, *, layers: int = 10, by: str = "qubits") -> GradientVariance:
    """The variance of gradients at random angles by "qubits", with so many `layers`, or by "layers" on four qubits."""
    view = circuits.of_layout(layout, qubits=QUBITS, layers=layers)
    return figures_of_merit.plateaus(view, layers=layers)[by]


def in_words(figure: GradientsFigure, found: GradientVariance) -> str:
    """What the figure shows, in words."""
    fixed = f"{figure.layers} layers" if figure.by == "qubits" else f"{QUBITS} qubits"
    values = " · ".join(f"{size}: {value:.2g}" for size, value in zip(found.sizes, found.values, strict=True))
    return (
        f"Variance of the slope of ⟨Z⟩ of the first qubit over {found.samples} draws of all angles, {fixed}; mean and "
        f"range over the trained angles. By {figure.by}: {values}."
    )
