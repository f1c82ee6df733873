"""Facts about circuits: measurements, entropies, goals to reach by moving angles."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qlatent.circuits.circuit import Circuit
from qlatent.services.circuits import circuits
from qlatent.services.circuits.circuits import CircuitView
from qlatent.services.lessons.stage import Stage, with_named
from qlatent.teaching.answers import Chosen, Goal, Quantity
from qlatent.teaching.figures import CircuitFigure

NEAR = 0.05
"""A goal is reached at this distance: about what a slider of hundredths of a radian can be set to by hand."""
NEAR_ERROR = 0.005
"""A standard error is reached where two digits show it."""
_TURN = np.linspace(-np.pi, np.pi, 315)  # two hundredths of a radian apart
_turn = threading.Lock()  # whoever asks while another computes takes that result
Value = Callable[[CircuitView, int, int], float]
"""A value of a wire after so many gates."""


def z(stage: Stage, *, wire: int = 0) -> Quantity:
    """⟨Z⟩ of a wire after the gates shown; exact up to two digits."""
    return Quantity(_z(stage.circuit(), wire, _gate(stage)), 0.005)


def chance_of_one(stage: Stage, *, wire: int = 0) -> Quantity:
    """The chance of measuring 1 on a wire, (1 − ⟨Z⟩) / 2; exact up to two digits."""
    return Quantity((1 - _z(stage.circuit(), wire, _gate(stage))) / 2, 0.005)


def shot_error(stage: Stage, *, shots: int, wire: int = 0) -> Quantity:
    """How far the mean of so many ±1 outcomes is off, as a standard error: √((1 − ⟨Z⟩²) / shots)."""
    return Quantity(_shot_error(z(stage, wire=wire).value, shots))


def entropy(stage: Stage, *, wire: int = 0) -> Quantity:
    """The entropy of a wire in bits, 0 to 1: how entangled it is with the others; exact up to two digits."""
    return Quantity(_entropy(stage.circuit(), wire, _gate(stage)), 0.005)


def entangled(stage: Stage, *, wire: int = 0) -> Chosen:
    """Whether a wire is "entangled" with others: its entropy is not zero to two digits; else "apart"."""
    found = entropy(stage, wire=wire)
    return Chosen("entangled" if found.value > found.spread else "apart")


def weights(stage: Stage) -> Quantity:
    """How many angles of the circuit are trained; exact."""
    return Quantity(float(stage.circuit().circuit.weights))


def goal_z(stage: Stage, *, target: float, wire: int = 0) -> Goal:
    """⟨Z⟩ of a wire is to reach a target by moving the figure's first movable angle."""
    return _goal(stage, _z, wire, target)


def goal_largest_z(stage: Stage, *, wire: int = 0) -> Goal:
    """⟨Z⟩ of a wire is to be as large as one movable angle can make it."""
    return _goal(stage, _z, wire, None)


def goal_shot_error(stage: Stage, *, target: float, shots: int, wire: int = 0) -> Goal:
    """The standard error of ⟨Z⟩ by so many shots is to reach a target by moving the figure's first movable angle."""
    return _goal(stage, _error_by(shots), wire, target, near=NEAR_ERROR)


def goal_entropy(stage: Stage, *, target: float, wire: int = 0) -> Goal:
    """The entropy of a wire is to reach a target in bits by moving the figure's first movable angle."""
    return _goal(stage, _entropy, wire, target)


def _goal(stage: Stage, value: Value, wire: int, target: float | None, *, near: float = NEAR) -> Goal:
    figure = stage.figure
    assert isinstance(figure, CircuitFigure)
    name, gate, view = figure.move[0], _gate(stage), stage.circuit()
    still = with_named(view, {name: 0.0})  # whatever it is now: all its values are tried
    with _turn:
        tried = _around(
            value, still.circuit, still.inputs.tobytes(), still.weights.tobytes(), name, wire, gate
        )
    wanted = float(tried.max()) if target is None else target
    best = float(_TURN[np.argmin(np.abs(tried - wanted))])
    return Goal(value(view, wire, gate), wanted, near, {name: best})


@lru_cache(maxsize=8)
def _error_by(shots: int) -> Value:
    """The standard error by so many shots, as a value: the same object each time, as `_around` remembers it."""
    return lambda view, wire, gate: _shot_error(_z(view, wire, gate), shots)


def _shot_error(z: float, shots: int) -> float:
    return float(np.sqrt(max(0.0, 1 - z**2) / shots))


@lru_cache(maxsize=64)
def _around(
    value: Value, circuit: Circuit, inputs: bytes, weights: bytes, name: str, wire: int, gate: int
) -> NDArray[np.float64]:
    """The value for each angle of a turn. A class of thirty moves the same angle: it is computed once for all."""
    view = CircuitView(circuit, np.frombuffer(inputs), np.frombuffer(weights))
    return np.array([value(with_named(view, {name: float(angle)}), wire, gate) for angle in _TURN])


def _gate(stage: Stage) -> int:
    return stage.figure.gate if isinstance(stage.figure, CircuitFigure) else -1


def _z(view: CircuitView, wire: int, gate: int = -1) -> float:
    return float(circuits.states_gate_by_gate(view).bloch[gate, wire, 2])


def _entropy(view: CircuitView, wire: int, gate: int = -1) -> float:
    return float(circuits.states_gate_by_gate(view).entropies[gate, wire])
