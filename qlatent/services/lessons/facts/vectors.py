"""Facts about vectors and latents: lengths, distances, neighbours, and the gap between images and texts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.metrics.geometry.gap import gap
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs import frames
from qlatent.teaching.answers import Chosen, Items, Quantity

Floats = NDArray[np.floating]
Z95 = 1.96
TIE = 1e-4
"""Distances that differ by less are equal: vectors are stored with three digits."""


def width(stage: Stage) -> Quantity:
    """How many numbers a vector has; exact."""
    return Quantity(float(next(iter(stage.inputs().values())).shape[1]))


def distance(stage: Stage, *, of: str, to: str, modality: str = "text") -> Quantity:
    """The distance between two items in all numbers; exact up to the stored digits."""
    vectors, ids = stage.inputs()[modality].astype(float), stage.ids()
    return Quantity(
        float(lengths.lengths(vectors[ids.index(of)] - vectors[ids.index(to)])),
        TIE,
    )


def between(stage: Stage, *, of: str, to: str, low: float, high: float) -> Chosen:
    """Whether the distance of two texts is "below" low, "between" low and high, or "above" high."""
    found = distance(stage, of=of, to=to).value
    return Chosen("below" if found < low else "above" if found > high else "between")


def nearest(stage: Stage, *, of: str, k: int = 1, modality: str = "text") -> Items:
    """The k items nearest to one in all numbers, with those that are no farther than a tie."""
    vectors, ids = stage.inputs()[modality].astype(float), stage.ids()
    away = lengths.lengths(vectors - vectors[ids.index(of)])
    away[ids.index(of)] = np.inf
    edge = np.sort(away)[k - 1] + TIE
    return Items(tuple(ids[each] for each in np.flatnonzero(away <= edge)), ids)


def largest_norms(stage: Stage, *, k: int = 5, modality: str = "image") -> Items:
    """The k items whose latents are longest at the frame, with those that tie with the last of them."""
    norms, ids = lengths.lengths(stage.latents()[modality].astype(float)), stage.ids()
    edge = np.sort(norms)[-k] - TIE
    return Items(tuple(ids[each] for each in np.flatnonzero(norms >= edge)), ids)


def given_norm(stage: Stage, *, modality: str = "text") -> Quantity:
    """The median length of the vectors as the encoder gives them; the spread holds the middle half of them."""
    return _median(lengths.lengths(np.asarray(stage.given(modality=modality), dtype=float)))


def norm(stage: Stage, *, modality: str = "image") -> Quantity:
    """The median length of the latents at the frame; the spread holds the middle half of them."""
    return _median(lengths.lengths(stage.latents()[modality].astype(float)))


def norms_equal(stage: Stage, *, modality: str = "text") -> Chosen:
    """Whether all vectors on the map are equally long: "equal" or "different"."""
    norms = lengths.lengths(stage.latents()[modality].astype(float))
    return Chosen("equal" if np.ptp(norms) < 0.01 * norms.mean() else "different")


def _median(values: Floats) -> Quantity:
    low, middle, high = np.percentile(values, [25, 50, 75])
    return Quantity(float(middle), float(max(high - middle, middle - low)))


def shown_variance(stage: Stage) -> Quantity:
    """The share of the variance that the map shows, in per cent; exact."""
    drawn = frames.evolution(stage.workspace, stage.run(), frames.Drawing(view=_view(stage)))
    return Quantity(100 * float(drawn.honesty["explained_variance"][-1]))


def _view(stage: Stage) -> str | None:
    return getattr(stage.figure, "view", "") or None


def neighbours_kept(stage: Stage, *, run: str = "", k: int = 10, modality: str = "text") -> Quantity:
    """How many of the k nearest neighbours of an item are still among them in the latents, on average.

    The spread is a 95 % interval over items.
    """
    before, after = (_near(each[modality], k) for each in (stage.inputs(run), stage.latents(run, frame=-1)))
    kept = (before & after).sum(axis=1)
    return Quantity(float(kept.mean()), Z95 * float(kept.std(ddof=1)) / np.sqrt(len(kept)))


def _near(points: Floats, k: int) -> NDArray[np.bool_]:
    """Whether j is one of the k nearest neighbours of i: (n, n)."""
    away = lengths.lengths(points.astype(float)[:, None] - points.astype(float)[None])
    np.fill_diagonal(away, np.inf)
    found = np.zeros(away.shape, dtype=np.bool_)
    np.put_along_axis(found, np.argsort(away, axis=1, kind="stable")[:, :k], True, axis=1)
    return found


def clouds(stage: Stage) -> Chosen:
    """Whether images and texts lie "apart", their means farther from each other than a point is from its mean."""
    both = stage.latents()
    return Chosen("apart" if gap(both["image"], both["text"]) > 1 else "mixed")


def cosine(stage: Stage, *, of: str) -> Quantity:
    """The mean cosine of "pairs" (image and its text), two "images", two "texts", or "strangers" (image, other text).

    The spread is a 95 % interval over items.
    """
    image, text = (lengths.unit(stage.inputs()[name].astype(float)) for name in ("image", "text"))
    if of == "pairs":
        each = (image * text).sum(axis=1)
    else:
        first, second = {"images": (image, image), "texts": (text, text), "strangers": (image, text)}[of]
        products = first @ second.T
        each = (products.sum(axis=1) - np.diag(products)) / (len(first) - 1)
    return Quantity(float(each.mean()), Z95 * float(each.std(ddof=1)) / np.sqrt(len(each)))


def closer(stage: Stage, *, first: str, second: str) -> Chosen:
    """Which of two kinds of pairs, as in `cosine`, is more alike: its name, or "alike" within their spreads."""
    one, two = cosine(stage, of=first), cosine(stage, of=second)
    if abs(one.value - two.value) <= one.spread + two.spread:
        return Chosen("alike")
    return Chosen(first if one.value > two.value else second)


def found_first(stage: Stage) -> Quantity:
    """The share of images whose own text is the nearest of all texts, in per cent, with its 95 % interval."""
    image, text = (stage.inputs()[name].astype(float) for name in ("image", "text"))
    share = float((np.argmax(image @ text.T, axis=1) == np.arange(len(image))).mean())
    return Quantity(100 * share, 100 * Z95 * float(np.sqrt(share * (1 - share) / len(image))))


def found_share(stage: Stage, *, edges: list[float]) -> Chosen:
    """Between which edges, in per cent, `found_first` lies: "under_<edge>", or "over_<last edge>"."""
    share = found_first(stage).value
    below = [edge for edge in edges if share < edge]
    return Chosen(f"under_{below[0]:g}" if below else f"over_{edges[-1]:g}")
