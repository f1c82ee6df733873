"""Facts about a training: the parts of its loss, its norms from frame to frame, and what it kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs.event_log import Columns
from qlatent.teaching.answers import Chosen, Quantity

PARTS = {"reconstruction": ("reconstruction_image", "reconstruction_text"), "distance": ("pair_distance",)}
FALL = 0.9
"""A part has settled when this share of its fall is behind it …"""
READ = 0.05
"""… and a step is read off a curve as well as one can tell this share more from this share less."""
Array = NDArray[np.float64]


def larger_part(stage: Stage, *, at: str = "first") -> Chosen:
    """Which part of the loss is larger at the "first" or "last" step: "reconstruction" or "distance"."""
    place = {"first": 0, "last": -1}[at]
    columns = stage.losses()
    sizes = {name: _part(columns, name)[place] for name in PARTS}
    return Chosen(max(sizes, key=sizes.__getitem__))


def settles_first(stage: Stage) -> Chosen:
    """Which part of the loss is first nine tenths down: "reconstruction", "distance" or "together"."""
    steps = {name: settled_at(stage, part=name) for name in PARTS}
    one, two = steps["reconstruction"], steps["distance"]
    if abs(one.value - two.value) <= max(one.spread, two.spread):
        return Chosen("together")
    return Chosen(min(steps, key=lambda name: steps[name].value))


def settled_at(stage: Stage, *, part: str) -> Quantity:
    """The step at which nine tenths of the fall of a part are behind it; spread as one can read it off the curve."""
    columns = stage.losses()
    curve, steps = _smooth(_part(columns, part)), columns["step"]
    at = [_reached(curve, steps, share) for share in (FALL - READ, FALL, FALL + READ)]
    return Quantity(at[1], max(at[1] - at[0], at[2] - at[1]))


def _part(columns: Columns, name: str) -> Array:
    return np.sum([columns[each] for each in PARTS[name] if each in columns], axis=0)


def _smooth(curve: Array, over: int = 5) -> Array:
    """The curve as means of five steps: single batches jump."""
    padded = np.concatenate([np.full(over // 2, curve[0]), curve, np.full(over // 2, curve[-1])])
    return np.convolve(padded, np.ones(over) / over, mode="valid")


def _reached(curve: Array, steps: NDArray[np.int64], share: float) -> float:
    goal = curve[0] - share * (curve[0] - curve.min())
    return float(steps[np.flatnonzero(curve <= goal)[0]])


def norm_trend(stage: Stage, *, modality: str = "image") -> Chosen:
    """Whether latents "grow" or "shrink" from the first to the last frame by more than a tenth, or are the "same"."""
    first, last = (
        float(np.median(lengths.lengths(stage.latents(frame=frame)[modality].astype(float))))
        for frame in (0, -1)
    )
    if abs(last - first) < 0.1 * first:
        return Chosen("same")
    return Chosen("grow" if last > first else "shrink")


def largest_possible_norm(stage: Stage) -> Quantity:
    """√k: the longest latent of k expectations between −1 and 1; exact up to two digits."""
    return Quantity(float(np.sqrt(next(iter(stage.latents(frame=-1).values())).shape[1])), 0.005)


def pair_distances(stage: Stage, *, where: str = "inputs", frame: int = -1) -> Quantity:
    """The median distance of an image to its own text in the "inputs" or "latents"; spread: the middle half of them."""
    both = stage.inputs() if where == "inputs" else stage.latents(frame=frame)
    away = lengths.lengths(both["image"].astype(float) - both["text"].astype(float))
    low, middle, high = np.percentile(away, [25, 50, 75])
    return Quantity(float(middle), float(max(high - middle, middle - low)))


def keeps_more(stage: Stage, *, metric: str, first: str, second: str) -> Chosen:
    """Which of two runs has the higher value of a metric at its end; "alike" if they differ by less than 0.05."""
    one, two = (float(stage.metrics(name)[metric]) for name in (first, second))
    if abs(one - two) < 0.05:
        return Chosen("alike")
    return Chosen(first if one > two else second)
