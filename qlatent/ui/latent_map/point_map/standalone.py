"""One HTML file that holds a map, its script and its data, and opens offline with all controls."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable
from typing import Any

from qlatent.errors import InputError
from qlatent.ui.latent_map.point_map import message
from qlatent.ui.latent_map.point_map.delivery import CELL, COLUMNS, as_json, sprites
from qlatent.ui.latent_map.point_map.source import script, style
from qlatent.ui.latent_map.point_map.spec import Card, PointMap

MOST_CARDS = 20_000
SHEET = 64
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{
  margin: 0; padding: 1rem; font-family: system-ui, sans-serif;
  background: var(--st-background-color); color: var(--st-text-color);
}}
@media (prefers-color-scheme: dark) {{ :root {{
  --st-background-color: #0f121a; --st-text-color: #e7eaf2; --st-border-color: #2b3142; --st-primary-color: #a3b0ff;
  --st-secondary-background-color: #191d28; }} }}
@media (prefers-color-scheme: light) {{ :root {{ --st-background-color: #ffffff; --st-text-color: #1c2130; }} }}
h1 {{ font-size: 1.2rem; margin: 0 0 .75rem; }}
{style}
</style></head>
<body><h1>{title}</h1><div id="map"></div>
<script type="application/json" id="data">{data}</script>
<script type="module">
{script}
const parentElement = document.getElementById("map");
const nothing = () => {{}};
const data = JSON.parse(document.getElementById("data").textContent);
{start}({{ parentElement, data, setStateValue: nothing, setTriggerValue: nothing }});
</script></body></html>
"""


def standalone_html(spec: PointMap, *, height: int = 640) -> str:
    """A page with the map in it: positions, colours, selection, and the cards with thumbnails where there are cards.

    Raises `InputError` for more than 20,000 points with cards: give none, or fewer points.
    """
    description, blobs = message.describe(spec)
    inline = {tag: base64.b64encode(content.tobytes()).decode() for tag, content in blobs.items()}
    data = description | {"height": height, "inline": inline, **_cards(spec)}
    text = script().replace("export default function (component)", "function mountPointMap(component)")
    return PAGE.format(
        title=html.escape(spec.title),
        style=style(),
        script=text,
        start="mountPointMap",
        data=json.dumps(data).replace("<", "\\u003c"),
    )


def _cards(spec: PointMap) -> dict[str, Any]:
    if spec.cards is None:
        return {}
    if spec.points > MOST_CARDS:
        raise InputError(
            f"A file with cards holds at most {MOST_CARDS:,} points; this map has {spec.points:,}.",
            remedy="Leave the cards out, or save a selection.",
        )
    cards = [spec.cards.card(row) for row in range(spec.points)]
    if not spec.cards.pictures:
        return {"cards": [as_json(each) for each in cards]}
    plain = [as_json(Card(each.text, each.label, each.norm)) for each in cards]
    return {"cards": plain, "sheets": list(_sheets(cards))}


def _sheets(cards: list[Card]) -> Iterable[dict[str, Any]]:
    rows = [row for row, each in enumerate(cards) if each.image]
    for first in range(0, len(rows), SHEET):
        some = rows[first : first + SHEET]
        content = base64.b64encode(sprites(cards[row].image for row in some)).decode()
        yield {"uri": f"data:image/webp;base64,{content}", "rows": some, "cell": CELL, "columns": COLUMNS}
