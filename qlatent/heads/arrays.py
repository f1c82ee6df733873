"""Validate numpy arrays and encode them with a head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.heads.base import AbstractHead
from qlatent.registry import did_you_mean
from qlatent.types import Arrays

CHUNK = 4096  # rows per forward pass, to bound memory


def transform(head: AbstractHead, values: Any) -> Arrays:
    """Latents (n, k) float32 by modality for arrays (n, d) of any of the head's modalities.

    Inputs are normalised as in training (`head.normalise`). Raises `InputError` for rows that cannot be used.
    """
    arrays = checked(head, values)
    with torch.no_grad():
        return {name: _encode(head, name, array) for name, array in arrays.items()}


@torch.no_grad()
def circuit_inputs(head: AbstractHead, values: Any) -> Arrays | None:
    """The circuit's inputs (n, circuit inputs) by modality for arrays (n, d), or None without a circuit.

    Inputs are checked and normalised as in `transform`.
    """
    inputs = {name: as_inputs(head, array) for name, array in checked(head, values).items()}
    found = head.circuit_inputs(inputs)
    return None if found is None else {name: each.cpu().numpy() for name, each in found.items()}


@torch.no_grad()
def circuit_states(head: Any, values: Any) -> Arrays:
    """The end states (n, 2^W) of the circuit by modality for arrays (n, d), of a head that has `states`.

    Inputs are checked and normalised as in `transform`.
    """
    found: Arrays = head.states(
        {name: as_inputs(head, array) for name, array in checked(head, values).items()}
    )
    return found


@torch.no_grad()
def projections(head: AbstractHead, values: Any) -> Arrays:
    """What a contrastive loss gets (n, k), by modality, for arrays (n, d), checked and normalised as in `transform`."""
    inputs = {name: as_inputs(head, array) for name, array in checked(head, values).items()}
    return {name: each.cpu().numpy() for name, each in head.project(head.encode(inputs)).items()}


@torch.no_grad()
def circuit_latents(head: AbstractHead, expectations: Arrays) -> Arrays:
    """Latents (n, k) by modality from the circuit's outputs (n, observables)."""
    device = next(head.parameters()).device
    given = {name: torch.from_numpy(np.float32(each)).to(device) for name, each in expectations.items()}
    return {name: each.cpu().numpy() for name, each in head.circuit_latents(given).items()}


def checked(head: AbstractHead, values: Any) -> Arrays:
    """Float32 arrays (n, d) by modality.

    `values` is a dict by modality, or one array if the head has one modality. Raises `InputError` for unknown
    modalities, wrong widths, modalities of different lengths, NaN or infinite numbers, and, if inputs are normalised,
    zero vectors.
    """
    arrays = {name: _array(array, name) for name, array in by_modality(head, values).items()}
    for name, array in arrays.items():
        head.check_inputs({name: torch.empty(array.shape, device="meta")})
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{count} {name} vectors" for name, count in lengths.items())
        raise InputError(
            f"Got {said}: the modalities differ in length.",
            remedy="Pass arrays whose rows i belong to the same item.",
        )
    for name, array in arrays.items():
        _refuse_rows(name, "NaN or infinite numbers", np.logical_not(np.isfinite(array).all(axis=1)))
        if head.normalise == "l2":
            _refuse_rows(name, "only zeros, which have no direction", np.logical_not(array.any(axis=1)))
    return arrays


def by_modality(head: AbstractHead, values: Any) -> dict[str, Any]:
    """The values as a dict by modality; a plain value belongs to the head's only modality."""
    if not isinstance(values, Mapping):
        if len(head.modalities) > 1:
            names = ", ".join(f'"{name}": …' for name in head.modalities)
            raise InputError(
                "Got one array, expected one for each modality.", remedy=f"Pass a dict {{{names}}}."
            )
        return {head.modalities[0]: values}
    if not values:
        raise InputError(
            "No modality was given.", remedy=f"Pass a dict with {' and '.join(head.modalities)}."
        )
    for name in values:
        if name not in head.modalities:
            raise InputError(
                f"This head has no modality {name!r}.", remedy=did_you_mean(str(name), head.modalities)
            )
    return dict(values)


def as_inputs(head: AbstractHead, array: np.ndarray) -> torch.Tensor:
    """Checked rows (n, d) float32 as a tensor, normalised as in training."""
    if head.normalise == "l2":
        array = lengths.unit(array)
    return torch.from_numpy(np.ascontiguousarray(array)).to(next(head.parameters()).device)


def as_latents(head: AbstractHead, values: Any) -> torch.Tensor:
    """Latents (n, k) as a tensor; `InputError` for another shape."""
    array = _array(values, "latent")
    if array.ndim != 2 or array.shape[1] != head.latent_dim:
        raise InputError(
            f"The latents have shape {array.shape}, expected (n, {head.latent_dim}).",
            remedy="Pass latents as returned by transform.",
        )
    return torch.from_numpy(np.ascontiguousarray(array)).to(next(head.parameters()).device)


def _array(values: Any, name: str) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as err:
        raise InputError(
            f"The {name} vectors are not numbers: {err}.", remedy="Pass an array (n, d)."
        ) from err


def _refuse_rows(name: str, what: str, bad: np.ndarray) -> None:
    if bad.any():
        raise InputError(
            f"{bad.sum()} of {len(bad)} {name} vectors hold {what}; the first is row {bad.argmax()}.",
            remedy="Drop these rows from all modalities.",
        )


def _encode(head: AbstractHead, modality: str, array: np.ndarray) -> np.ndarray:
    if not len(array):
        return np.empty((0, head.latent_dim), dtype=np.float32)
    chunks = (as_inputs(head, array[start : start + CHUNK]) for start in range(0, len(array), CHUNK))
    return torch.cat([head.encode({modality: chunk})[modality] for chunk in chunks]).cpu().numpy()
