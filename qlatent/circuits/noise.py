"""Settings of the noise model: gate errors and readout errors."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

Probability = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, config={"extra": "forbid"})
class NoiseConfig:
    """Errors on each wire of a gate after that gate, and readout errors.

    `depolarizing`: probability p of X, Y or Z, equally likely, after a one-qubit gate; ⟨Z⟩ shrinks by 1 − 4p/3.
    `pair_depolarizing`: the same on each wire of a two-qubit gate.
    `damping`: probability γ of decay from 1 to 0, applied after depolarising; ⟨Z⟩ becomes γ + (1 − γ)⟨Z⟩.
    `readout`: probability of flipping a measured bit, equal for 0 and 1. Amplitude preparation is noise-free.
    """

    depolarizing: Annotated[
        Probability,
        Field(
            title="Depolarising",
            description="Probability after a one-qubit gate; today's devices: 0.0002 to 0.001.",
        ),
    ] = 0.0
    pair_depolarizing: Annotated[
        Probability,
        Field(
            title="Depolarising, pairs",
            description="Probability per wire after a two-qubit gate; today's devices: 0.001 to 0.01.",
        ),
    ] = 0.0
    damping: Annotated[
        Probability,
        Field(
            title="Amplitude damping",
            description="Probability per gate and wire, gate time divided by T1: 0.0001 to 0.005.",
        ),
    ] = 0.0
    readout: Annotated[
        Probability,
        Field(
            title="Readout error",
            description="Probability per measured bit; today's devices: 0.005 to 0.03.",
        ),
    ] = 0.0
