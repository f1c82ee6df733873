"""The camera of a point map as text for a link: which positions it looks at, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qlatent.ui.latent_map.point_map.spec import Positions

SHORT = 8  # characters that tell one map's camera from another's
CAMERA = ("x", "y", "z", "zoom", "yaw", "pitch")
NUMBER = re.compile(rf"({'|'.join(CAMERA)})(-?\d+(?:\.\d+)?(?:e[-+]\d+)?)")


def written(positions: Positions, camera: Mapping[str, float]) -> str:
    """A camera on these positions as text, such as "1f3a9c02_x0.5_y2_zoom3"."""
    numbers = [f"{name}{camera[name]:g}" for name in CAMERA if name in camera]
    return "_".join([positions.digest[:SHORT], *numbers])


def read(positions: Positions, text: str) -> Mapping[str, float]:
    """The camera in a text; empty, which is all points in view, without one and for that of other positions."""
    of, *numbers = text.split("_")
    if of != positions.digest[:SHORT]:
        return {}
    found = [match.groups() for each in numbers if (match := NUMBER.fullmatch(each))]
    return {name: float(value) for name, value in found}


def belongs(positions: Positions, text: str) -> bool:
    """Whether a text is a camera of these positions, and whole."""
    of, *numbers = text.split("_")
    return of == positions.digest[:SHORT] and all(NUMBER.fullmatch(each) for each in numbers)
