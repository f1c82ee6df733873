"""Evaluate circuits with one of the engines."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qlatent import tensors
from qlatent.circuits.circuit import Circuit
from qlatent.circuits.engines import statevector
from qlatent.errors import CircuitError
from qlatent.registry import did_you_mean

Engine = Callable[[Circuit, Tensor, Tensor], Tensor]


def _compiled(circuit: Circuit, inputs: Tensor, weights: Tensor) -> Tensor:
    from qlatent.circuits.engines import compiled  # numba takes half a second to import

    return compiled.expectations(circuit, inputs, weights)


ENGINES: dict[str, Engine] = {"torch": statevector.expectations, "compiled": _compiled}
"""Engines by name: (circuit, checked inputs, checked weights) → expectations."""


@dataclass(frozen=True)
class Choice:
    """The engine chosen by `auto`, with the reason as a sentence."""

    engine: str
    reason: str


def choose(*, device: str = "cpu") -> Choice:
    """The fastest engine for inputs on `device` (`cpu`, `cuda`…)."""
    if torch.device(device).type == "cpu":
        return Choice("compiled", "On the CPU compiled kernels with adjoint gradients are the fastest.")
    return Choice("torch", f"The angles are on {device}, and the compiled engine runs on the CPU.")


def expectations(circuit: Circuit, inputs: Any, weights: Any, *, engine: str = "auto") -> Tensor:
    """Expectation of each observable for each sample, differentiable in inputs and weights to any order.

    inputs (batch, inputs) and weights (weights,) are in radians, tensors or arrays, float32 or float64 (integers
    become the default float). The result (batch, observables) has their dtype and device. Further leading axes are
    kept: (batch, sequence, inputs) → (batch, sequence, observables). 16-bit inputs are computed in float32, also under
    autocast; the result is 16-bit if both inputs and weights are. Raises `CircuitError` for wrong shapes, mixed dtypes
    or devices, non-finite numbers (not checked inside torch.func), and unknown engines.
    """
    inputs, weights, dtype = _angles(circuit, inputs, weights)
    rows = inputs.flatten(0, -2)
    with tensors.full_precision(inputs):
        result = _engine(engine, circuit, inputs)(circuit, rows, weights)
    # NaN and infinity propagate, so checking the small result is enough
    if not tensors.transformed() and not math.isfinite(result.detach().sum().item()):
        _refuse_not_finite(inputs=inputs, weights=weights)
        _refuse_zeros(circuit, rows)
    return _as_given(result, inputs, dtype)


def estimates(
    circuit: Circuit, inputs: Any, weights: Any, *, shots: int, generator: np.random.Generator
) -> Tensor:
    """`expectations` estimated from `shots` sampled outcomes each, including the gradients (`shots.py`).

    Outcomes are drawn from `generator`, which advances. Raises `CircuitError` for amplitude encoding and for inputs
    that are not on the CPU.
    """
    from qlatent.circuits.engines import shots as sampling  # numba, as above

    inputs, weights, dtype = _angles(circuit, inputs, weights)
    _refuse_not_finite(inputs=inputs, weights=weights)
    if circuit.encoding == "amplitudes":
        raise CircuitError(
            "Shots have no shift rule for amplitudes.",
            remedy="Use exact expectations, or a circuit with angle encoding.",
        )
    if (choice := choose(device=str(inputs.device))).engine != "compiled":
        raise CircuitError(
            f"No shots can be drawn. {choice.reason}", remedy="Use exact expectations, or angles on the CPU."
        )
    found = sampling.expectations(circuit, inputs.flatten(0, -2), weights, shots=shots, generator=generator)
    return _as_given(found, inputs, dtype)


def _engine(name: str, circuit: Circuit, inputs: Tensor) -> Engine:
    choice = choose(device=str(inputs.device))
    if name == "auto":
        return ENGINES[choice.engine]
    if name == "compiled" and choice.engine != "compiled":
        raise CircuitError(choice.reason, remedy="Use engine='torch', or 'auto'.")
    if name not in ENGINES:
        raise CircuitError(
            f"There is no engine called {name!r}.", remedy=did_you_mean(name, ["auto", *ENGINES])
        )
    return ENGINES[name]


def _angles(circuit: Circuit, inputs: Any, weights: Any) -> tuple[Tensor, Tensor, torch.dtype]:
    """Checked inputs and weights in the dtype to compute in, and the dtype of the result."""
    inputs, weights = _real(inputs, "inputs"), _real(weights, "weights")
    _check_shapes(circuit, inputs, weights)
    dtype = torch.promote_types(inputs.dtype, weights.dtype)
    full = torch.float32 if dtype in tensors.HALVES else dtype
    inputs, weights = (each.to(full) if each.dtype in tensors.HALVES else each for each in (inputs, weights))
    _check_alike(inputs, weights)
    return inputs, weights, dtype


def _as_given(result: Tensor, inputs: Tensor, dtype: torch.dtype) -> Tensor:
    """The result (rows, observables) reshaped to the leading axes of the inputs and cast to `dtype`."""
    result = result.to(dtype)
    return result if inputs.ndim == 2 else result.unflatten(0, inputs.shape[:-1])


def _real(values: Any, name: str) -> Tensor:
    tensor = values if isinstance(values, Tensor) else torch.as_tensor(values)
    if tensor.is_complex():
        raise CircuitError(f"The {name} are complex, expected real angles.", remedy="Pass radians.")
    if not tensor.is_floating_point():
        return tensor.to(torch.get_default_dtype())
    if tensor.dtype not in (torch.float32, torch.float64, *tensors.HALVES):
        raise CircuitError(f"The {name} have dtype {tensor.dtype}.", remedy="Use float32 or float64.")
    return tensor


def _check_shapes(circuit: Circuit, inputs: Tensor, weights: Tensor) -> None:
    if inputs.ndim < 2 or inputs.shape[-1] != circuit.inputs:
        raise CircuitError(
            f"The inputs have shape {tuple(inputs.shape)}, expected (batch, {circuit.inputs}).",
            remedy="Pass one row per sample and one column per input; further leading axes are allowed.",
        )
    if weights.shape != (circuit.weights,):
        raise CircuitError(
            f"The weights have shape {tuple(weights.shape)}, expected ({circuit.weights},).",
            remedy="Pass flat weights in order of use.",
        )


def _check_alike(inputs: Tensor, weights: Tensor) -> None:
    if inputs.dtype != weights.dtype or inputs.device != weights.device:
        raise CircuitError(
            f"The inputs are {inputs.dtype} on {inputs.device}, "
            f"the weights {weights.dtype} on {weights.device}.",
            remedy="Convert both to one dtype and device.",
        )


def _refuse_zeros(circuit: Circuit, inputs: Tensor) -> None:
    if circuit.encoding == "amplitudes" and (empty := (inputs == 0).all(dim=1)).any():
        row = int(empty.nonzero()[0])
        raise CircuitError(
            f"Sample {row} is a vector of zeros, which is no state.",
            remedy="Drop it, or add noise to it.",
        )


def _refuse_not_finite(**tensors: Tensor) -> None:
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CircuitError(
                f"The {name} hold numbers that are not finite.", remedy="Remove NaN and infinity."
            )
