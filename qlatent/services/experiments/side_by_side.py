"""Compare latent spaces of the same items: maps, neighbourhood change, agreement, Shepard diagrams. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths, spacing
from qlatent.errors import InputError
from qlatent.layout.lasso import inside
from qlatent.layout.plane import plane, rotation
from qlatent.layout.quantised import Quantised, quantise
from qlatent.metrics import within
from qlatent.metrics.comparison import Comparison, InputSide
from qlatent.metrics.geometry.coranking import CoRanking, co_ranking_within
from qlatent.metrics.geometry.neighbourhoods import neighbourhood_change
from qlatent.metrics.geometry.stress import Shepard, shepard
from qlatent.metrics.panel import measure
from qlatent.metrics.value import MetricValue
from qlatent.registry import METRICS, resolve
from qlatent.services.runs.specs import training_spec
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

ITEMS = 500  # drawn in each map, evenly spaced in the probe set
MOST = 4
K = 10
FEWEST = 3  # items; with two, each has only one possible neighbour
AREA = "co_ranking_auc"
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Space:
    """One latent space, drawn in its principal plane and aligned with the first space.

    All arrays are by point: the items of the first modality, then those of the next.
    """

    run_id: str
    title: str
    dimensions: int
    places: Floats  # (points, 2)
    norms: Floats  # (points,), of the latents
    explained: float  # share of the variance in the plane
    change: Floats  # (points,): share of the 10 nearest of its modality that changed from the input space
    trust: Floats  # (points,): low where neighbours on the map are false neighbours
    shepard: Shepard
    agreement: (
        CoRanking  # neighbours within a modality shared with the input space, at every neighbourhood size
    )
    area: MetricValue  # area under that curve, all scales weighted equally; the registry's metric on these items


@dataclass(frozen=True)
class SideBySide:
    """The same items in several spaces."""

    rows: NDArray[np.int64]  # (items,): dataset rows
    modalities: tuple[str, ...]
    ids: list[str]
    labels: list[str]
    heldout: NDArray[np.bool_]
    total: int  # number of items in the probe set
    spaces: list[Space]

    @property
    def point_rows(self) -> NDArray[np.int64]:
        """The dataset row of each point."""
        return np.tile(self.rows, len(self.modalities))

    @property
    def kinds(self) -> list[str]:
        """The modality of each point."""
        return [name for name in self.modalities for _ in self.rows]


def side_by_side(workspace: Workspace, runs: Sequence[tuple[str, str]]) -> SideBySide:
    """The last frames of one to four runs, given as (id, title), on the same items.

    Runs on other vectors or with another probe set raise `InputError`, since their points differ.
    """
    if not 1 <= len(runs) <= MOST:
        raise InputError(f"Got {len(runs)} spaces; expected between 1 and {MOST}.")
    folders = [workspace.run(run_id) for run_id, _ in runs]
    specs = {folder.id: training_spec(folder) for folder in folders}
    spec = specs[folders[0].id]
    for folder, (_, title) in zip(folders, runs, strict=True):
        for key, what in (("dataset", "another dataset"), ("encoder", "vectors of another encoder")):
            if getattr(specs[folder.id], key) != getattr(spec, key):
                raise InputError(
                    f"{title} was trained on {what} ({getattr(specs[folder.id], key)}, not {getattr(spec, key)}).",
                    remedy="Compare heads trained on the same vectors.",
                )
    probes = [folder.probe() for folder in folders]
    for probe, (_, title) in zip(probes, runs, strict=True):
        if not np.array_equal(probe["rows"], probes[0]["rows"]):
            raise InputError(
                f"{title} has recorded other items than {runs[0][1]}.",
                remedy="Compare runs of one experiment, or with one split seed and probe size.",
            )
    total = len(probes[0]["rows"])
    taken = spacing.evenly(total, ITEMS)
    latents = [folder.snapshot(folder.snapshot_steps()[-1]) for folder in folders]
    modalities = tuple(latents[0])
    if len(taken) < FEWEST:
        raise InputError(
            f"{runs[0][1]} has recorded too few items: {len(taken)}; neighbourhoods need {FEWEST}.",
            remedy="Train with more probe items.",
        )
    inputs = {name: probes[0][f"input_{name}"][taken] for name in modalities}
    before = InputSide(inputs, sample=10**9, k=K)
    rows = probes[0]["rows"][taken]
    spaces: list[Space] = []
    for (run_id, title), each in zip(runs, latents, strict=True):
        if tuple(each) != modalities:
            raise InputError(f"{title} has {' and '.join(each)}, not {' and '.join(modalities)}.")
        chosen = {name: array[taken] for name, array in each.items()}
        spaces.append(_space(run_id, title, inputs, chosen, before, spaces[0].places if spaces else None))
    items = workspace.items.table(spec.dataset, columns=["id", "label"], version=spec.dataset_version).take(
        rows
    )
    return SideBySide(
        rows=rows,
        modalities=modalities,
        ids=items.column("id").to_pylist(),
        labels=[each or "" for each in items.column("label").to_pylist()],
        heldout=probes[0]["heldout"][taken],
        total=total,
        spaces=spaces,
    )


def positions(found: SideBySide, modality: str = "") -> list[Quantised]:
    """The places of each space in 16 bits, of one modality or of all, as maps that one camera looks at draw them.

    A space is drawn in units of its own root mean square radius and in the same square around its centre as the others,
    so that equal values are equal places whatever the lengths in a space are.
    """
    kept = np.array([modality in ("", kind) for kind in found.kinds])
    radii = [float(np.sqrt((space.places[kept] ** 2).sum(axis=1).mean())) or 1.0 for space in found.spaces]
    scaled = [space.places[kept] / radius for space, radius in zip(found.spaces, radii, strict=True)]
    reach = max(float(np.abs(each).max()) for each in scaled) or 1.0
    corners = np.array([[-reach, -reach], [reach, reach]])
    drawn = [
        quantise(np.concatenate([each, corners]) * radius) for each, radius in zip(scaled, radii, strict=True)
    ]
    return [Quantised(each.values[:, :-2], each.low, each.step) for each in drawn]


def inside_lasso(
    found: SideBySide, polygon: NDArray[np.int16], *, space: int, modality: str = ""
) -> NDArray[np.int64]:
    """The dataset rows, sorted, of the points inside a lasso (v, 2) drawn on the `positions` of a space, from 0."""
    drawn = positions(found, modality)[space]
    kept = np.array([modality in ("", kind) for kind in found.kinds])
    return np.unique(found.point_rows[kept][inside(drawn.values[0], polygon) & drawn.placed(0)])


def _space(
    run_id: str, title: str, inputs: Arrays, latents: Arrays, before: InputSide, target: Floats | None
) -> Space:
    stacked = np.concatenate([latents[name] for name in inputs]).astype(np.float64)
    flat = plane([stacked], "last")
    places = flat.project(stacked)
    if target is not None:  # rotated and mirrored so that maps look alike; never scaled
        places = places @ rotation(places, target)
    whole = Comparison(inputs, latents, reference=before)
    size = len(before.rows)
    drawn = {name: places[i * size : (i + 1) * size] for i, name in enumerate(inputs)}
    flattened = Comparison(inputs, drawn, reference=before)
    apart = [
        (whole.alone(name), flattened.alone(name)) for name in inputs
    ]  # the gap would decide most neighbours
    return Space(
        run_id=run_id,
        title=title,
        dimensions=stacked.shape[1],
        places=places,
        norms=lengths.lengths(stacked),
        explained=float(flat.explained[-1]),
        change=np.concatenate([neighbourhood_change(each).change for each, _ in apart]),
        trust=np.concatenate([neighbourhood_change(each).trust for _, each in apart]),
        shepard=shepard(whole, 1000),
        agreement=co_ranking_within(whole),
        area=_area(whole),
    )


def _area(whole: Comparison) -> MetricValue:
    """The area under the curve of agreement: within each modality where there are several."""
    alone = {AREA: resolve(METRICS[AREA].target)}
    table = alone | within.metrics(whole.modalities, alone, names=[AREA])
    name = area_of(whole.modalities)
    return measure(whole, table, names=[name])[name]


def area_of(modalities: Sequence[str]) -> str:
    """The metric that `Space.area` is, for spaces of these modalities."""
    return f"{AREA}_within" if len(modalities) > 1 else AREA


@dataclass(frozen=True)
class Around:
    """The nearest neighbours of one item in one space; `kept` marks neighbours in the input space too."""

    title: str
    rows: list[int]
    distances: list[float]
    kept: list[bool]


def neighbours(
    workspace: Workspace, found: SideBySide, row: int, modality: str, *, k: int = K
) -> list[Around]:
    """The k nearest neighbours of an item within its modality, in the input space and in each space."""
    places = np.flatnonzero(found.rows == row)
    if not len(places) or modality not in found.modalities:
        raise InputError(f"Row {row} is not on the map.", remedy="Choose a point of the map.")
    first = workspace.run(found.spaces[0].run_id).probe()
    at = np.flatnonzero(np.isin(first["rows"], found.rows))
    spaces = [("Input space", first[f"input_{modality}"][at])]
    for space in found.spaces:
        folder = workspace.run(space.run_id)
        spaces.append((space.title, folder.snapshot(folder.snapshot_steps()[-1])[modality][at]))
    reference: set[int] = set()
    result = []
    for title, vectors in spaces:
        distances = lengths.lengths(vectors.astype(np.float64) - vectors[places[0]])
        distances[places[0]] = np.inf
        near = np.argsort(distances, kind="stable")[: min(k, len(distances) - 1)]
        reference = reference or set(near.tolist())
        result.append(
            Around(
                title,
                found.rows[near].tolist(),
                distances[near].tolist(),
                [int(each) in reference for each in near],
            )
        )
    return result
