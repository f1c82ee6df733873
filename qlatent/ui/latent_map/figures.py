"""The figures beside a map: named for what they say, with the exact term in the help."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qlatent.services.runs.frames import Evolution
from qlatent.ui.latent_map.player import Metric

PLURALS = {"image": "images", "text": "texts", "vector": "vectors"}
PAIR = 2  # modalities
TOGETHER = ", images and texts together"


@dataclass(frozen=True)
class Figure:
    """How a column of `Evolution.honesty` is shown; `level` names the column to compare it with, called `levelled`."""

    column: str
    label: str
    help: str
    unit: str = ""
    digits: int = 2
    level: str = ""
    levelled: str = "chance"


MAP = (
    Figure(
        "explained_variance",
        "Shown by the axes",
        "How much of the spread of the latents the drawn axes show; the rest is hidden (explained variance).",
        unit="%",
        digits=0,
    ),
    Figure(
        "procrustes_residual",
        "Movement",
        "Movement since the previous frame that no rotation explains, relative to the size of the cloud (Procrustes "
        "residual).",
    ),
)
PAIRS = (
    Figure(
        "gap",
        "Gap images–texts",
        "Distance between the mean image and the mean text in the latents, in units of their mean spread (root mean "
        "square distance to the own mean). The modality gap of Liang et al. 2022; before: in the vectors.",
        level="gap_before",
        levelled="before",
    ),
    Figure(
        "pair_error",
        "Pair distance change",
        "Mean change of the distance between an image and its own text: |d_x − d_z| before and after compression.",
        digits=3,
    ),
    Figure(
        "recall_1_image",
        "Images find own text",
        "Share of images whose nearest text in the latents is their own (retrieval R@1), among a sample of pairs.",
        unit="%",
        digits=0,
        level="recall_chance",
    ),
    Figure(
        "recall_1_text",
        "Texts find own image",
        "Share of texts whose nearest image in the latents is their own (retrieval R@1), among a sample of pairs.",
        unit="%",
        digits=0,
        level="recall_chance",
    ),
)
SPEARMAN = "Whether pairs that were far apart still are: rank correlation of all distances before and after (Spearman)."
OVERLAP = "Share of the 10 nearest neighbours that are the same after compression (kNN overlap@10)."
LABELS = (
    "Share of the 10 nearest neighbours on the map that have the same label (10-NN label agreement), and the same "
    "share in the vectors before compression."
)


def metrics(found: Evolution) -> list[Metric]:
    """The figures that this map has, frame by frame: of the map, within each modality shown, and between them."""
    table = found.honesty
    return [
        _metric(each, table)
        for each in _wanted(found)
        if each.column in table and np.isfinite(table[each.column]).any()
    ]


def of_head(measured: Mapping[str, Any]) -> list[Metric]:
    """The figures recorded with a head, within each modality and between them, named as beside its map."""
    table = {
        name: np.array([value], dtype=np.float64)
        for name, value in measured.items()
        if isinstance(value, int | float)
    }
    paired = "pair_error" in table
    within = [name for name in PLURALS if paired and f"spearman_{name}" in table]
    wanted = [each for name in within for each in _within(f"_{name}", name, f", {PLURALS[name]}")]
    if not within:  # one modality, or a head of an earlier version, measured over both together only
        wanted = list(_within("", "", TOGETHER if paired else ""))
    return [
        _metric(each, table)
        for each in (*wanted, *PAIRS)
        if each.column in table and np.isfinite(table[each.column]).all()
    ]


def _wanted(found: Evolution) -> Iterator[Figure]:
    yield from MAP
    paired = "both" in found.views
    for name in found.modalities:
        yield from _within(f"_{name}" if paired else "", name, f", {PLURALS[name]}" if paired else "")
    if paired and not any(f"spearman_{name}" in found.honesty for name in found.modalities):
        yield from _within("", "", TOGETHER)
    if paired:
        one = found.modalities[0] if len(found.modalities) == 1 else "image"
        other = {"recall_1_text", "recall_1_image"} - {f"recall_1_{one}"}
        yield from (each for each in PAIRS if each.column not in other)


def _within(ending: str, modality: str, of: str) -> Iterator[Figure]:
    """Figures of one modality; they say nothing about the other, nor about the gap between them."""
    chance = "neighbour_chance_within" if ending else "neighbour_chance"
    yield Figure(f"spearman{ending}", f"Distances kept{of}", SPEARMAN)
    yield Figure(f"neighbour_overlap{ending}", f"Neighbours kept{of}", OVERLAP, "%", 0, chance)
    vectors = f"labels_{modality}_vectors"
    yield Figure(f"labels_{modality}", f"Same label{of}", LABELS, "%", 0, vectors, "vectors")


def _metric(figure: Figure, table: dict[str, Any]) -> Metric:
    factor = 100.0 if figure.unit == "%" else 1.0
    values = [float(value) * factor if math.isfinite(value) else None for value in table[figure.column]]
    level = _first(table.get(figure.level), factor)
    unit = f" {figure.unit}" if figure.unit else ""
    digits = 1 if figure.unit == "%" and level is not None and level < 1 else figure.digits
    note = f"{figure.levelled} {level:.{digits}f}{unit}" if level is not None else ""
    return Metric(figure.label, values, figure.help, figure.digits, figure.unit, note, level)


def _first(values: Any, factor: float) -> float | None:
    finite = [
        float(value) * factor for value in (values if values is not None else ()) if math.isfinite(value)
    ]
    return finite[0] if finite else None
