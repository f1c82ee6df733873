"""Figures of merit of circuits, estimated from random angles: expressibility, entanglement, gradients. Torch-free.

Angles are uniform in (−π, π) and amplitudes uniform on the unit sphere, drawn from a seed; given `weights` (weights,)
or `inputs` (inputs,) replace the random ones. Published values are for circuits without an input layer;
`resting_inputs` makes input rotations the identity. Every result includes its number of samples and its resolution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.circuits.analysis.state_derivatives import (
    Angles,
    expectations,
    gradients,
    purities,
    states,
    states_and_derivatives,
)
from qlatent.circuits.circuit import Circuit
from qlatent.circuits.specs import weights_used
from qlatent.errors import CircuitError

Floats = NDArray[np.float64]
BINS = 75
NORMAL = 1.96  # standard errors in half of a 95 % interval
PUBLISHED = {
    "sim-13-4x1": 0.0516, "sim-14-4x1": 0.0144, "sim-15-4x1": 0.1892, "sim-19-4x1": 0.0809,
    "sim-13-4x3": 0.0049, "sim-14-4x3": 0.0035, "sim-15-4x3": 0.1152, "sim-19-4x3": 0.0040,
}  # fmt: skip
"""Expressibility by the names of circuits, in nats: Sim et al. 2019, 5,000 pairs in 75 bins of equal width, inputs at
rest. As listed for comparison in the tests of cirKITers/qml-essentials."""
_RANK_TOLERANCE = 1e-9  # relative to the largest eigenvalue; float64 resolves 1e-15
_FREQUENCY_STEP = 0.5  # controlled rotations have half frequencies
_MOST_SLOPES = 8  # maximum number of weights whose gradient is computed


@dataclass(frozen=True, eq=False)
class Expressibility:
    """KL divergence of the circuit's fidelities from those of Haar-random states, in nats, from 0 to ln(bins).

    `shares` (bins,) are the fractions of pairs in bins that are equally probable for random states. `floor` is the
    expected value for as many random states, (bins − 1) / (2·pairs); smaller values are indistinguishable from 0.
    `equal_width` is the divergence for as many bins of equal width, the measure of Sim et al.
    """

    divergence: float
    floor: float
    shares: Floats
    pairs: int
    equal_width: float


@dataclass(frozen=True)
class Mean:
    """A mean over n samples with its 95 % interval, and the value for Haar-random states."""

    value: float
    low: float
    high: float
    samples: int
    haar: float


@dataclass(frozen=True, eq=False)
class GradientVariance:
    """Mean variance of ∂⟨O₀⟩/∂w over random angles for each number of qubits, and its spread between weights."""

    sizes: tuple[int, ...]
    values: Floats
    low: Floats
    high: Floats
    samples: int


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Mean |c_ω|² of ⟨O⟩ as a function of one input, for ω ≥ 0, and its 90th percentile over random angles."""

    frequencies: Floats
    power: Floats
    high: Floats


def expressibility(
    circuit: Circuit,
    *,
    weights: Angles | None = None,
    inputs: Angles | None = None,
    pairs: int = 2000,
    seed: int = 0,
) -> Expressibility:
    """Expressibility KL(P(F) ‖ P_Haar(F)) of the fidelities F between states at random angles.

    Sim, Johnson, Aspuru-Guzik 2019 (arXiv 1905.10876). They use bins of equal width, of which random states of many
    qubits fill only the first. Here bins have equal probability under P_Haar = (N−1)(1−F)^(N−2), so values are
    comparable between numbers of qubits and equal theirs for one qubit; `equal_width` is their measure. To compare with
    their circuits, which have no inputs, pass `inputs=resting_inputs(circuit)`.
    """
    first, second = (_drawn(circuit, pairs, seed, part, weights, inputs) for part in (0, 1))
    overlap = np.einsum("bs,bs->b", states(circuit, *first).conj(), states(circuit, *second))
    fidelity = np.clip(np.abs(overlap) ** 2, 0, 1)
    below = -np.expm1((2**circuit.qubits - 1) * np.log1p(-np.minimum(fidelity, 1 - 1e-16)))  # Haar's CDF at F
    counts = np.bincount(np.minimum((below * BINS).astype(int), BINS - 1), minlength=BINS)
    shares = counts / pairs
    held = shares[shares > 0]
    divergence = float(max(0.0, (held * np.log(held * BINS)).sum()))
    floor = (BINS - 1) / (2 * pairs)
    return Expressibility(divergence, floor, shares, pairs, _equal_width(fidelity, 2**circuit.qubits))


def _equal_width(fidelity: Floats, size: int) -> float:
    """KL(P ‖ P_Haar) of fidelities (pairs,) in equal bins [a, b); Haar's share is (1−a)^(N−1) − (1−b)^(N−1)."""
    edges = np.linspace(0, 1, BINS + 1)
    shares = np.histogram(fidelity, edges)[0] / len(fidelity)
    haar = -np.diff((1 - edges) ** (size - 1))
    held = shares > 0
    with np.errstate(divide="ignore"):  # for many qubits Haar's share of a bin may underflow
        return float(max(0.0, (shares[held] * np.log(shares[held] / haar[held])).sum()))


def resting_inputs(circuit: Circuit) -> Angles:
    """Inputs (inputs,) at which input rotations are the identity: zeros, or |0…0⟩ for amplitude encoding."""
    inputs = np.zeros(circuit.inputs)
    if circuit.encoding == "amplitudes":
        inputs[0] = 1.0
    return inputs


def entangling_capability(
    circuit: Circuit,
    *,
    weights: Angles | None = None,
    inputs: Angles | None = None,
    samples: int = 2000,
    seed: int = 0,
) -> Mean:
    """Mean Meyer–Wallach measure Q = 2·(1 − mean of tr ρ_k²) over random angles: 0 for product states, at most 1.

    Meyer and Wallach 2002 (arXiv quant-ph/0108104), in the form of Brennen 2003; as entangling capability: Sim et al.
    2019. Haar-random states have (N − 2)/(N + 1).
    """
    drawn = _drawn(circuit, samples, seed, weights=weights, inputs=inputs)
    found = 2 * (1 - purities(states(circuit, *drawn)).mean(axis=1))
    size = 2**circuit.qubits
    half = NORMAL * float(found.std(ddof=1)) / np.sqrt(samples)
    mean = max(0.0, float(found.mean()))
    return Mean(mean, max(0.0, mean - half), min(1.0, mean + half), samples, (size - 2) / (size + 1))


def gradient_variance(
    build: Callable[[int], Circuit], sizes: Sequence[int], *, samples: int = 200, seed: int = 0
) -> GradientVariance:
    """Variance of the first observable's gradient over random angles, for circuits of increasing size.

    On a barren plateau it shrinks by a constant factor per qubit: McClean et al. 2018 (arXiv 1803.11173). Uses up to
    eight weights in the observable's light cone, spread over the circuit; without any the variance is 0.
    """
    rows = []
    for size in sizes:
        circuit = build(size)
        circuit = Circuit(
            circuit.qubits,
            circuit.operations,
            circuit.observables[:1],
            circuit.name,
            encoding=circuit.encoding,
        )
        used = sorted(weights_used(circuit))
        places = np.unique(np.linspace(0, len(used) - 1, _MOST_SLOPES).astype(int)) if used else ()
        which = [used[place] for place in places]
        slopes = gradients(circuit, states_and_derivatives(circuit, *_drawn(circuit, samples, seed), which))
        spread = slopes[..., 0].var(axis=0, ddof=1) if which else np.zeros(1)
        rows.append((spread.mean(), spread.min(), spread.max()))
    values, low, high = np.array(rows).T
    return GradientVariance(tuple(sizes), values, low, high, samples)


def independent_weights(circuit: Circuit, *, samples: int = 8, seed: int = 0) -> int:
    """Number of independent directions of the weights: the rank of the quantum Fisher information matrix.

    F = 4·Re(⟨∂ᵢψ|∂ⱼψ⟩ − ⟨∂ᵢψ|ψ⟩⟨ψ|∂ⱼψ⟩), averaged over random inputs at random weights; the largest rank of three
    draws. Haug, Bharti, Kim 2021 (arXiv 2102.01659). The other weights are redundant.
    """
    if not circuit.weights:
        return 0
    ranks = []
    for draw in range(3):
        inputs, weights = _drawn(circuit, samples, seed, draw)
        state, slopes = states_and_derivatives(circuit, inputs, np.broadcast_to(weights[0], weights.shape))
        along = np.einsum("bs,bks->bk", state.conj(), slopes)
        flat = slopes - along[..., None] * state[:, None]
        fisher = 4 * _products(flat) / samples
        values = np.linalg.eigvalsh(fisher)
        ranks.append(int((values > max(values[-1], 1e-12) * _RANK_TOLERANCE).sum()))
    return max(ranks)


def effective_dimension(
    circuit: Circuit, *, items: int = 1000, draws: int = 50, samples: int = 20, seed: int = 0
) -> float:
    """Effective dimension divided by the number of weights, for `items` data points: 0 to about 1.

    2·ln(mean over weights of √det(1 + κ·F̂)) / ln κ, κ = items / (2π·ln items), F̂ the Fisher matrix of the outcome
    probabilities (all wires measured), normalised so that its mean trace is the number of weights. Abbas et al. 2021
    (arXiv 2011.00027) with γ = 1. Uses `draws` random weights with `samples` random inputs each.
    """
    if not circuit.weights:
        raise CircuitError("The circuit has no weight.", remedy="Choose one with weights.")
    if items < 25:
        raise CircuitError(f"The figure says nothing for {items} items.", remedy="Use 25 or more.")
    found = np.stack([_fisher(circuit, samples, seed, draw) for draw in range(draws)])
    trace = float(np.trace(found, axis1=1, axis2=2).mean())
    if trace < 1e-12:
        return 0.0
    kappa = items / (2 * np.pi * np.log(items))
    _, halves = np.linalg.slogdet(np.eye(circuit.weights) + kappa * circuit.weights * found / trace)
    roots = 0.5 * halves
    return float(
        2 * (roots.max() + np.log(np.exp(roots - roots.max()).mean())) / np.log(kappa) / circuit.weights
    )


def _fisher(circuit: Circuit, samples: int, seed: int, draw: int) -> Floats:
    """The Fisher matrix (weights, weights) of the outcomes at one draw of weights, averaged over random inputs."""
    inputs, weights = _drawn(circuit, samples, seed, draw)
    state, slopes = states_and_derivatives(circuit, inputs, np.broadcast_to(weights[0], weights.shape))
    chances = np.abs(state) ** 2
    change = 2 * (state.conj()[:, None] * slopes).real
    scaled = change / np.sqrt(np.maximum(chances, 1e-12))[:, None]
    return _products(scaled) / samples


def _products(slopes: NDArray[np.complexfloating]) -> Floats:
    """Re Σ conj(slopes_k)·slopes_l over samples and rows: (batch, weights, rows) → (weights, weights)."""
    flat = slopes.transpose(1, 0, 2).reshape(slopes.shape[1], -1)
    result: Floats = (flat.conj() @ flat.T).real
    return result


def fourier_spectrum(circuit: Circuit, *, column: int = 0, draws: int = 50, seed: int = 0) -> Spectrum:
    """Fourier spectrum of the expectations in one input, averaged over random other angles.

    ⟨O⟩(x) = Σ c_ω·exp(iωx), with the frequencies that the input's gates allow: Schuld, Sweke, Meyer 2021
    (arXiv 2008.08605). Averages |c_ω|² over observables. Raises `CircuitError` for amplitude encoding.
    """
    if circuit.encoding == "amplitudes" or not 0 <= column < circuit.inputs:
        raise CircuitError(
            f"The circuit has no input angle {column}.", remedy="Choose one with input angles."
        )
    gates = [o.definition for o in circuit.elementary if _takes(o.parameters, column)]
    top = sum(2 * gate.frequency for gate in gates)  # frequencies of |U|², twice those of U
    points = 2 * round(top / _FREQUENCY_STEP) + 1
    inputs, weights = _drawn(circuit, draws, seed)
    inputs = np.repeat(inputs, points, axis=0)
    inputs[:, column] = np.tile(np.arange(points) * 2 * np.pi / (_FREQUENCY_STEP * points), draws)
    values = expectations(circuit, states(circuit, inputs, np.repeat(weights, points, axis=0)))
    parts = np.fft.rfft(values.reshape(draws, points, -1), axis=1) / points
    power = (np.abs(parts) ** 2).mean(axis=2)
    return Spectrum(
        np.arange(power.shape[1]) * _FREQUENCY_STEP, power.mean(axis=0), np.percentile(power, 90, axis=0)
    )


def _takes(parameters: Sequence[object], column: int) -> bool:
    return any(getattr(p, "kind", "") == "input" and getattr(p, "index", -1) == column for p in parameters)


def _drawn(
    circuit: Circuit,
    count: int,
    seed: int,
    part: int = 0,
    weights: Angles | None = None,
    inputs: Angles | None = None,
) -> tuple[Angles, Angles]:
    """Inputs (count, inputs) and weights (count, weights), as given or drawn from the seed."""
    rng = np.random.default_rng([seed, part])
    if circuit.encoding == "amplitudes":
        drawn = rng.normal(size=(count, circuit.inputs))
    else:
        drawn = rng.uniform(-np.pi, np.pi, (count, circuit.inputs))
    if inputs is not None:
        drawn = np.broadcast_to(inputs, drawn.shape)
    if weights is None:
        return drawn, rng.uniform(-np.pi, np.pi, (count, circuit.weights))
    return drawn, np.broadcast_to(weights, (count, circuit.weights))
