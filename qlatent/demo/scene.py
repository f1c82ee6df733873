"""Describes a drawn listing: object, colours, pattern, number and backdrop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (208, 46, 46),
    "orange": (240, 134, 36),
    "yellow": (247, 207, 60),
    "green": (62, 148, 74),
    "turquoise": (64, 190, 184),
    "blue": (48, 98, 200),
    "purple": (126, 72, 170),
    "pink": (243, 146, 182),
    "brown": (124, 78, 46),
    "black": (44, 44, 50),
    "white": (246, 244, 238),
    "grey": (150, 154, 160),
}

PATTERNS = ("plain", "striped", "dotted", "checked", "zigzag", "two-tone")
BACKDROPS = ("table", "brick wall", "tiles", "grass", "blanket", "beach", "rug", "paper")


@dataclass(frozen=True)
class Kind:
    """An object that can be drawn: category, usual price in euros, and the part in the accent colour."""

    category: str
    price: float
    part: str


KINDS: dict[str, Kind] = {
    "mug": Kind("kitchen", 9, "handle"),
    "teapot": Kind("kitchen", 28, "spout"),
    "lamp": Kind("home", 38, "base"),
    "chair": Kind("home", 55, "cushion"),
    "vase": Kind("home", 22, "neck"),
    "clock": Kind("home", 30, "bells"),
    "cushion": Kind("home", 15, "tassels"),
    "plant pot": Kind("home", 12, "rim"),
    "bicycle": Kind("sports", 180, "saddle"),
    "skateboard": Kind("sports", 45, "wheels"),
    "ball": Kind("sports", 11, "band"),
    "kite": Kind("sports", 19, "tail"),
    "sneaker": Kind("fashion", 40, "sole"),
    "handbag": Kind("fashion", 48, "strap"),
    "t-shirt": Kind("fashion", 14, "sleeves"),
    "hat": Kind("fashion", 18, "ribbon"),
    "umbrella": Kind("fashion", 16, "handle"),
    "watch": Kind("fashion", 75, "strap"),
    "phone": Kind("electronics", 160, "camera bump"),
    "headphones": Kind("electronics", 60, "ear pads"),
    "camera": Kind("electronics", 140, "lens ring"),
    "radio": Kind("electronics", 42, "speaker"),
    "guitar": Kind("music", 120, "neck"),
    "drum": Kind("music", 65, "rims"),
    "toy car": Kind("toys", 13, "roof"),
    "book": Kind("books", 8, "spine"),
}

CATEGORIES = tuple(dict.fromkeys(kind.category for kind in KINDS.values()))


@dataclass(frozen=True)
class Scene:
    """The facts shown by a drawing and stated by an honest text; the accent differs from the main colour."""

    kind: str
    colour: str
    accent: str
    pattern: str
    count: int
    backdrop: str


def random_scene(rng: np.random.Generator) -> Scene:
    """One scene, every attribute independent and uniform except the number (one is the usual case)."""
    colour, accent = rng.permutation(list(COLOURS))[:2]
    return Scene(
        kind=str(rng.choice(list(KINDS))),
        colour=str(colour),
        accent=str(accent),
        pattern=str(rng.choice(PATTERNS)),
        count=int(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2])),
        backdrop=str(rng.choice(BACKDROPS)),
    )
