"""Draws the eight backdrops of the listings, each with a horizon on which the objects stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from qlatent.demo.scene import RGB

Painter = Callable[[ImageDraw.ImageDraw, int, np.random.Generator], None]

WALLS: tuple[RGB, ...] = ((226, 214, 198), (206, 218, 214), (222, 206, 208), (208, 214, 228), (232, 226, 206))
CLOTHS: tuple[RGB, ...] = (
    (186, 158, 196),
    (148, 178, 208),
    (220, 170, 158),
    (166, 196, 160),
    (220, 198, 150),
)


def backdrop_image(name: str, size: int, rng: np.random.Generator) -> Image.Image:
    """The backdrop called `name`, RGB, size × size pixels; small details follow the generator."""
    image = Image.new("RGB", (size, size), _shaken((230, 226, 220), rng))
    PAINTERS[name](ImageDraw.Draw(image), size, rng)
    return image


def _shaken(colour: RGB, rng: np.random.Generator, spread: int = 8) -> RGB:
    shift = int(rng.integers(-spread, spread + 1))
    return tuple(min(255, max(0, c + shift)) for c in colour)  # type: ignore[return-value]


def _one_of(colours: tuple[RGB, ...], rng: np.random.Generator) -> RGB:
    return _shaken(colours[rng.integers(len(colours))], rng)


def _table(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    draw.rectangle((0, 0, size, size), fill=_one_of(WALLS, rng))
    horizon = size * rng.uniform(0.52, 0.6)
    plank = (size - horizon) / 4
    for i in range(4):
        y = horizon + i * plank
        draw.rectangle((0, y, size, y + plank - 2), fill=_shaken((190, 136, 84), rng, 12))
        for _ in range(4):
            x, length = rng.uniform(0, size), rng.uniform(0.1, 0.3) * size
            grain = y + rng.uniform(0.2, 0.8) * plank
            draw.line((x, grain, x + length, grain), fill=(166, 114, 66), width=2)
    draw.rectangle((0, horizon - 4, size, horizon), fill=(138, 92, 54))


def _brick_wall(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    draw.rectangle((0, 0, size, size), fill=(216, 202, 190))
    height, width = size / 11, size / 5
    for row in range(9):
        for column in range(-1, 6):
            x, y = (column + row % 2 / 2) * width, row * height
            draw.rectangle(
                (x + 2, y + 2, x + width - 2, y + height - 2), fill=_shaken((178, 98, 76), rng, 14)
            )
    draw.rectangle((0, size * 0.8, size, size), fill=_shaken((172, 168, 164), rng))
    draw.rectangle((0, size * 0.8, size, size * 0.82), fill=(130, 126, 122))


def _tiles(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    light, dark = _shaken((238, 240, 240), rng), _shaken((152, 176, 188), rng)
    vanish, shift = size * -0.6, rng.uniform(-0.5, 0.5)
    edges = [size * (1 - 0.78**i) * 1.12 - size * 0.02 for i in range(8)][::-1]
    rows = [size - e for e in edges]
    for i, (top, bottom) in enumerate(zip(rows, [*rows[1:], size * 1.1], strict=True)):
        for column in range(-8, 9):
            corners = [(column, top), (column + 1, top), (column + 1, bottom), (column, bottom)]
            points = [(size / 2 + (c + shift) * (y - vanish) * 0.16, y) for c, y in corners]
            draw.polygon(points, fill=dark if (i + column) % 2 else light)


def _grass(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    draw.rectangle((0, 0, size, size), fill=_shaken((178, 216, 240), rng))
    for _ in range(3):
        x, y, r = rng.uniform(0, size), rng.uniform(0.05, 0.25) * size, rng.uniform(0.06, 0.1) * size
        draw.ellipse((x - 2.4 * r, y - r * 0.7, x + 2.4 * r, y + r * 0.7), fill=(240, 248, 252))
    horizon = size * rng.uniform(0.42, 0.5)
    draw.rectangle((0, horizon, size, size), fill=_shaken((124, 184, 84), rng))
    for _ in range(90):
        x, y, tall = rng.uniform(0, size), rng.uniform(horizon + 4, size), rng.uniform(0.02, 0.05) * size
        draw.line((x, y, x + rng.uniform(-3, 3), y - tall), fill=_shaken((92, 152, 62), rng, 20), width=2)


def _blanket(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    cloth = _one_of(CLOTHS, rng)
    draw.rectangle((0, 0, size, size), fill=cloth)
    xs, slope = np.linspace(0, size, 24), rng.uniform(0.3, 0.7)
    for i in range(-4, 9):
        wave = rng.uniform(0.01, 0.03) * size * np.sin(xs / size * rng.uniform(4, 8) + rng.uniform(0, 6))
        ys = i * size / 6 + slope * xs + wave
        shade = _shaken(cloth, rng, 4)
        for offset, factor in ((0, 0.86), (8, 1.09)):
            ink = tuple(min(255, int(c * factor)) for c in shade)
            draw.line(list(zip(xs.tolist(), (ys + offset).tolist(), strict=True)), fill=ink, width=8)


def _beach(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    draw.rectangle((0, 0, size, size), fill=_shaken((206, 232, 246), rng))
    sea, shore = size * rng.uniform(0.22, 0.28), size * rng.uniform(0.42, 0.48)
    draw.rectangle((0, sea, size, size), fill=_shaken((72, 152, 196), rng))
    xs = np.linspace(0, size, 16)
    ys = shore + 0.015 * size * np.sin(xs / size * 9 + rng.uniform(0, 6))
    line = list(zip(xs.tolist(), ys.tolist(), strict=True))
    draw.polygon([*line, (size, size), (0, size)], fill=_shaken((236, 212, 158), rng))
    draw.line(line, fill=(248, 250, 250), width=6)
    for x, y in rng.uniform((0, shore + 10), (size, size), (70, 2)):
        draw.ellipse((x, y, x + 2, y + 2), fill=(204, 176, 122))


def _rug(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    draw.rectangle((0, 0, size, size), fill=_one_of(WALLS, rng))
    floor = size * 0.42
    for i in range(9):
        x = i * size / 8 - size / 16
        draw.rectangle((x, floor, x + size / 8 - 2, size), fill=_shaken((148, 108, 76), rng, 10))
    draw.rectangle((0, floor - 8, size, floor), fill=(246, 244, 240))
    dark = _one_of(CLOTHS, rng)
    for grow, ink in ((0.0, (250, 244, 232)), (0.035, dark), (0.09, (250, 244, 232)), (0.12, dark)):
        inset = grow * size
        box = (
            size * -0.02 + inset,
            size * 0.52 + inset * 0.7,
            size * 1.02 - inset,
            size * 0.99 - inset * 0.7,
        )
        draw.ellipse(box, fill=ink)


def _paper(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    top, bottom = (250, 250, 250), _one_of(((226, 222, 218), (222, 226, 232)), rng)
    for y in range(0, size, 4):
        mix = min(1.0, abs(y / size - 0.62) * 2.2)
        ink = tuple(round(a + (b - a) * mix) for a, b in zip(top, bottom, strict=True))
        draw.rectangle((0, y, size, y + 4), fill=ink)


PAINTERS: dict[str, Painter] = {
    "table": _table,
    "brick wall": _brick_wall,
    "tiles": _tiles,
    "grass": _grass,
    "blanket": _blanket,
    "beach": _beach,
    "rug": _rug,
    "paper": _paper,
}
