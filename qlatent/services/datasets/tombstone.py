"""The picture that stands where a picture is not kept."""

from __future__ import annotations

import io
from functools import cache

SAYS = "picture not kept (flagged severe)"
_SIDE = 160


@cache
def thumbnail() -> bytes:
    """A grey WebP of 160 × 160 pixels that says that the picture is not kept."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (_SIDE, _SIDE), "#e0e0e0")
    lines = SAYS.replace(" (", "\n(").replace("picture ", "picture\n").replace("flagged ", "flagged\n")
    middle = (_SIDE / 2, _SIDE / 2)
    font = ImageFont.load_default(22)
    ImageDraw.Draw(image).multiline_text(
        middle, lines, fill="#303030", font=font, anchor="mm", align="center", spacing=6
    )
    content = io.BytesIO()
    image.save(content, "WEBP", lossless=True)
    return content.getvalue()
