"""What a noisy device does to a circuit: the errors after each gate and at the readout."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

Probability = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, config={"extra": "forbid"})
class NoiseConfig:
    """What happens to each wire of a gate right after it, and what readers of a bit get wrong.

    `depolarizing`: probability that X, Y or Z strikes, each equally likely, after a gate on one wire: ⟨Z⟩ shrinks by
    1 − 4p/3. `pair_depolarizing`: the same on each wire of a gate on two.
    `damping`: probability γ of falling from 1 to 0: ⟨Z⟩ becomes γ + (1 − γ)⟨Z⟩. It comes second.
    `readout`: probability that a measured bit is read as its opposite, 0 and 1 alike. Preparing amplitudes is
    taken to be perfect.
    """

    depolarizing: Annotated[
        Probability,
        Field(
            title="Depolarising", description="After a gate on one wire; today's devices: 0.0002 to 0.001."
        ),
    ] = 0.0
    pair_depolarizing: Annotated[
        Probability,
        Field(
            title="Depolarising, pairs",
            description="Per wire after a gate on two; today's devices: 0.001 to 0.01.",
        ),
    ] = 0.0
    damping: Annotated[
        Probability,
        Field(
            title="Amplitude damping", description="Per gate and wire; gate time over T1: 0.0001 to 0.005."
        ),
    ] = 0.0
    readout: Annotated[
        Probability,
        Field(title="Readout error", description="Per measured bit; today's devices: 0.005 to 0.03."),
    ] = 0.0
