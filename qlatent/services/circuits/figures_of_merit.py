"""Expressibility, entangling capability and other figures of merit of circuits, and noise and shots. Torch-free."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qlatent.circuits.analysis import figures_of_merit, state_derivatives
from qlatent.circuits.analysis.figures_of_merit import Expressibility, GradientVariance, Mean, Spectrum
from qlatent.circuits.bridges import noisy
from qlatent.circuits.circuit import Circuit
from qlatent.circuits.noise import NoiseConfig
from qlatent.hardware import qiskit_process
from qlatent.hardware.qiskit_process import OnDevice
from qlatent.services.circuits.circuits import MAX_QUBITS, CircuitView

__all__ = [
    "Drawn",
    "NoiseConfig",
    "OnDevice",
    "Repeated",
    "devices",
    "effective_dimension",
    "entangling_capability",
    "expressibility",
    "independent_weights",
    "on_device",
    "plateaus",
    "published_expressibility",
    "quick_independent_weights",
    "repeated",
    "spectrum",
]  # fmt: skip

Array = NDArray[np.float64]
Drawn = Literal["all", "inputs", "weights"]
MAX_NOISY_QUBITS = noisy.QUBIT_LIMIT
LAYERS = (1, 2, 4, 6, 10)
REPETITIONS = 400
_EFFORT = 4e8  # multiplications, a few seconds
_MOMENT = 5e7
_DRAWS, _FEWEST_DRAWS, _SAMPLES = 50, 4, 10


@dataclass(frozen=True, eq=False)
class Repeated:
    """⟨O⟩ of one sample: exact (observables,), and repeatedly estimated (repetitions, observables)."""

    exact: Array
    sampled: Array
    noisy: Array | None  # (observables,), without shot noise
    noisy_sampled: Array | None


def expressibility(view: CircuitView, *, drawn: Drawn) -> Expressibility:
    """Expressibility over random inputs and weights, inputs with the view's weights, or weights with zero inputs."""
    return _expressibility(view.circuit, view.weights.tobytes() if drawn == "inputs" else None, drawn)


def published_expressibility(view: CircuitView) -> float | None:
    """Published expressibility (nats, equal bins, random weights); None if the paper lacks this circuit."""
    return figures_of_merit.PUBLISHED.get(view.circuit.name)


def entangling_capability(view: CircuitView, *, drawn: Drawn) -> Mean:
    """Entangling capability, with the same choices of `drawn` as `expressibility`."""
    return _entangling(view.circuit, view.weights.tobytes() if drawn == "inputs" else None, drawn)


@lru_cache(maxsize=64)
def independent_weights(circuit: Circuit) -> int:
    """Number of directions in weight space that change the state, at random angles."""
    return figures_of_merit.independent_weights(circuit)


def quick_independent_weights(circuit: Circuit) -> int | None:
    """`independent_weights` if it is fast to compute, else None."""
    effort = len(circuit.elementary) * (1 + circuit.weights) * 2**circuit.qubits * 24
    return independent_weights(circuit) if effort < _MOMENT else None


@lru_cache(maxsize=64)
def effective_dimension(circuit: Circuit) -> tuple[float, int] | None:
    """The effective dimension per weight and the number of weight samples; None where it would take minutes."""
    each = len(circuit.elementary) * (1 + circuit.weights) * 2**circuit.qubits * _SAMPLES
    draws = min(_DRAWS, int(_EFFORT / each))
    if draws < _FEWEST_DRAWS or not circuit.weights:
        return None
    return figures_of_merit.effective_dimension(circuit, draws=draws, samples=_SAMPLES), draws


@lru_cache(maxsize=64)
def spectrum(circuit: Circuit, column: int) -> Spectrum:
    """The Fourier spectrum of the expectations in one input."""
    return figures_of_merit.fourier_spectrum(circuit, column=column)


_turn = threading.Lock()  # a class that opens one step together computes it once, not thirty times


def plateaus(view: CircuitView, *, layers: int) -> dict[str, GradientVariance]:
    """Gradient variance of this kind of circuit by number of qubits and of layers."""
    if view.sized is None:
        return {}
    wide = tuple(view.sized(qubits, layers) for qubits in range(2, MAX_QUBITS + 1))
    deep = tuple(view.sized(view.circuit.qubits, depth) for depth in LAYERS)
    sizes = {"qubits": (tuple(range(2, MAX_QUBITS + 1)), wide), "layers": (LAYERS, deep)}
    with _turn:
        return {name: _variance(*each) for name, each in sizes.items()}


@lru_cache(maxsize=1)
def devices() -> tuple[str, ...]:
    """Names of IBM devices with a noise snapshot; raises `UnavailableError` without qiskit-ibm-runtime."""
    return tuple(qiskit_process.devices())


def on_device(view: CircuitView, name: str) -> OnDevice:
    """What the device of this snapshot would measure for the view's sample, on its best line of qubits.

    Raises `InputError` for a device that is too small or was out of order.
    """
    return _on_device(view.circuit, view.inputs.tobytes(), view.weights.tobytes(), name)


def repeated(
    view: CircuitView, *, shots: int, noise: NoiseConfig | OnDevice | None, seed: int = 0
) -> Repeated:
    """The view's sample estimated `REPETITIONS` times with `shots` shots, and its noisy expectations."""
    circuit, inputs = view.circuit, view.inputs[None]
    rng = np.random.default_rng(seed)
    exact = state_derivatives.expectations(
        circuit, state_derivatives.states(circuit, inputs, view.weights[None])
    )[0]
    damped = None if noise is None else _damped(view, noise)
    return Repeated(
        exact,
        _estimates(exact, shots, rng),
        damped,
        None if damped is None else _estimates(damped, shots, rng),
    )


def _damped(view: CircuitView, noise: NoiseConfig | OnDevice) -> Array:
    if isinstance(noise, OnDevice):
        return np.array(noise.values)
    return noisy.expectations(view.circuit, view.inputs[None], view.weights, noise=noise)[0]


@lru_cache(maxsize=64)
def _on_device(circuit: Circuit, inputs: bytes, weights: bytes, name: str) -> OnDevice:
    angles = (np.frombuffer(inputs), np.frombuffer(weights))
    return qiskit_process.on_device(circuit, *angles, device=name)


def _estimates(expectations: Array, shots: int, rng: np.random.Generator) -> Array:
    """Averages of `shots` outcomes ±1, from each wire's binomial distribution."""
    chance = np.clip((1 + expectations) / 2, 0, 1)
    drawn: Array = 2 * rng.binomial(shots, chance, (REPETITIONS, len(chance))) / shots - 1
    return drawn


@lru_cache(maxsize=64)
def _variance(sizes: tuple[int, ...], circuits: tuple[Circuit, ...]) -> GradientVariance:
    built = dict(zip(sizes, circuits, strict=True))
    return figures_of_merit.gradient_variance(built.__getitem__, sizes)


@lru_cache(maxsize=64)
def _expressibility(circuit: Circuit, weights: bytes | None, drawn: Drawn) -> Expressibility:
    kept, inputs = _fixed(circuit, weights, drawn)
    return figures_of_merit.expressibility(circuit, weights=kept, inputs=inputs)


@lru_cache(maxsize=64)
def _entangling(circuit: Circuit, weights: bytes | None, drawn: Drawn) -> Mean:
    kept, inputs = _fixed(circuit, weights, drawn)
    return figures_of_merit.entangling_capability(circuit, weights=kept, inputs=inputs)


def _fixed(circuit: Circuit, weights: bytes | None, drawn: Drawn) -> tuple[Array | None, Array | None]:
    """The fixed weights and inputs; None for those that are drawn."""
    at_rest = figures_of_merit.resting_inputs(circuit) if drawn == "weights" else None
    return None if weights is None else np.frombuffer(weights), at_rest
