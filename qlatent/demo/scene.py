"""Describes a drawn listing: object, colours, pattern, number and backdrop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qlatent.demo.kinds import KINDS

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
UNUSUAL = 0.2  # how often a colour, accent, pattern or backdrop is any at all


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
    """One scene: a kind as often as it is common, looking as it usually does, one attribute in five being any."""
    names = list(KINDS)
    shares = np.array([KINDS[name].share for name in names])
    return scene_of(names[int(rng.choice(len(names), p=shares / shares.sum()))], rng)


def scene_of(name: str, rng: np.random.Generator) -> Scene:
    """One scene of the kind `name`, looking as it usually does, one attribute in five being any."""
    kind = KINDS[name]
    colour = _usual(kind.colours, tuple(COLOURS), rng)
    others = tuple(accent for accent in COLOURS if accent != colour)
    return Scene(
        kind=name,
        colour=colour,
        accent=_usual(tuple(accent for accent in kind.accents if accent != colour), others, rng),
        pattern=_usual(kind.patterns, PATTERNS, rng),
        count=int(rng.integers(2, 4)) if rng.random() < kind.sets else 1,
        backdrop=_usual(kind.settings, BACKDROPS, rng),
    )


def _usual(usual: tuple[str, ...], every: tuple[str, ...], rng: np.random.Generator) -> str:
    """One of `usual`, the first ones more often (weights 1, 1/√2, 1/√3 …), or now and then one of `every`."""
    if rng.random() < UNUSUAL:
        return every[int(rng.integers(len(every)))]
    weights = 1 / np.sqrt(np.arange(1, len(usual) + 1))
    return usual[int(rng.choice(len(usual), p=weights / weights.sum()))]
