"""Listings follow their seed, and the labels say what was done to them."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qlatent.demo.draw import SIZE
from qlatent.demo.kinds import CATEGORIES, KINDS
from qlatent.demo.listings import COLUMNS, Listing, drawn_pair, listings, write_folder
from qlatent.demo.scene import BACKDROPS, COLOURS
from qlatent.demo.sellers import SELLERS
from qlatent.errors import InputError


@pytest.fixture(scope="module")
def items() -> list[Listing]:
    return list(listings(250, seed=5))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings with blank pictures, which take no time."""
    blank = Image.new("RGB", (SIZE, SIZE))
    monkeypatch.setattr("qlatent.demo.listings.draw_scene", lambda scene, rng: blank)


@pytest.fixture(scope="module")
def by_id(items: list[Listing]) -> dict[str, Listing]:
    return {item.id: item for item in items}


def facts(item: Listing) -> tuple[object, ...]:
    return (
        item.id,
        item.text,
        item.price,
        item.category,
        item.kind,
        item.colour,
        item.setting,
        item.seller,
        item.truth,
        item.truth_of,
        item.image.tobytes(),
    )


def test_same_seed_gives_the_same_listings_whatever_the_count(items: list[Listing]) -> None:
    assert [facts(item) for item in listings(20, seed=5)] == [facts(item) for item in items[:20]]
    assert [item.text for item in listings(20, seed=6)] != [item.text for item in items[:20]]


def test_listings_are_drawn_only_when_asked_for() -> None:
    assert len(list(islice(listings(10**9), 2))) == 2


def test_every_hundred_has_its_share_of_each_truth_in_another_order(undrawn: None) -> None:
    truths = [item.truth for item in listings(400, seed=1)]
    second, third = truths[100:200], truths[200:300]
    assert Counter(second) == Counter(third) == {"honest": 87, "bait": 4, "repost": 6, "price outlier": 3}
    assert second != third
    assert truths[0] == "honest"  # there is nothing to copy yet


def test_ids_are_unique_and_fields_are_filled(items: list[Listing], by_id: dict[str, Listing]) -> None:
    assert len(by_id) == len(items) == 250
    for item in items:
        assert item.title
        assert item.description
        assert item.price > 0
        assert item.category in CATEGORIES
        assert item.category == KINDS[item.kind].category
        assert item.colour in COLOURS
        assert item.setting in BACKDROPS
        assert item.image.size == (SIZE, SIZE)
        assert item.image.mode == "RGB"
        assert item.text == f"{item.title}. {item.description}"


def test_bait_takes_the_text_of_an_earlier_listing_of_another_seller(
    items: list[Listing], by_id: dict[str, Listing]
) -> None:
    baits = [item for item in items if item.truth == "bait"]
    assert baits
    for bait in baits:
        source = by_id[bait.truth_of]
        assert source.id < bait.id
        assert source.truth == "honest"
        assert (bait.text, bait.price, bait.category) == (source.text, source.price, source.category)
        assert (bait.kind, bait.colour, bait.setting) == (source.kind, source.colour, source.setting)
        assert bait.seller != source.seller
        assert difference(bait.image, source.image) > 15


def test_repost_is_a_reworded_recoloured_copy_by_another_seller(
    items: list[Listing], by_id: dict[str, Listing]
) -> None:
    copies = [item for item in items if item.truth == "repost"]
    assert copies
    for copy in copies:
        source = by_id[copy.truth_of]
        assert source.id < copy.id
        assert source.truth == "honest"
        assert copy.seller != source.seller
        assert copy.text != source.text
        assert copy.category == source.category
        assert copy.price == pytest.approx(source.price, rel=0.2)
        assert difference(copy.image, source.image) > 1


def difference(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float)).mean())


def test_reposts_look_more_like_their_source_than_like_other_listings(
    items: list[Listing], by_id: dict[str, Listing]
) -> None:
    def histogram(item: Listing) -> np.ndarray:
        return np.histogramdd(np.asarray(item.image).reshape(-1, 3), bins=4, range=[(0, 256)] * 3)[0].ravel()

    others = np.array([histogram(item) for item in items if item.truth == "honest"])
    closer = []
    for copy in (item for item in items if item.truth == "repost"):
        mine = histogram(copy)
        gap = np.abs(histogram(by_id[copy.truth_of]) - mine).sum()
        closer.append((np.abs(others - mine).sum(axis=1) > gap).mean() > 0.9)
    assert np.mean(closer) > 0.7  # goods of a kind look much alike; by chance it would be 0.1


def test_honest_prices_stay_near_the_usual_price_and_outliers_do_not(items: list[Listing]) -> None:
    highest = {c: max(k.price for k in KINDS.values() if k.category == c) * 3**0.9 * 2.7 for c in CATEGORIES}
    lowest = {c: min(k.price for k in KINDS.values() if k.category == c) / 2.7 for c in CATEGORIES}
    honest = [item for item in items if item.truth == "honest"]
    assert all(lowest[item.category] <= item.price <= highest[item.category] for item in honest)
    normal = {c: np.median([i.price for i in honest if i.category == c]) for c in CATEGORIES}
    outliers = [i for i in items if i.truth == "price outlier"]
    assert outliers
    assert np.median([abs(np.log(i.price / normal[i.category])) for i in outliers]) > np.log(5)


def test_most_sellers_trade_in_one_department_and_some_are_busy(undrawn: None) -> None:
    sold = Counter((item.seller, item.category) for item in listings(600, seed=3))
    busy = Counter(seller for seller, _ in sold.elements())
    own = [max(n for (who, _), n in sold.items() if who == seller) for seller in busy]
    assert 0.5 < sum(own) / 600 < 0.9
    assert len(busy) > 25
    assert max(busy.values()) > 4 * np.median(list(busy.values()))


def test_sellers_photograph_where_they_always_do_more_often_than_by_chance(undrawn: None) -> None:
    home = {seller.name: seller.setting for seller in SELLERS}
    there = [item.setting == home[item.seller] for item in listings(600, seed=3) if item.truth == "honest"]
    assert 0.22 < np.mean(there) < 0.5  # eight settings: an eighth by chance


def test_negative_count_is_refused() -> None:
    with pytest.raises(InputError, match="Cannot draw -1 listings"):
        next(listings(-1))


def test_drawn_pair_is_a_function_of_its_generator() -> None:
    first, second = drawn_pair(np.random.default_rng(1)), drawn_pair(np.random.default_rng(1))
    assert first[1] == second[1]
    assert first[0].tobytes() == second[0].tobytes()


def test_folder_holds_a_plain_table_and_its_images(tmp_path: Path, items: list[Listing]) -> None:
    seen: list[int] = []
    table = write_folder(tmp_path / "new" / "demo", items[:6], progress=seen.append)
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert table == tmp_path / "new" / "demo" / "listings.csv"
    assert seen == [1, 2, 3, 4, 5, 6]
    assert tuple(rows[0]) == COLUMNS
    assert [(row["id"], row["text"], float(row["price"])) for row in rows] == [
        (item.id, item.text, pytest.approx(item.price)) for item in items[:6]
    ]
    with Image.open(table.parent / rows[3]["image"]) as picture:
        assert picture.format == "JPEG"
        assert difference(picture.convert("RGB"), items[3].image) < 6


def test_existing_folder_is_left_alone(tmp_path: Path, items: list[Listing]) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="exists already"):
        write_folder(tmp_path, items[:1])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_failure_half_way_leaves_nothing_behind(tmp_path: Path, items: list[Listing]) -> None:
    def breaking() -> Iterator[Listing]:
        yield items[0]
        raise RuntimeError("the drawer broke")

    with pytest.raises(RuntimeError, match="drawer broke"):
        write_folder(tmp_path / "demo", breaking())
    assert list(tmp_path.iterdir()) == []
