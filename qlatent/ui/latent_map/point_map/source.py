"""The component's script and style, read from the files beside this one."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
PARTS = (
    "geometry", "camera", "colours", "polygons", "carrying", "raster", "density", "webgl", "source", "markup",
    "contours", "overlay", "legend", "playing", "gestures", "linking", "gif", "exporting", "viewing",
    "selecting", "point_map", "component",
)  # fmt: skip
LOADER = """
// Loads the component from the server, where a browser keeps it; the page's messages stay small.
const loaded = import(new URL("{address}", location.origin).href);
export default function (component) {{
  let stop = null;
  let ended = false;
  loaded.then((module) => {{ if (!ended) stop = module.default(component); }},
    () => component.setTriggerValue("unreached", true));
  return () => {{ ended = true; stop?.(); }};
}}
"""


@cache
def script() -> str:
    """One ES module of all parts; its default export is what Streamlit's components v2 call."""
    return "\n".join((HERE / "script" / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)


@cache
def digest() -> str:
    """A hash of the script."""
    return hashlib.blake2b(script().encode(), digest_size=12).hexdigest()


@cache
def style() -> str:
    """The style sheet."""
    return (HERE / "point_map.css").read_text(encoding="utf-8")


def loader(prefix: str) -> str:
    """A short module that imports the script from the route."""
    return LOADER.format(address=f"{prefix}script/{digest()}.js")
