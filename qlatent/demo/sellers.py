"""The sellers of the demo: each trades mostly in one department, photographs at home, and is dear or cheap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qlatent.demo.kinds import CATEGORIES, KINDS
from qlatent.demo.scene import BACKDROPS

FIRST_NAMES = (
    "mara", "jonas", "ines", "tomek", "aisha", "luca", "freya", "pedro", "noor", "anneke", "yuki", "olga", "sami",
    "cleo",
)  # fmt: skip
SHOPS: dict[str, tuple[str, ...]] = {
    "kitchen": ("pantry", "crockery", "teatime"),
    "home": ("attic", "interiors", "loft"),
    "sports": ("outdoors", "wheels", "playground"),
    "fashion": ("wardrobe", "closet", "vintage"),
    "electronics": ("gadgets", "tech", "reboot"),
    "music": ("strings", "sounds", "rehearsal"),
    "toys": ("toybox", "nursery", "playroom"),
    "books": ("shelf", "pages", "library"),
}
TOWNS = ("Ghent", "Porto", "Leeds", "Basel", "Turin", "Lyon", "Delft", "Graz", "Aarhus", "Cork")
HOUSES = 5  # sellers in each department
LOYALTY = 12  # how much likelier goods of a department are sold by its own sellers than by each of the others
HABIT = 0.2  # how often sellers photograph where they always do, wherever such goods are usually shown


@dataclass(frozen=True)
class Seller:
    """A seller; `dearness` multiplies usual prices, `share` says how busy the seller is beside others."""

    name: str
    category: str
    town: str
    setting: str
    dearness: float
    share: float


def _settled(rng: np.random.Generator) -> tuple[Seller, ...]:
    """Five sellers for each department, the first of them the busiest."""
    return tuple(
        Seller(
            name=f"{_pick(FIRST_NAMES, rng)}_{SHOPS[category][house % 3]}{int(rng.integers(2, 30))}",
            category=category,
            town=_pick(TOWNS, rng),
            setting=_pick(BACKDROPS, rng),
            dearness=round(float(rng.uniform(0.85, 1.2)), 2),
            share=1 / (house + 1),
        )
        for category in CATEGORIES
        for house in range(HOUSES)
    )


def _pick(choices: tuple[str, ...], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


SELLERS = _settled(np.random.default_rng(18))  # the same people in every demo


def seller_of(kind: str, rng: np.random.Generator) -> Seller:
    """Who sells goods of this kind: mostly a seller of its department, now and then anyone."""
    category = KINDS[kind].category
    weights = np.array([each.share * (LOYALTY if each.category == category else 1) for each in SELLERS])
    return SELLERS[int(rng.choice(len(SELLERS), p=weights / weights.sum()))]
