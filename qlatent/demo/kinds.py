"""The goods that the demo draws: what kinds there are, how common each is, and how it usually looks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of goods. Words in `colours`, `accents`, `patterns` and `settings` stand in order, the most usual first.

    `price` is the usual price in euros, `part` what takes the accent colour, `share` how common the kind is (1: rare),
    `sets` how often two or three are sold together.
    """

    category: str
    price: float
    part: str
    share: float
    colours: tuple[str, ...]
    accents: tuple[str, ...]
    patterns: tuple[str, ...]
    settings: tuple[str, ...]
    sets: float = 0.1


def _kind(trade: tuple[str, float, str, float], *looks: str, sets: float = 0.1) -> Kind:
    """A kind from its trade (category, price, part, share) and four lists of words separated by commas."""
    colours, accents, patterns, settings = (tuple(words.split(", ")) for words in looks)
    return Kind(*trade, colours, accents, patterns, settings, sets)


KINDS: dict[str, Kind] = {
    "mug": _kind(
        ("kitchen", 9, "handle", 8),
        "white, blue, red",
        "blue, white",
        "dotted, plain, striped",
        "table, tiles",
        sets=0.4,
    ),
    "teapot": _kind(
        ("kitchen", 28, "spout", 3),
        "turquoise, white, brown",
        "yellow, brown",
        "plain, dotted",
        "table, tiles",
    ),
    "lamp": _kind(
        ("home", 38, "base", 5), "yellow, white, orange", "brown, grey", "plain, striped", "table, paper"
    ),
    "chair": _kind(
        ("home", 55, "cushion", 6), "brown, white, green", "red, green", "plain", "tiles, rug", sets=0.35
    ),
    "vase": _kind(
        ("home", 22, "neck", 3), "turquoise, purple, white", "white, pink", "zigzag, plain", "table, paper"
    ),
    "clock": _kind(
        ("home", 30, "bells", 2), "red, turquoise, black", "yellow, grey", "plain", "paper, table"
    ),
    "cushion": _kind(
        ("home", 15, "tassels", 6),
        "pink, purple, grey",
        "white, purple",
        "zigzag, checked, dotted",
        "rug, blanket",
        sets=0.4,
    ),
    "plant pot": _kind(
        ("home", 12, "rim", 5),
        "orange, brown, white",
        "brown, yellow",
        "plain, zigzag, striped",
        "grass, tiles",
        sets=0.25,
    ),
    "bicycle": _kind(
        ("sports", 180, "saddle", 7),
        "red, black, green, blue",
        "brown, black",
        "plain",
        "grass, brick wall",
        sets=0.0,
    ),
    "skateboard": _kind(
        ("sports", 45, "wheels", 3),
        "black, orange, purple",
        "white, yellow",
        "zigzag, striped",
        "brick wall, tiles",
        sets=0.0,
    ),
    "ball": _kind(
        ("sports", 11, "band", 4),
        "red, yellow, blue",
        "white, blue",
        "striped, two-tone, plain",
        "beach, grass",
    ),
    "kite": _kind(
        ("sports", 19, "tail", 2),
        "yellow, purple, green, red",
        "red, blue",
        "checked, two-tone",
        "beach, grass",
        sets=0.0,
    ),
    "sneaker": _kind(
        ("fashion", 40, "sole", 9),
        "white, black, blue, red",
        "white, grey",
        "plain",
        "brick wall, paper",
        sets=0.15,
    ),
    "handbag": _kind(
        ("fashion", 48, "strap", 7),
        "brown, black, red",
        "black, brown",
        "plain, checked",
        "paper, blanket",
        sets=0.0,
    ),
    "t-shirt": _kind(
        ("fashion", 14, "sleeves", 10),
        "white, black, blue, green",
        "blue, red, black",
        "striped, plain, dotted",
        "blanket, paper",
        sets=0.2,
    ),
    "hat": _kind(
        ("fashion", 18, "ribbon", 3), "grey, brown, black", "black, red", "plain", "beach, blanket", sets=0.05
    ),
    "umbrella": _kind(
        ("fashion", 16, "handle", 2),
        "blue, red, black, purple",
        "brown, yellow",
        "two-tone, striped, plain",
        "brick wall, grass",
        sets=0.05,
    ),
    "watch": _kind(
        ("fashion", 75, "strap", 4), "grey, yellow, black", "brown, black", "plain", "paper, table", sets=0.0
    ),
    "phone": _kind(
        ("electronics", 160, "camera bump", 9),
        "black, grey, white, pink",
        "grey, black",
        "plain",
        "paper, blanket",
        sets=0.0,
    ),
    "headphones": _kind(
        ("electronics", 60, "ear pads", 6),
        "black, white, red",
        "grey, black",
        "plain",
        "paper, rug",
        sets=0.0,
    ),
    "camera": _kind(
        ("electronics", 140, "lens ring", 4),
        "black, grey, brown",
        "grey, red",
        "two-tone, plain",
        "table, rug",
        sets=0.0,
    ),
    "radio": _kind(
        ("electronics", 42, "speaker", 2),
        "brown, green, red",
        "yellow, grey",
        "plain, two-tone",
        "table, tiles",
        sets=0.0,
    ),
    "guitar": _kind(
        ("music", 120, "neck", 5),
        "orange, brown, black",
        "brown, black",
        "plain",
        "rug, brick wall",
        sets=0.0,
    ),
    "drum": _kind(
        ("music", 65, "rims", 2), "red, blue, purple", "white, grey", "plain, checked", "rug, tiles", sets=0.1
    ),
    "toy car": _kind(
        ("toys", 13, "roof", 5),
        "red, yellow, blue, green",
        "white, blue",
        "plain, striped",
        "rug, blanket",
        sets=0.4,
    ),
    "book": _kind(
        ("books", 8, "spine", 9),
        "green, blue, red, brown",
        "brown, black",
        "plain, two-tone",
        "blanket, table",
        sets=0.4,
    ),
}

CATEGORIES = tuple(dict.fromkeys(kind.category for kind in KINDS.values()))
