"""Generates titles and descriptions of listings in the words of sellers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qlatent.demo.kinds import KINDS
from qlatent.demo.scene import Scene
from qlatent.demo.sellers import TOWNS


@dataclass(frozen=True)
class Noun:
    """The words for one kind of object: singular and plural alternate."""

    singular: tuple[str, ...]
    plural: tuple[str, ...]


NOUNS: dict[str, Noun] = {
    "mug": Noun(("mug", "coffee mug", "cup"), ("mugs", "coffee mugs", "cups")),
    "teapot": Noun(("teapot", "tea pot"), ("teapots", "tea pots")),
    "lamp": Noun(("lamp", "table lamp", "bedside lamp"), ("lamps", "table lamps", "bedside lamps")),
    "chair": Noun(("chair", "kitchen chair"), ("chairs", "kitchen chairs")),
    "vase": Noun(("vase", "flower vase"), ("vases", "flower vases")),
    "clock": Noun(("alarm clock", "clock"), ("alarm clocks", "clocks")),
    "cushion": Noun(("cushion", "sofa cushion", "pillow"), ("cushions", "sofa cushions", "pillows")),
    "plant pot": Noun(("plant pot", "flower pot", "planter"), ("plant pots", "flower pots", "planters")),
    "bicycle": Noun(("bicycle", "bike", "city bike"), ("bicycles", "bikes", "city bikes")),
    "skateboard": Noun(("skateboard", "longboard"), ("skateboards", "longboards")),
    "ball": Noun(("ball", "beach ball", "play ball"), ("balls", "beach balls", "play balls")),
    "kite": Noun(("kite", "diamond kite"), ("kites", "diamond kites")),
    "sneaker": Noun(("sneaker", "trainer", "running shoe"), ("sneakers", "trainers", "running shoes")),
    "handbag": Noun(("handbag", "bag", "purse"), ("handbags", "bags", "purses")),
    "t-shirt": Noun(("t-shirt", "tee", "short-sleeved shirt"), ("t-shirts", "tees", "short-sleeved shirts")),
    "hat": Noun(("hat", "brimmed hat", "fedora"), ("hats", "brimmed hats", "fedoras")),
    "umbrella": Noun(("umbrella", "brolly"), ("umbrellas", "brollies")),
    "watch": Noun(("watch", "wristwatch"), ("watches", "wristwatches")),
    "phone": Noun(("phone", "smartphone", "mobile phone"), ("phones", "smartphones", "mobile phones")),
    "headphones": Noun(
        ("pair of headphones", "headphone set", "headset"),
        ("pairs of headphones", "headphone sets", "headsets"),
    ),
    "camera": Noun(("camera", "compact camera"), ("cameras", "compact cameras")),
    "radio": Noun(("radio", "kitchen radio"), ("radios", "kitchen radios")),
    "guitar": Noun(("guitar", "acoustic guitar"), ("guitars", "acoustic guitars")),
    "drum": Noun(("drum", "snare drum"), ("drums", "snare drums")),
    "toy car": Noun(("toy car", "little car", "model car"), ("toy cars", "little cars", "model cars")),
    "book": Noun(("book", "notebook", "hardcover"), ("books", "notebooks", "hardcovers")),
}

SHADES: dict[str, tuple[str, ...]] = {
    "red": ("red", "bright red", "cherry red"),
    "orange": ("orange", "tangerine"),
    "yellow": ("yellow", "sunny yellow"),
    "green": ("green", "leaf green"),
    "turquoise": ("turquoise", "teal"),
    "blue": ("blue", "royal blue"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rose pink"),
    "brown": ("brown", "chocolate brown"),
    "black": ("black", "jet black"),
    "white": ("white", "off-white"),
    "grey": ("grey", "gray"),
}

# {c} main colour, {a} accent, {n} noun, {p} the part that takes the accent.
LOOKS: dict[str, tuple[str, ...]] = {
    "plain": ("{c} {n}, {a} {p}", "plain {c} {n} with {a} {p}", "{c} {n} with {a} {p}, no pattern"),
    "striped": ("{c} {n} with {a} stripes", "striped {n}, {c} and {a}", "{c} {n}, {a} stripes and {a} {p}"),
    "dotted": ("{c} {n} with {a} dots", "{c} polka dot {n}, dots in {a}", "dotted {n}, {c} with {a} spots"),
    "checked": ("{c} {n} with {a} checks", "checked {n}, {c} and {a}, {a} {p}", "{c} and {a} checkered {n}"),
    "zigzag": (
        "{c} {n} with {a} zigzag",
        "{c} zigzag {n}, the lines are {a}",
        "zigzag {n}, {c} with {a} waves",
    ),
    "two-tone": ("two-tone {n}, {c} over {a}", "{n}, {c} top half and {a} below", "{c} and {a} two-tone {n}"),
}
PATTERN_WORDS: dict[str, tuple[str, ...]] = {
    "plain": ("plain", "one colour"),
    "striped": ("striped", "stripes"),
    "dotted": ("polka dot", "dotted"),
    "checked": ("checked", "checkered"),
    "zigzag": ("zigzag", "chevron"),
    "two-tone": ("two-tone", "colour block"),
}
TITLES = (
    "{q}{c} {n}",
    "{q}{c} {n}",
    "{q}{w} {n}",
    "{q}{c} {w} {n}",
    "{q}{c} {n} with {a} details",
    "{q}{c} and {a} {n}",
)
TITLE_FLOURISHES = (
    "",
    "",
    "",
    ", like new",
    " - must go",
    ", vintage",
    " for sale",
    ", great condition",
    "!",
)

PLACES: dict[str, tuple[str, ...]] = {
    "table": ("on my wooden table", "on the kitchen table", "on the dining table"),
    "brick wall": ("in front of a brick wall", "by the brick wall outside", "against the red bricks"),
    "tiles": ("on the tiled floor", "on the bathroom tiles", "on our kitchen tiles"),
    "grass": ("on the lawn", "in the garden, on the grass", "out on the grass"),
    "blanket": ("on a blanket", "on a soft throw", "on the bed cover"),
    "beach": ("at the beach", "on the sand by the sea", "at the seaside"),
    "rug": ("on the round rug", "on the carpet", "on our living room rug"),
    "paper": ("on a white background", "in front of plain white paper", "with a studio backdrop"),
}
SHOTS = ("Photo taken {b}.", "Pictured {b}.", "Shown {b}.", "I took the picture {b}.")
OPENINGS = ("", "", "", "Selling: ", "For sale: ", "Up for grabs: ", "You get: ")
NUMBERS: dict[int, tuple[str, ...]] = {
    1: ("", "", "one ", "single "),
    2: ("two ", "2 ", "a couple of ", "set of two "),
    3: ("three ", "3 ", "set of three "),
}
TITLE_NUMBERS: dict[int, tuple[str, ...]] = {1: ("",), 2: ("2 ", "two ", ""), 3: ("3 ", "three ", "")}
CONDITIONS = (
    "Hardly used.",
    "A few small scratches.",
    "As good as new.",
    "Some wear, see photo.",
    "Never used, unwanted gift.",
    "Well looked after.",
    "Works fine.",
    "From a smoke-free home.",
    "Bought last year.",
    "Inherited from my aunt.",
)
PICKUPS = (
    "Pick-up in {t}.",
    "Can post it.",
    "Collect in {t}, evenings best.",
    "Postage extra.",
    "I can bring it to {t}.",
)
HAGGLES = ("Price is firm.", "Make me an offer.", "No swaps.", "Cash only.", "First come, first served.", "")


def title_and_description(scene: Scene, rng: np.random.Generator, *, town: str = "") -> tuple[str, str]:
    """An honest title and description of the scene, the wording drawn from the generator.

    The title omits attributes; the description states all of them, except that one in twelve omits the backdrop.
    `town` is where the seller lives; "": any of the towns.
    """
    words = _chosen(scene, rng)
    title = _pick(TITLES, rng).format(**words, q=_pick(TITLE_NUMBERS[scene.count], rng)) + _pick(
        TITLE_FLOURISHES, rng
    )
    looks = _pick(NUMBERS[scene.count], rng) + _pick(LOOKS[scene.pattern], rng).format(**words)
    shot = "" if rng.random() < 1 / 12 else _pick(SHOTS, rng).format(b=_pick(PLACES[scene.backdrop], rng))
    chatter = rng.permutation(
        [_pick(CONDITIONS, rng), _pick(PICKUPS, rng).format(t=town or _pick(TOWNS, rng)), _pick(HAGGLES, rng)]
    )
    sentences = [_sentence(_pick(OPENINGS, rng) + looks), shot, *chatter]
    return _capital(title), " ".join(s for s in sentences if s)


def name_alone(scene: Scene, rng: np.random.Generator) -> str:
    """What the goods are called and nothing else, as in a search: "mug", "two bikes"."""
    noun = NOUNS[scene.kind]
    words = noun.singular if scene.count == 1 else noun.plural
    return _pick(TITLE_NUMBERS[scene.count], rng) + _pick(words, rng)


def _chosen(scene: Scene, rng: np.random.Generator) -> dict[str, str]:
    noun = NOUNS[scene.kind]
    return {
        "n": _pick(noun.singular if scene.count == 1 else noun.plural, rng),
        "c": _pick(SHADES[scene.colour], rng),
        "a": _pick(SHADES[scene.accent], rng),
        "w": _pick(PATTERN_WORDS[scene.pattern], rng),
        "p": KINDS[scene.kind].part,
    }


def _pick(choices: tuple[str, ...], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


def _sentence(text: str) -> str:
    return _capital(text) + "."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
