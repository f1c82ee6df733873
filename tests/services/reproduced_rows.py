"""Rows of the reproduced table, written by hand."""

from __future__ import annotations

from qlatent.services.experiments.reproduction import Row


def rows(variant: str, accuracies: list[float], *, step: int = 176) -> list[Row]:
    """Rows of one variant after a step: accuracy by seed."""
    return [
        {"variant": variant, "width": 8, "seed": seed, "step": step, "protocol": "honest", "accuracy": value,
         "low": value - 0.01, "high": value + 0.01, "n": 5000, "classes": ["a", "b"], "confusion": [[3, 1], [0, 4]],
         "seconds": 360.0}
        for seed, value in enumerate(accuracies)
    ]  # fmt: skip
