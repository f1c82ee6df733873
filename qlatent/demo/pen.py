"""Draws flat shapes in a 100 × 100 field, filled with colours or patterns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from qlatent.demo.scene import COLOURS, RGB, Scene

Point = tuple[float, float]
Box = tuple[float, float, float, float]

INK: RGB = (52, 46, 50)
METAL: RGB = (196, 200, 206)
GLASS: RGB = (222, 238, 246)
CREAM: RGB = (250, 246, 232)
LEAF: RGB = (84, 160, 84)
WOOD: RGB = (176, 124, 74)


def tinted(colour: RGB, factor: float) -> RGB:
    """The colour made darker (factor below 1) or lighter (above 1, towards white)."""
    if factor <= 1:
        return tuple(round(c * factor) for c in colour)  # type: ignore[return-value]
    return tuple(round(c + (255 - c) * (factor - 1)) for c in colour)  # type: ignore[return-value]


def smooth(points: Sequence[Point], *, closed: bool = True, steps: int = 8) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    p = np.asarray(points, dtype=float)
    p = np.vstack([p[-1:], p, p[:2]]) if closed else np.vstack([p[:1], p, p[-1:]])  # (n + 3 or n + 2, 2)
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None, :] for i in range(4))  # each (segments, 1, 2)
    curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    flat = curve.reshape(-1, 2)
    return [(float(x), float(y)) for x, y in (flat if closed else np.vstack([flat, p[-1:]]))]


class Pen:
    """Draws one object on a transparent square; "body" fills with the pattern, "accent" with the accent."""

    def __init__(self, size: int, scene: Scene) -> None:
        self.image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)
        self._unit = size / 100
        self._main, self._accent = COLOURS[scene.colour], COLOURS[scene.accent]
        self._cloth = pattern_image(size, scene.pattern, main=self._main, accent=self._accent)

    def blob(self, points: Sequence[Point], fill: str | RGB = "body") -> None:
        """A closed smooth outline."""
        self.polygon(smooth(points), fill)

    def polygon(self, points: Sequence[Point], fill: str | RGB = "body") -> None:
        """A closed outline with straight edges."""
        xy = self._scaled(points)
        self._draw.line([*xy, *xy[:2]], fill=self._edge(fill), width=self._width(2.6), joint="curve")
        self._fill(lambda draw, ink: draw.polygon(xy, fill=ink), fill)

    def ellipse(self, box: Box, fill: str | RGB = "body") -> None:
        """An ellipse inside the box (left, top, right, bottom)."""
        self._draw.ellipse(self._box(box, 1.3), fill=self._edge(fill))
        self._fill(lambda draw, ink: draw.ellipse(self._box(box), fill=ink), fill)

    def box(self, box: Box, fill: str | RGB = "body", *, radius: float = 3) -> None:
        """A rectangle with round corners."""
        r = radius * self._unit
        self._draw.rounded_rectangle(self._box(box, 1.3), r + 1.3 * self._unit, fill=self._edge(fill))
        self._fill(lambda draw, ink: draw.rounded_rectangle(self._box(box), r, fill=ink), fill)

    def stroke(self, points: Sequence[Point], width: float, fill: str | RGB = "accent") -> None:
        """A thick line with round ends."""
        for extra, ink in ((2.4, self._edge(fill)), (0.0, self._ink(fill))):
            self._line(points, width + extra, ink)

    def curve(self, points: Sequence[Point], width: float, fill: str | RGB = "accent") -> None:
        """A thick smooth line through the points."""
        self.stroke(smooth(points, closed=False), width, fill)

    def ring(self, box: Box, width: float, fill: str | RGB = "accent") -> None:
        """A circle or ellipse drawn as a band, centred on the box's edge."""
        for extra, ink in ((2.4, self._edge(fill)), (0.0, self._ink(fill))):
            outer = self._box(box, (width + extra) / 2)
            self._draw.ellipse(outer, outline=ink, width=self._width(width + extra))

    def shine(self, points: Sequence[Point], width: float = 3) -> None:
        """A soft white highlight along the points."""
        mask = Image.new("L", self.image.size, 0)
        layer, self._draw = self._draw, ImageDraw.Draw(mask)
        self._line(smooth(points, closed=False), width, 95)
        self._draw = layer
        self.image.paste((255, 255, 255, 255), mask=mask)

    def _line(self, points: Sequence[Point], width: float, ink: RGB | int) -> None:
        xy, w = self._scaled(points), self._width(width)
        self._draw.line(xy, fill=ink, width=w, joint="curve")
        for x, y in (xy[0], xy[-1]):
            self._draw.ellipse((x - w / 2, y - w / 2, x + w / 2, y + w / 2), fill=ink)

    def _fill(self, paint: Callable[[ImageDraw.ImageDraw, RGB | int], None], fill: str | RGB) -> None:
        if fill != "body":
            paint(self._draw, self._ink(fill))
            return
        mask = Image.new("L", self.image.size, 0)
        paint(ImageDraw.Draw(mask), 255)
        self.image.paste(self._cloth, mask=mask)

    def _ink(self, fill: str | RGB) -> RGB:
        if isinstance(fill, str):
            return self._main if fill in ("body", "main") else self._accent
        return fill

    def _edge(self, fill: str | RGB) -> RGB:
        return tinted(self._ink(fill), 0.55)

    def _width(self, width: float) -> int:
        return max(1, round(width * self._unit))

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._unit, y * self._unit) for x, y in points]

    def _box(self, box: Box, grow: float = 0.0) -> Box:
        left, top, right, bottom = box
        u = self._unit
        return (left - grow) * u, (top - grow) * u, (right + grow) * u, (bottom + grow) * u


def pattern_image(size: int, pattern: str, *, main: RGB, accent: RGB) -> Image.Image:
    """A swatch of the pattern, RGB, size × size: accent on main, coarse enough for a thumbnail."""
    image = Image.new("RGB", (size, size), main)
    draw, step = ImageDraw.Draw(image), size / 9
    PATTERN_PAINTERS[pattern](draw, step, accent)
    return image


def _plain(draw: ImageDraw.ImageDraw, step: float, accent: RGB) -> None:
    """Leaves the main colour plain."""


def _striped(draw: ImageDraw.ImageDraw, step: float, accent: RGB) -> None:
    for i in range(9):
        draw.rectangle((0, (i + 0.5) * step, 9 * step, (i + 0.95) * step), fill=accent)


def _dotted(draw: ImageDraw.ImageDraw, step: float, accent: RGB) -> None:
    r = 0.3 * step
    for row in range(10):
        for column in range(-1, 10):
            x, y = (column + row % 2 / 2) * step * 1.1, row * step
            draw.ellipse((x - r, y - r, x + r, y + r), fill=accent)


def _checked(draw: ImageDraw.ImageDraw, step: float, accent: RGB) -> None:
    for row in range(9):
        for column in range(row % 2, 9, 2):
            x, y = column * step, row * step
            draw.rectangle((x, y, (column + 1) * step - 1, (row + 1) * step - 1), fill=accent)


def _zigzag(draw: ImageDraw.ImageDraw, step: float, accent: RGB) -> None:
    for row in range(-1, 7):
        y = row * 1.5 * step
        points = [(i * 0.75 * step, y + (0.8 * step if i % 2 else 0)) for i in range(14)]
        draw.line(points, fill=accent, width=max(1, math.ceil(0.45 * step)))


def _two_tone(draw: ImageDraw.ImageDraw, step: float, accent: RGB) -> None:
    draw.rectangle((0, 5 * step, 9 * step, 9 * step), fill=accent)


PATTERN_PAINTERS: dict[str, Callable[[ImageDraw.ImageDraw, float, RGB], None]] = {
    "plain": _plain,
    "striped": _striped,
    "dotted": _dotted,
    "checked": _checked,
    "zigzag": _zigzag,
    "two-tone": _two_tone,
}
