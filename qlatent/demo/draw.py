"""Draws one scene: backdrop, shadows, one to three objects, light and a little noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from qlatent.demo import indoors, outdoors
from qlatent.demo.backdrops import backdrop_image
from qlatent.demo.pen import Pen
from qlatent.demo.scene import Scene

SIZE = 160
OVERSAMPLING = 2

_INDOORS = "mug teapot lamp chair vase clock cushion plant_pot phone headphones camera radio guitar drum book"
_OUTDOORS = "bicycle skateboard ball kite sneaker handbag t_shirt hat umbrella watch toy_car"
DRAWINGS: dict[str, Callable[[Pen], None]] = {
    name.replace("t_shirt", "t-shirt").replace("_", " "): getattr(module, name)
    for module, names in ((indoors, _INDOORS), (outdoors, _OUTDOORS))
    for name in names.split()
}

# Centre (x, y of the feet) and height of each object, as fractions of the picture, by how many there are.
PLACES: dict[int, tuple[tuple[float, float, float], ...]] = {
    1: ((0.5, 0.9, 0.72),),
    2: ((0.28, 0.84, 0.49), (0.72, 0.92, 0.49)),
    3: ((0.22, 0.92, 0.42), (0.5, 0.56, 0.42), (0.78, 0.92, 0.42)),
}

# How much darker an object gets from left to right, 0 to 255.
_RAMP = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90)
SHADE = _RAMP.point([round(v * 0.26) for v in range(256)])


def draw_scene(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """The scene as an RGB picture, SIZE × SIZE pixels; position, tilt and light follow the generator."""
    canvas = SIZE * OVERSAMPLING
    picture = backdrop_image(scene.backdrop, canvas, rng)
    shift = rng.uniform(-0.03, 0.03, 2)
    for x, y, height in PLACES[scene.count]:
        size = round(canvas * height * rng.uniform(0.9, 1.06))
        left = round((x + shift[0] + rng.uniform(-0.015, 0.015)) * canvas - size / 2)
        top = round((y + shift[1] + rng.uniform(-0.015, 0.015)) * canvas - size)
        _put(picture, _sprite(scene, size, rng.uniform(-7, 7)), (left, top))
    picture = picture.resize((SIZE, SIZE), Image.Resampling.BOX)
    return _lit(picture, rng)


def _sprite(scene: Scene, size: int, tilt: float) -> Image.Image:
    """One object, RGBA, size × size, tilted by `tilt` degrees, darker towards the right."""
    pen = Pen(size, scene)
    DRAWINGS[scene.kind](pen)
    ramp = SHADE.resize((size, size))
    shade = Image.new("RGBA", (size, size), (30, 20, 50, 255))
    alpha = pen.image.getchannel("A")
    body = Image.composite(shade, pen.image, ramp)
    body.putalpha(alpha)
    return body.rotate(tilt, Image.Resampling.BILINEAR)


def _put(picture: Image.Image, sprite: Image.Image, corner: tuple[int, int]) -> None:
    """Paste the sprite with its shadow on the ground."""
    left, top = corner
    size = sprite.width
    small = Image.new("L", (48, 16), 0)  # blurred small, then enlarged: a shadow has no detail
    ImageDraw.Draw(small).ellipse((4, 5, 44, 11), fill=105)
    mask = small.filter(ImageFilter.GaussianBlur(1.4)).resize((size, size // 3), Image.Resampling.BILINEAR)
    picture.paste((36, 30, 40), (left + size // 40, top + round(size * 0.775)), mask)
    picture.paste(sprite, corner, sprite)


def _lit(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The image with warm or cool light from one side, and sensor noise."""
    pixels = np.asarray(picture, dtype=np.float32)  # (SIZE, SIZE, 3)
    warmth = rng.uniform(-0.04, 0.04)
    tint = np.array([1 + warmth, 1, 1 - warmth], dtype=np.float32) * rng.uniform(0.9, 1.06)
    slope = np.linspace(-1, 1, SIZE, dtype=np.float32) * rng.uniform(-0.07, 0.07)
    noise = rng.normal(0, 2.2, pixels.shape).astype(np.float32)
    lit = pixels * tint * (1 + slope)[None, :, None] + noise
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8), "RGB")
