"""Generates marketplace listings from a seed: most are honest, some are baits, re-posts or oddly priced."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from qlatent.demo.draw import SIZE, draw_scene
from qlatent.demo.kinds import KINDS
from qlatent.demo.scene import Scene, random_scene
from qlatent.demo.sellers import HABIT, Seller, seller_of
from qlatent.demo.words import title_and_description
from qlatent.errors import InputError

PER_HUNDRED = {"honest": 87, "bait": 4, "repost": 6, "price outlier": 3}
COLUMNS = (
    "id",
    "image",
    "title",
    "description",
    "text",
    "price",
    "category",
    "kind",
    "colour",
    "setting",
    "seller",
    "truth",
    "truth_of",
)


@dataclass(frozen=True)
class Listing:
    """One listing with its ground truth; `truth_of` is the id of the listing that it copies, if any.

    Kind, colour and setting are those that the text is about; the picture of a bait shows something else.
    """

    id: str
    title: str
    description: str
    price: float
    category: str
    kind: str
    colour: str
    setting: str
    seller: str
    image: Image.Image
    truth: str
    truth_of: str

    @property
    def text(self) -> str:
        """Title and description as one text, the input of an encoder."""
        return f"{self.title}. {self.description}"


@dataclass(frozen=True)
class _Draft:
    """The data of an honest listing, from which it or a copy can be drawn at any time."""

    number: int
    scene: Scene
    title: str
    description: str
    price: float
    seller: Seller

    @property
    def id(self) -> str:
        return f"item-{self.number:05d}"


def listings(count: int = 2000, *, seed: int = 0) -> Iterator[Listing]:
    """`count` listings, drawn lazily; the first n do not depend on `count`.

    Every hundred has 4 baits (the text of another listing), 6 re-posts (cropped, recoloured, reworded copies by
    another seller) and 3 price outliers. Copies are made of earlier honest listings only. Raises InputError
    for a negative count.
    """
    if count < 0:
        raise InputError(f"Cannot draw {count} listings.", remedy="Give a number of 0 or more.")
    honest: list[_Draft] = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        draft = _draft(number, rng)
        truth = _truth(number, seed)
        source = _source(truth, draft, honest, rng)
        if truth in ("bait", "repost") and source is None:
            truth = "honest"
        if truth == "honest":
            honest.append(draft)
        yield _listing(draft, truth, source, seed=seed, rng=rng)


def drawn_pair(rng: np.random.Generator) -> tuple[Image.Image, str]:
    """One honest picture (RGB, SIZE × SIZE) and its text: a training pair for the built-in encoder."""
    scene = random_scene(rng)
    title, description = title_and_description(scene, rng)
    return draw_scene(scene, rng), f"{title}. {description}"


def write_folder(
    folder: Path, items: Iterable[Listing], *, progress: Callable[[int], None] | None = None
) -> Path:
    """Write images/<id>.jpg and listings.csv and return the path of the CSV; the folder is written atomically.

    `progress` is called with the number of listings written so far. Raises InputError if the folder exists.
    """
    folder = Path(folder)
    if folder.exists():
        raise InputError(
            f"The folder {folder} exists already.", remedy="Choose another name, or remove it first."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_items(draft, items, progress)
        draft.chmod(0o755)  # mkdtemp makes it private
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder / "listings.csv"


def _write_items(folder: Path, items: Iterable[Listing], progress: Callable[[int], None] | None) -> None:
    (folder / "images").mkdir()
    with (folder / "listings.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for done, item in enumerate(items, start=1):
            name = f"images/{item.id}.jpg"
            item.image.save(folder / name, quality=92, subsampling=0)
            row = {column: getattr(item, column) for column in COLUMNS if column != "image"}
            table.writerow({**row, "image": name, "price": f"{item.price:.2f}"})
            if progress is not None:
                progress(done)


def _truth(number: int, seed: int) -> str:
    """The kinds of listings, balanced within each hundred, so that small demos contain every kind."""
    hundred, place = divmod(number, 100)
    deck = [truth for truth, cards in PER_HUNDRED.items() for _ in range(cards)]
    return str(np.random.default_rng([seed, hundred, 2]).permutation(deck)[place])


def _draft(number: int, rng: np.random.Generator) -> _Draft:
    scene = random_scene(rng)
    seller = seller_of(scene.kind, rng)
    if rng.random() < HABIT:
        scene = replace(scene, backdrop=seller.setting)
    title, description = title_and_description(scene, rng, town=seller.town)
    return _Draft(number, scene, title, description, _fair_price(scene, seller, rng), seller)


def _fair_price(scene: Scene, seller: Seller, rng: np.random.Generator) -> float:
    """The usual price of the kind times the number, dearer at some sellers, with a spread of about a fifth."""
    usual = KINDS[scene.kind].price * scene.count**0.9 * seller.dearness
    price = usual * float(rng.lognormal(0, 0.2))
    return round(price) if price > 20 else round(price * 2) / 2


def _source(truth: str, draft: _Draft, honest: list[_Draft], rng: np.random.Generator) -> _Draft | None:
    """The earlier listing to copy; for a bait it must show another kind of object."""
    if truth not in ("bait", "repost"):
        return None
    known = [d for d in honest if truth == "repost" or d.scene.kind != draft.scene.kind]
    known = [d for d in known if d.seller != draft.seller]
    return known[int(rng.integers(len(known)))] if known else None


def _listing(
    draft: _Draft, truth: str, source: _Draft | None, *, seed: int, rng: np.random.Generator
) -> Listing:
    image = _drawing(draft, seed)
    if truth == "bait" and source is not None:
        draft = replace(source, number=draft.number, seller=draft.seller)
    if truth == "repost" and source is not None:
        image = _altered(_drawing(source, seed), rng)
        title, description = title_and_description(source.scene, rng, town=draft.seller.town)
        price = round(source.price * rng.uniform(0.85, 1.1), 2)
        draft = replace(draft, scene=source.scene, title=title, description=description, price=price)
    if truth == "price outlier":
        factor = float(rng.uniform(8, 20))
        draft = replace(draft, price=round(draft.price * (factor if rng.random() < 0.5 else 1 / factor), 2))
    scene = draft.scene
    return Listing(
        draft.id, draft.title, draft.description, float(draft.price), KINDS[scene.kind].category, scene.kind,
        scene.colour, scene.backdrop, draft.seller.name, image, truth, source.id if source else "",
    )  # fmt: skip


def _drawing(draft: _Draft, seed: int) -> Image.Image:
    """The image of a draft; deterministic."""
    return draw_scene(draft.scene, np.random.default_rng([seed, draft.number, 1]))


def _altered(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The image cropped, recoloured and sometimes mirrored, to disguise its origin."""
    side = round(SIZE * rng.uniform(0.82, 0.92))
    left, top = (int(v) for v in rng.integers(0, SIZE - side + 1, 2))
    image = image.crop((left, top, left + side, top + side)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    if rng.random() < 0.3:
        image = ImageOps.mirror(image)
    image = ImageEnhance.Color(image).enhance(float(rng.uniform(0.75, 1.25)))
    image = ImageEnhance.Brightness(image).enhance(float(rng.uniform(0.88, 1.1)))
    return ImageEnhance.Contrast(image).enhance(float(rng.uniform(0.88, 1.12)))
