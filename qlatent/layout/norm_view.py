"""Maps on which the length of each latent can be read off: as distance from the centre, or along an axis."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.layout.plane import Plane

NormView = Literal["radius", "axis"]


def norm_view(
    latents: NDArray[np.floating], plane: Plane, *, view: NormView = "radius"
) -> NDArray[np.float32]:
    """Places (n, c) of latents (n, k) on which the norm ‖z‖ is exact, with directions taken from `plane`.

    "radius": each latent lies ‖z‖ from the origin, in the direction in which its projection points; one without a
    projection lies on the first axis. "axis": the last coordinate is ‖z‖, the others are those of the plane, so a
    plane keeps its first coordinate. Directions are seen from the origin of the latent space, not from the mean.
    """
    values = np.asarray(latents, dtype=np.float64)
    norms = lengths.lengths(values)  # (n,)
    drawn = values @ plane.axes  # (n, c), not centred: the norm is measured from the origin
    if view == "axis":
        return np.column_stack([drawn[:, :-1], norms]).astype(np.float32)
    if view != "radius":
        raise InputError(f"There is no norm view called {view!r}.", remedy="Use 'radius' or 'axis'.")
    directions = lengths.unit(drawn)
    directions[~directions.any(axis=1), 0] = 1.0
    return (norms[:, None] * directions).astype(np.float32)
