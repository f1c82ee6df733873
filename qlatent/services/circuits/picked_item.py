"""Encode an item of a head's run: its input angles in the circuit and its point on the last map. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qlatent import spacing
from qlatent.circuits.analysis import state_derivatives
from qlatent.errors import InputError, StoreError
from qlatent.services.circuits.circuits import CircuitView
from qlatent.services.datasets import browsing
from qlatent.services.runs import specs
from qlatent.services.runs.frames import Evolution
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace

if TYPE_CHECKING:
    from qlatent.heads.base import AbstractHead

Array = NDArray[np.float64]
OFFERED = 300


@dataclass(frozen=True, eq=False)
class OnMap:
    """Positions (2,) of an item on the run's last map, with the trained angles and with the view's angles."""

    trained: Array
    now: Array


def offered(workspace: Workspace, view: CircuitView, *, also: int | None = None) -> dict[int, str]:
    """Rows of the run's probe set, 300 evenly spaced ones and `also`, with their texts.

    Empty if the run is gone, or has no stored vectors because its backbone was trained with the head.
    """
    folder = _folder(workspace, view)
    spec = specs.of(folder) if folder else None
    if folder is None or not isinstance(spec, specs.VectorTraining):
        return {}
    rows = folder.probe()["rows"]
    spaced = rows[spacing.evenly(len(rows), OFFERED)]
    rows = np.union1d(spaced, rows[rows == also])
    texts = browsing.texts(workspace, spec.dataset, rows.tolist(), at=spec.dataset_version)
    return {int(row): text for row, text in zip(rows, texts, strict=True)}


def with_item(workspace: Workspace, view: CircuitView, row: int) -> CircuitView:
    """The view with the input angles that the head's linear layers compute for the item in this dataset row."""
    folder = _folder(workspace, view)
    if folder is None or view.head is None:
        raise InputError("The run of this head is not here.", remedy="Use random angles.")
    probe = folder.probe()
    places = np.flatnonzero(probe["rows"] == row)
    if not len(places) or f"input_{view.modality}" not in probe:
        raise InputError(f"Row {row} is not in the probe set.", remedy="Choose another item.")
    from qlatent.heads import arrays  # torch comes with the first head

    values = {view.modality: probe[f"input_{view.modality}"][places[:1]]}
    fed = arrays.circuit_inputs(_model(workspace, view), values)
    assert fed is not None  # the view is of its circuit
    return replace(view, inputs=fed[view.modality][0].astype(float))


def on_map(workspace: Workspace, view: CircuitView, trained: CircuitView, drawn: Evolution) -> OnMap:
    """The positions of the item on the last frame of `drawn`, in the view's modality.

    The map is an affine function of the latents, fitted to the frame by least squares.
    """
    assert view.head is not None
    folder, model = _folder(workspace, view), _model(workspace, view)
    assert folder is not None  # its frames have been drawn
    latents = folder.snapshot(int(drawn.steps[-1]))
    known = latents[view.modality].astype(float)
    places = drawn.places[view.modality][-1].astype(float)
    finite = np.isfinite(known).all(axis=1)
    known, places = known[finite], places[finite]
    affine, *_ = np.linalg.lstsq(np.column_stack([known, np.ones(len(known))]), places, rcond=None)
    return OnMap(*(np.append(_latent(each, model), 1.0) @ affine for each in (trained, view)))


def _folder(workspace: Workspace, view: CircuitView) -> RunFolder | None:
    try:
        folder = workspace.run(view.head.run_id) if view.head and view.head.run_id else None
        return folder if folder is not None and folder.snapshot_steps() else None
    except StoreError:
        return None


def _model(workspace: Workspace, view: CircuitView) -> AbstractHead:
    assert view.head is not None
    return _loaded(workspace.heads_path, view.head.id)


@lru_cache(maxsize=4)
def _loaded(folder: Path, head_id: str) -> AbstractHead:
    """The head of an id, whose files never change; kept, since every changed angle asks for it again."""
    from qlatent.heads import saving

    return saving.load(folder / head_id)


def _latent(view: CircuitView, model: AbstractHead) -> Array:
    """The latent (k,) that the head makes of its circuit at the view's angles."""
    from qlatent.heads import arrays

    state = state_derivatives.states(view.circuit, view.inputs[None], view.weights[None])
    z = state_derivatives.expectations(view.circuit, state)
    return arrays.circuit_latents(model, {view.modality: z})[view.modality][0].astype(float)
