"""Keep the results of a job: ⟨Z⟩ and latents of its items, beside the exact ones."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd

from qlatent.services.hardware import outcomes, prepared
from qlatent.services.hardware.outcomes import Items
from qlatent.services.hardware.prepared import Array, Prepared
from qlatent.store.runs.job_files import JobFiles
from qlatent.types import Arrays

TABLE = "latents.parquet"


def keep(
    files: JobFiles, modality: str, made: Prepared, parts: list[tuple[Items, Arrays]], facts: dict[str, Any]
) -> int:
    """Write the results of all items, with the latents of the head and what is exact; returns how many have results."""
    arrays = outcomes.merged(len(made.ids), parts)
    exact = exact_expectations(made)
    arrays |= {
        "exact": exact,
        "latents": prepared.latents(files, modality, arrays["expectations"]),
        "latent_errors": prepared.latent_errors(files, modality, arrays["errors"]),
        "exact_latents": prepared.latents(files, modality, exact),
    }
    frame = table(made.ids, arrays)
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    files.write_table(TABLE, buffer.getvalue())
    count = int(outcomes.measured(arrays).sum())
    files.write(outcomes.NAME, {**facts, "items": count, "left_out": len(made.ids) - count}, arrays)
    return count


def exact_expectations(made: Prepared) -> Array:
    """The exact ⟨Z⟩ (n, observables) of all items, in float64."""
    from qlatent.circuits import simulate  # torch

    found: Array = simulate.expectations(made.circuit, made.angles, made.weights).numpy()
    return found


def table(ids: tuple[str, ...], arrays: Arrays) -> pd.DataFrame:
    """One row an item that has results: `id`, `qubit_<i>` and `qubit_<i>_error`, which are ⟨Z⟩ and its standard error.

    A head whose latents are not ⟨Z⟩ itself adds `latent_<i>` and `latent_<i>_error`.
    """
    whole = outcomes.measured(arrays)
    columns: dict[str, Any] = {"id": np.array(ids, dtype=object)[whole]}
    columns |= _pairs("qubit", arrays["expectations"][whole], arrays["errors"][whole])
    if not _same(arrays["latents"], arrays["expectations"]):
        columns |= _pairs("latent", arrays["latents"][whole], arrays["latent_errors"][whole])
    return pd.DataFrame(columns)


def _pairs(name: str, values: Array, errors: Array) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for place in range(values.shape[1]):
        found |= {f"{name}_{place}": values[:, place], f"{name}_{place}_error": errors[:, place]}
    return found


def _same(one: Array, other: Array) -> bool:
    """Whether the latents are the expectations; they pass through float32."""
    return one.shape == other.shape and bool(np.allclose(one, other, atol=1e-6, equal_nan=True))
