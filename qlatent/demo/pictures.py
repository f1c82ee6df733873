"""Draws pictures of a few kinds of goods, equally many of each, as a zip to import."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence

import numpy as np
from PIL import Image

from qlatent.demo.draw import draw_scene
from qlatent.demo.kinds import KINDS
from qlatent.demo.scene import scene_of
from qlatent.errors import InputError
from qlatent.registry import did_you_mean

QUALITY = 80  # of WebP


def zipped(kinds: Sequence[str], *, each: int, side: int, seed: int = 0) -> bytes:
    """A zip with `each` pictures (side × side pixels, WebP) of each kind, and a table of id, image and label.

    Equal arguments give equal bytes. An unknown kind raises `InputError`.
    """
    table = io.StringIO()
    lines = csv.writer(table)
    lines.writerow(("id", "image", "label"))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for kind in kinds:
            for number in range(1, each + 1):
                name, picture = f"{kind}-{number}", _drawn(kind, number, seed).resize((side, side))
                lines.writerow((name, f"images/{name}.webp", kind))
                archive.writestr(zipfile.ZipInfo(f"images/{name}.webp"), _webp(picture))
        archive.writestr(zipfile.ZipInfo("pictures.csv"), table.getvalue())
    return content.getvalue()


def _drawn(kind: str, number: int, seed: int) -> Image.Image:
    if kind not in KINDS:
        raise InputError(f"There is no kind {kind!r} to draw.", remedy=did_you_mean(kind, KINDS))
    rng = np.random.default_rng([seed, list(KINDS).index(kind), number])
    return draw_scene(scene_of(kind, rng), rng)


def _webp(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "WEBP", quality=QUALITY)
    return content.getvalue()
