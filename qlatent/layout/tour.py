"""Tours of a latent space: sequences of planes, each a small turn from the last, for a client to draw in turn.

Planes are (k, 2) with orthonormal columns; `latents @ plane` are coordinates without any distortion inside the plane.
Sources: Asimov 1985 (grand tour); Cook, Buja, Cabrera & Hurley 1995 (guided tour); Buja, Cook, Asimov & Hurley 2005
(geodesics between planes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError

Plane = NDArray[np.float64]  # (k, 2), orthonormal columns
Planes = NDArray[np.float64]  # (P, k, 2)
Index = Callable[[NDArray[np.float64]], float]  # points in a plane (n, 2) → how interesting they look

TURN = 0.05  # radians between successive planes, small enough to interpolate linearly
TRIES = 40  # planes that a guided tour looks at before it calls the present one the best
COOLING = 0.95  # by which the search narrows at each failure


def geodesic(start: Plane, end: Plane, *, turn: float = TURN) -> Planes:
    """Planes (P, k, 2) on the shortest way from `start` to the plane of `end`, at most `turn` radians apart.

    The first is `start` itself. The last spans the plane of `end`, turned within it so that nothing spins on the way.
    """
    _check(start, end)
    left, cosines, right = np.linalg.svd(start.T @ end)  # principal angles between the planes
    angles = np.arccos(np.clip(cosines, -1.0, 1.0))  # (2,)
    first, last = start @ left, end @ right.T
    towards = _unit_columns(last - first * np.cos(angles))
    steps = max(1, int(np.ceil(np.linalg.norm(angles) / turn)))
    shares = np.linspace(0.0, 1.0, steps + 1)[:, None, None]  # (P, 1, 1)
    way = first * np.cos(shares * angles) + towards * np.sin(shares * angles)  # (P, k, 2)
    return way @ left.T


def grand_tour(size: int, *, targets: int = 8, seed: int = 0, start: Plane | None = None) -> Planes:
    """A tour (P, k, 2) from `start` (by default the first two axes) through `targets` random planes of k = `size`.

    Random planes are uniform: every direction of the latent space has its turn. Raises `InputError` for fewer than
    three dimensions, which have no other plane to turn to.
    """
    _check_size(size)
    rng = np.random.default_rng(seed)
    begin = np.eye(size, 2) if start is None else start
    return _through(begin, (random_plane(size, rng) for _ in range(targets)))


def guided_tour(
    points: NDArray[np.floating],
    index: Index,
    *,
    seed: int = 0,
    start: Plane | None = None,
    end: Plane | None = None,
) -> Planes:
    """A tour (P, k, 2) over planes of `points` (n, k) on which `index` of the projected points only rises.

    From the present plane it looks a random way, ever less far, and goes where the index is higher (Cook et al. 1995);
    it stops after 40 looks in vain. With `end`, such as `separating_plane`, the last leg goes there.
    """
    size = points.shape[1]
    _check_size(size)
    rng = np.random.default_rng(seed)
    centred = np.asarray(points, dtype=np.float64) - np.mean(points, axis=0)
    begin = np.eye(size, 2) if start is None else start
    found = list(_rising(centred, index, begin, rng))
    return _through(begin, iter(found if end is None else [*found, end]))


def class_separation(labels: NDArray[np.str_]) -> Index:
    """The index of how far apart the classes of `labels` (n,) lie in a plane: 0 (not at all) to 1.

    1 - det W / det (W + B) with W and B the scatter within and between classes: Lee, Cook, Klinke & Lumley 2005.
    """
    members = [np.flatnonzero(labels == name) for name in np.unique(labels)]

    def separation(places: NDArray[np.float64]) -> float:
        total = places - places.mean(axis=0)
        within = sum(_scatter(places[rows]) for rows in members)
        whole = np.linalg.det(total.T @ total)
        return float(1.0 - np.linalg.det(np.asarray(within)) / whole) if whole > 0 else 0.0

    return separation


def separating_plane(points: NDArray[np.floating], labels: NDArray[np.str_]) -> Plane:
    """The plane (k, 2) with the highest `class_separation`: that of the two leading discriminant directions.

    The index does not change under linear maps within the plane, so the discriminant directions only have to be made
    orthonormal. A little of the mean variance is added to W, for latents that do not fill their space.
    """
    from scipy.linalg import eigh

    values = np.asarray(points, dtype=np.float64)
    _check_size(values.shape[1])
    members = [values[labels == name] for name in np.unique(labels)]
    within = np.sum([_scatter(each) for each in members], axis=0)
    between = _scatter(values) - within
    ridge = 1e-6 * max(float(np.trace(within)), 1e-12) / len(within)
    _, directions = eigh(between, within + ridge * np.eye(len(within)))  # ascending
    return np.linalg.qr(directions[:, :-3:-1])[0]


def norm_fit(norms: NDArray[np.floating]) -> Index:
    """The index of how well `norms` (n,) can be read off a plane: R² of their regression on its coordinates, 0 to 1."""
    wanted = np.asarray(norms, dtype=np.float64) - np.mean(norms, dtype=np.float64)
    whole = float(wanted @ wanted)

    def fit(places: NDArray[np.float64]) -> float:
        centred = places - places.mean(axis=0)
        slopes = np.linalg.lstsq(centred, wanted, rcond=None)[0]
        rest = wanted - centred @ slopes
        return max(0.0, 1.0 - float(rest @ rest) / whole) if whole > 0 else 0.0

    return fit


def norm_plane(points: NDArray[np.floating], norms: NDArray[np.floating]) -> Plane:
    """The plane (k, 2) of the highest `norm_fit`: the direction of the regression, beside that of largest variance.

    Norms that are all equal, but for rounding, raise `InputError`.
    """
    values, wanted = np.asarray(points, dtype=np.float64), np.asarray(norms, dtype=np.float64)
    _check_size(values.shape[1])
    if float(np.ptp(wanted)) <= 1e-4 * float(np.abs(wanted).max(initial=0.0)):
        raise InputError("All norms are equal: no plane tells them apart.", remedy="Take a grand tour.")
    centred = values - values.mean(axis=0)
    along = np.linalg.lstsq(centred, wanted - wanted.mean(), rcond=None)[0]
    along = along / (np.linalg.norm(along) or 1.0)
    rest = centred - np.outer(centred @ along, along)
    across = np.linalg.eigh(rest.T @ rest)[1][:, -1]
    return np.linalg.qr(np.column_stack([along if along.any() else np.eye(len(along))[0], across]))[0]


def random_plane(size: int, rng: np.random.Generator) -> Plane:
    """A uniformly random plane of a space of `size` dimensions."""
    return np.linalg.qr(rng.normal(size=(size, 2)))[0]


def _rising(points: Plane, index: Index, begin: Plane, rng: np.random.Generator) -> Iterator[Plane]:
    """Planes of rising index."""
    present, best, reach, tries = begin, index(points @ begin), 1.0, 0
    while tries < TRIES:
        looked = geodesic(present, random_plane(len(begin), rng), turn=TURN)
        plane = looked[round(reach * (len(looked) - 1))]
        value = index(points @ plane)
        if value > best:
            present, best, tries = plane, value, 0
            yield plane
        else:
            reach, tries = reach * COOLING, tries + 1


def _through(start: Plane, targets: Iterator[Plane]) -> Planes:
    """The legs from each plane to the next, each from where the last one arrived."""
    way = [start[None]]
    for target in targets:
        way.append(geodesic(way[-1][-1], target)[1:])
    return np.concatenate(way)


def _scatter(points: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = points - points.mean(axis=0)
    return np.asarray(centred.T @ centred)


def _unit_columns(columns: Plane) -> Plane:
    """Columns of length 1; a column of nearly 0 (the planes share this direction) becomes 0."""
    length = np.linalg.norm(columns, axis=0)
    return np.divide(columns, length, out=np.zeros_like(columns), where=length > 1e-12)


def _check_size(size: int) -> None:
    if size < 3:
        raise InputError(
            f"A latent space of {size} dimensions has only one plane.", remedy="Look at it as it is."
        )


def _check(start: Plane, end: Plane) -> None:
    if start.shape != end.shape or start.ndim != 2 or start.shape[1] != 2:
        raise InputError(f"A way leads between two planes (k, 2); got {start.shape} and {end.shape}.")
    for plane in (start, end):
        if not np.allclose(plane.T @ plane, np.eye(2), atol=1e-6):
            raise InputError("The columns of a plane must have length 1 and stand at right angles.")
