"""Listings as shops and marketplaces export them: roles, several pictures, rows that continue one, versions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from qlatent.ingest import Mapping, open_source
from tests.ingest.builders import encoded, make_zip, picture, png, read

FLAGGED = [
    "title",
    "description",
    "price",
    "currency",
    "seller",
    "listing_id",
    "flag reason",
    "created",
    "photos",
]


def text_of(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def table(path: Path, *rows: Sequence[Any]) -> Path:
    path.write_text(text_of(rows), encoding="utf-8")
    return path


def flagged(number: int, **other: str) -> list[str]:
    row = {
        "title": f"Blue mug {number}", "description": f"<p>Holds <b>{number}00</b> ml</p>", "price": f"{number}.50",
        "currency": "EUR", "seller": f"shop {number % 3}", "listing_id": f"L-{number}",
        "flag reason": ["counterfeit", "stolen photo"][number % 2], "created": f"2025-11-{number + 1:02}",
        "photos": f"a{number}.png;b{number}.png", **other,
    }  # fmt: skip
    return [row[name] for name in FLAGGED]


def photos(count: int) -> dict[str, bytes]:
    """Photos in subfolders of a zip, two of each listing."""
    return {f"photos/{side}/{side}{n}.png": png(2 * n + (side == "b")) for n in range(count) for side in "ab"}


def ids(path: Any, mapping: Any = None) -> list[str]:
    items, refusals = read(path, mapping)
    assert not refusals
    return [item.id for item in items]


# --- roles -------------------------------------------------------------------------------------------------


def test_flagged_listings_and_a_zip_of_photos_are_understood_without_a_word(tmp_path: Path) -> None:
    chosen = [
        table(tmp_path / "flagged.csv", FLAGGED, *map(flagged, range(6))),
        make_zip(tmp_path / "photos.zip", photos(6)),
    ]
    source = open_source(chosen)
    assert (source.name, source.guess()) == (
        "flagged.csv",
        Mapping(
            id="listing_id", image="photos", text=("title", "description"), price="price", listing_id="listing_id",
            seller="seller", currency="currency", date="created", flag="flag reason",
        ),
    )  # fmt: skip
    items, refusals = read(chosen)
    assert not refusals
    assert (items[2].image, items[2].pictures) == (png(4), (png(5),))
    assert items[2].text == "Blue mug 2. Holds 200 ml"
    assert items[2].metadata == {
        "price": 2.5, "currency": "EUR", "seller": "shop 2", "flag reason": "counterfeit", "created": "2025-11-03",
    }  # fmt: skip


ETSY = [
    "TITLE", "DESCRIPTION", "PRICE", "CURRENCY_CODE", "QUANTITY", "TAGS", "MATERIALS", "IMAGE1", "IMAGE2", "IMAGE3",
    "SKU",
]  # fmt: skip
EBAY = [
    "Item number", "Title", "Custom label (SKU)", "Available quantity", "Start price", "Currency", "Sold quantity",
    "Start date", "End date", "eBay category 1 name", "Condition",
]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "row", "roles"),
    [
        (
            ETSY,
            lambda n: [f"Mug {n}", "Blue, holds much", f"{n}.00", "USD", "1", "mug,blue", "clay", f"a{n}.jpg",
                       f"b{n}.jpg", "", f"S{n}"],
            {"listing_id": "SKU", "currency": "CURRENCY_CODE", "image": "IMAGE1", "images": ("IMAGE2",)},
        ),
        (
            EBAY,
            lambda n: [f"1{n}0", f"Mug {n}", f"c{n}", "3", f"${n}.00", "US", "1", f"Nov-{n + 10}-25 10:15:32 PST",
                       f"Dec-{n + 10}-25 10:15:32 PST", "Home > Kitchen > Mugs", "New"],
            {"listing_id": "Item number", "date": "Start date", "category": "eBay category 1 name",
             "label": None, "price": "Start price"},
        ),
        (
            ["id", "text", "risk_score", "reported_for", "truth", "Vendor", "category_path", "kind"],
            lambda n: [str(n), f"some words {n}", f"0.{n}", "spam", "bait", "v", "A > B", str(n % 2)],
            {"risk": "risk_score", "flag": "reported_for", "hidden": ("truth",), "seller": "Vendor",
             "category": "category_path"},
        ),
        (  # reviews repeat the id of a product, and are no versions of it
            ["asin", "title", "reviewText", "unixReviewTime", "reviewerName"],
            lambda n: [f"B00{n % 2}", f"Good {n}", f"I like it much {n}", str(1_700_000_000 + n), "ann"],
            {"id": None, "listing_id": None, "date": "unixReviewTime"},
        ),
        (  # posts repeat the handle of a user
            ["handle", "text", "date"],
            lambda n: [f"@u{n % 2}", f"I like it much {n}", f"2025-01-0{n + 1}"],
            {"id": None, "listing_id": None, "date": "date"},
        ),
    ],
)  # fmt: skip
def test_roles_are_guessed_from_names_and_cells(
    tmp_path: Path, header: list[str], row: Any, roles: Any
) -> None:
    guess = open_source(table(tmp_path / "t.csv", header, *map(row, range(6)))).guess()
    assert {role: getattr(guess, role) for role in roles} == roles


def test_what_columns_mean_changes_no_content(tmp_path: Path) -> None:
    source = open_source(table(tmp_path / "t.csv", FLAGGED, *map(flagged, range(3))))
    plain = Mapping(id="listing_id", text=("title",))
    print_of = source.fingerprint
    assert print_of(plain) == print_of(
        Mapping(id="listing_id", text=("title",), seller="seller", hidden=("price",))
    )
    assert print_of(plain) != print_of(Mapping(id="listing_id", text=("description",)))


@pytest.mark.parametrize(
    ("cell", "price", "currency"),
    [
        ("€ 12.50", 12.5, "EUR"), ("12,50 €", 12.5, "EUR"), ("US $1,299.00", 1299.0, "USD"), ("$5", 5.0, "$"),
        ("CHF 12", 12.0, "CHF"), ("1 200 zł", 1200.0, "PLN"), ("3 for 10", 3.0, None), ("12.50", 12.5, None),
    ],
)  # fmt: skip
def test_the_currency_is_read_from_the_price(
    tmp_path: Path, cell: str, price: float, currency: str | None
) -> None:
    (item,), _ = read(table(tmp_path / "t.csv", ["id", "title", "price"], ["a", "mug", cell]))
    assert (item.metadata["price"], item.metadata.get("currency")) == (price, currency)


def test_dates_are_read_as_far_as_their_column_tells(tmp_path: Path) -> None:
    rows = [["a", "mug", "11/28/2025"], ["b", "cup", "11/12/2025"], ["c", "pot", "soon"]] + [
        [f"d{n}", "pan", "10/05/2025"] for n in range(9)
    ]
    source = open_source(table(tmp_path / "t.csv", ["id", "title", "listed"], *rows))
    read_dates = [item.metadata["listed"] for item in source.rows()]  # type: ignore[union-attr]
    assert read_dates[:4] == ["2025-11-28", "2025-11-12", "soon", "2025-10-05"]
    assert set(source.remarks()) == {
        "dates in 'listed' read as ISO 8601 (11×)", "dates in 'listed' kept as written",
    }  # fmt: skip


def test_dates_that_may_be_two_stay_as_written(tmp_path: Path) -> None:
    (item,), _ = read(table(tmp_path / "t.csv", ["id", "title", "listed"], ["a", "mug", "11/12/2025"]))
    assert item.metadata["listed"] == "11/12/2025"


# --- several pictures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    ["a.png;b.png", "a.png, b.png", "a.png|b.png", "a.png b.png", "a.png\nb.png", '["a.png", "b.png"]',
     "['a.png', 'b.png']", "a.png;b.png;", "a.png;a.png;b.png"],
)  # fmt: skip
def test_a_cell_names_several_pictures(tmp_path: Path, cell: str) -> None:
    entries = {
        "t.csv": text_of([["id", "title", "photos"], ["1", "mug", cell]]),
        "a.png": png(1),
        "b.png": png(2),
    }
    (item,), refusals = read(make_zip(tmp_path / "t.zip", entries))
    assert (item.image, item.pictures, item.metadata, refusals) == (png(1), (png(2),), {}, [])


def test_a_name_with_separators_stays_one_name(tmp_path: Path) -> None:
    entries = {"t.csv": text_of([["id", "photo"], ["1", "mug, front.png"]]), "mug, front.png": png(1)}
    (item,), _ = read(make_zip(tmp_path / "t.zip", entries))
    assert (item.image, item.pictures) == (png(1), ())


def test_lists_of_pictures_come_from_json_lines_and_parquet(tmp_path: Path) -> None:
    for name, content in {"a.png": png(1), "b.png": png(2)}.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "t.jsonl").write_text(json.dumps({"id": "1", "title": "mug", "images": ["a.png", "b.png"]}))
    rows = {
        "id": ["1"],
        "title": ["mug"],
        "images": [[{"bytes": png(1), "path": "a"}, {"bytes": png(2), "path": "b"}]],
    }
    parquet.write_table(pa.table(rows), tmp_path / "t.parquet")
    for path in ("t.jsonl", "t.parquet"):
        (item,), _ = read(tmp_path / path)
        assert (item.image, item.pictures, item.metadata) == (png(1), (png(2),), {}), path


def test_a_picture_that_is_missing_costs_itself_alone(tmp_path: Path) -> None:
    rows = [["1", "mug", "gone.png", "a.png", "bad.png"], ["2", "cup", "gone.png", "", "gone.png"]]
    entries = {
        "t.csv": text_of([["id", "title", "image1", "image2", "image3"], *rows]), "a.png": png(1),
        "bad.png": b"\x89PNG no",
    }  # fmt: skip
    source = open_source(make_zip(tmp_path / "t.zip", entries))
    assert source.guess().images == ("image2", "image3")
    first, second = source.rows()
    assert (first.image, first.pictures) == (png(1), ())  # type: ignore[union-attr]
    assert first.metadata["image_note"].count("left out") == 2  # type: ignore[union-attr]
    assert (second.image, second.text) == (None, "cup")  # type: ignore[union-attr]
    said = "\n".join(source.remarks())
    assert (
        "picture 'image1' left out of 1 row, kept with the rest (row 1: there is no file 'gone.png')" in said
    )
    assert "none of its 2 pictures can be read: there is no file 'gone.png'" in said


def test_the_fingerprint_follows_further_pictures(tmp_path: Path) -> None:
    table(tmp_path / "t.csv", ["id", "photos"], ["1", "a.png;b.png"])
    prints = set()
    for seed in (2, 3):
        (tmp_path / "a.png").write_bytes(png(1))
        (tmp_path / "b.png").write_bytes(png(seed))
        source = open_source(tmp_path / "t.csv")
        prints.add(source.fingerprint(source.guess()))
    assert len(prints) == 2


def test_a_picture_that_was_changed_is_said_once(tmp_path: Path) -> None:
    grey = [encoded(picture(seed=seed, mode="P"), "GIF") for seed in (1, 2)]
    entries = {"t.csv": text_of([["id", "photos"], ["1", "a.gif;b.gif"]]), "a.gif": grey[0], "b.gif": grey[1]}
    (item,), _ = read(make_zip(tmp_path / "t.zip", entries))
    assert len(item.pictures) == 1
    assert item.metadata["image_note"].count(";") == 0


# --- Shopify ------------------------------------------------------------------------------------------------

SHOPIFY = [
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name",
    "Option1 Value", "Variant SKU", "Variant Inventory Qty", "Variant Price", "Variant Requires Shipping",
    "Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "Variant Image", "Status",
]  # fmt: skip


def shopify(handle: str, **cells: str) -> list[str]:
    return [{"Handle": handle, **cells}.get(name, "") for name in SHOPIFY]


def mugs() -> list[list[str]]:
    common = {"Vendor": "Kiln", "Product Category": "Home > Kitchen > Mugs", "Published": "true"}
    first = {"Title": "Blue mug", "Body (HTML)": "<p>Holds <b>much</b></p>", **common}
    return [
        shopify("blue-mug", **first, **{
            "Option1 Name": "Size", "Option1 Value": "S", "Variant SKU": "BM-S", "Variant Price": "12.00",
            "Image Src": "front.png", "Image Position": "1",
        }),
        shopify("blue-mug", **{
            "Option1 Value": "L", "Variant SKU": "BM-L", "Variant Price": "15.00", "Image Src": "back.png",
            "Image Position": "2",
        }),
        shopify("blue-mug", **{"Image Src": "top.png", "Image Position": "3"}),
        shopify("red-mug", Title="=HYPERLINK(1)", **common, **{"Variant SKU": "R", "Variant Price": "9.00"}),
    ]  # fmt: skip


def test_rows_of_one_handle_are_one_listing(tmp_path: Path) -> None:
    entries = {"products.csv": text_of([SHOPIFY, *mugs()])}
    entries |= {"img/front.png": png(1), "img/back.png": png(2), "img/top.png": png(3)}  # type: ignore[dict-item]
    source = open_source(make_zip(tmp_path / "t.zip", entries))
    guess = source.guess()
    assert (guess.id, guess.listing_id, guess.image, guess.price) == (
        "Handle",
        "Handle",
        "Image Src",
        "Variant Price",
    )
    assert (guess.text, guess.seller) == (("Title", "Body (HTML)"), "Vendor")
    blue, red = source.rows()
    assert (blue.id, blue.image, blue.pictures) == ("blue-mug", png(1), (png(2), png(3)))  # type: ignore[union-attr]
    assert blue.metadata["price"] == 12.0  # type: ignore[union-attr]
    assert blue.metadata["variants"] == [  # type: ignore[union-attr]
        {"Option1 Value": "L", "Variant SKU": "BM-L", "Variant Price": "15.00", "Image Position": "2"},
        {"Image Position": "3"},
    ]
    assert red.text == "=HYPERLINK(1)"  # type: ignore[union-attr]
    assert "rows that continue a listing joined with its first row (2×)" in source.remarks()


def test_a_row_that_cannot_be_read_is_refused_among_the_rows_of_a_listing(tmp_path: Path) -> None:
    rows = text_of([SHOPIFY, *mugs()]).splitlines()
    rows.insert(2, "blue-mug,too,few")
    (tmp_path / "t.csv").write_text("\n".join(rows), encoding="utf-8")
    items, (refusal,) = read(tmp_path / "t.csv", Mapping(id="Handle", text=("Title",), listing_id="Handle"))
    assert ([item.id for item in items], refusal.row) == (["blue-mug", "red-mug"], 2)
    assert len(items[0].metadata["variants"]) == 2


# --- versions -----------------------------------------------------------------------------------------------


def test_a_listing_at_another_price_is_a_version_and_an_exact_repeat_is_left_out(tmp_path: Path) -> None:
    rows = [
        flagged(0),
        flagged(1),
        flagged(0, price="9"),
        flagged(1),
        flagged(0, created="2025-12-01"),
        flagged(0),
    ]
    source = open_source(table(tmp_path / "t.csv", FLAGGED, *rows))
    assert [item.id for item in source.rows()] == ["L-0", "L-1", "L-0#2", "L-0#3"]
    assert "rows kept as later versions of a listing (2×)" in source.remarks()
    assert "rows that repeat a listing exactly left out (2×)" in source.remarks()


def test_a_repeated_id_whose_price_date_and_text_are_equal_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", FLAGGED, flagged(0), flagged(0, seller="another"))
    (item,), (refusal,) = read(path)
    assert item.id == "L-0"
    assert refusal.reason == "id 'L-0' already used in row 1, with the same date, price, text and pictures"


@pytest.mark.parametrize("name", ["id", "uid", "code", "key"])
def test_an_id_that_is_no_listing_is_refused_as_ever(tmp_path: Path, name: str) -> None:
    rows = [["1", "mug", "2"], ["2", "cup", "3"], ["1", "mug", "4"]]
    path = table(tmp_path / "t.csv", [name, "title", "price"], *rows)
    items, refusals = read(path, replace(open_source(path).guess(), id=name))
    assert len(items) == 2
    assert [refusal.reason for refusal in refusals] == ["id '1' already used in row 1"]


def test_the_number_of_a_version_is_free(tmp_path: Path) -> None:
    rows = [flagged(0), flagged(0, listing_id="L-0#2", title="x"), flagged(0, price="9")]
    assert ids(table(tmp_path / "t.csv", FLAGGED, *rows)) == ["L-0", "L-0#2", "L-0#3"]


@pytest.mark.parametrize("separator", ["", ";", ", "])
def test_photos_are_found_by_the_names_in_web_addresses(tmp_path: Path, separator: str) -> None:
    def address(name: str) -> str:
        return f"https://cdn.shop.example/s/files/1/products/{name}.png?v=17"

    rows = mugs()
    for row in rows:
        place = SHOPIFY.index("Image Src")
        row[place] = address(row[place].removesuffix(".png")) if row[place] else ""
    if separator:
        rows[0][place] += separator + address("side")
    shots = {f"img/{name}.png": png(seed) for seed, name in enumerate(("front", "side", "back", "top"))}
    source = open_source(make_zip(tmp_path / "t.zip", {"products.csv": text_of([SHOPIFY, *rows]), **shots}))
    blue, red = source.rows()
    seen = [png(0), *([png(1)] if separator else []), png(2), png(3)]
    assert [blue.image, *blue.pictures] == seen  # type: ignore[union-attr]
    assert red.image is None  # type: ignore[union-attr]
    assert "pictures found by the names in the web addresses of 'Image Src'" in source.remarks()


def test_one_file_is_not_the_picture_of_many_addresses(tmp_path: Path) -> None:
    rows = [[str(n), "mug", f"https://cdn.example/{n}/image.png"] for n in range(5)]
    entries = {"t.csv": text_of([["id", "title", "photo"], *rows]), "image.png": png(1)}
    items, _ = read(make_zip(tmp_path / "t.zip", entries))
    assert [item.image for item in items] == [None] * 5
