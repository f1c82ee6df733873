"""Guess the initial mapping of an import from the names and contents of columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qlatent.ingest.column import Column, Content
from qlatent.ingest.column_names import (
    denies_embedding,
    ending_in,
    first_named,
    heads,
    modality_of,
    says_embedding,
    words,
)
from qlatent.ingest.columns.label_guess import guess_label
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.columns.role_guess import guess_listing_id, guess_roles

_IDS = (
    "id", "item_id", "listing_id", "product_id", "sku", "asin", "uid", "uuid", "guid", "custom_id", "image_id", "qid",
    "key", "row", "index",
)  # fmt: skip
_WEAK_IDS = (*_IDS[4:], "handle")  # used only if no value repeats in the first rows
_IMAGES = (
    "image", "images", "photos", "pictures", "image_path", "image_file", "file_name", "filename", "file", "img",
    "photo", "picture", "path", "image_name", "img_path", "source_path",
)  # fmt: skip
_NUMBERED = re.compile(
    r"(image|img|photo|picture|pic|foto)s?([\s_.-]?(url|src|file|path|name))?[\s_.-]?\d{1,3}$", re.I
)
_FURTHER = frozenset(("additional", "further", "other", "more", "extra", "variant", "gallery"))
_TITLES = ("title", "name", "product_name", "headline")
_BODIES = ("description", "body", "details", "abstract", "text", "content")
_TEXTS = ("text", "caption", "sentence", "content", "message", "review", "query", "captions")
_SPLITS = ("split", "subset", "partition", "fold")
_PRICES = ("price", "amount", "cost")
_NAMED_THINGS = frozenset(
    ["product", "item", "listing", "article", "full", "display"]
)  # whose name is a title
_NO_TEXT = frozenset((
    "id", "ids", "sku", "asin", "code", "key", "uuid", "guid", "hash", "url", "link", "href", "uri", "date",
    "time", "timestamp", "created", "updated", "email", "phone", "seller", "vendor", "author", "user",
    "username", "brand", "maker", "manufacturer", "currency", "status", "country", "city", "language",
    "lang", "color", "colour", "size", "type", "category", "categories", "class", "label", "labels",
    "split", "fold", "subset", "price", "amount", "cost", "version", "index", "row", "number", "no", "nr",
    "path", "file", "filename", "barcode", "ean", "upc", "gtin", "isbn", "handle", "slug",
))  # fmt: skip
_TEXT_WORDS = 3.0  # minimum mean number of words of a text column with any name
_FREE = 0.3  # minimum fraction of distinct values of free text
_FEW = 5  # minimum cells for meaningful fractions


def guess_mapping(columns: Sequence[Column]) -> Mapping:
    """A guessed mapping from names, types and contents of the columns."""
    image = _guess_image(columns)
    plain_ones = [
        column for column in columns if column.type in ("text", "number", "empty") and column.name != image
    ]
    vectors = _guess_vectors(columns)
    texts = _guess_texts(plain_ones, bare=not image and not vectors)
    if not (image or texts or vectors):
        vectors = _last_resort(columns)
    rest = [column for column in plain_ones if column.name not in texts]
    price = _guess_price(rest)
    item_id = _guess_id(rest)
    listing_id = guess_listing_id(rest, texts=texts, price=price)
    if item_id is None or "_".join(heads(item_id)) != "id":  # a listing that repeats is one listing
        item_id = listing_id or item_id
    found = Mapping(
        id=item_id,
        image=image,
        text=texts,
        label=guess_label([column for column in rest if column.name not in (price, item_id)]),
        split=first_named(_SPLITS, _names(rest)) or ending_in(_SPLITS[:1], _names(rest)),
        price=price,
        images=_guess_further_images(columns, image),
        **vectors,
    )
    others = [column for column in plain_ones if column.name not in (*found.parts, listing_id)]
    return replace(found, listing_id=listing_id, **guess_roles(others))


def _names(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns]


def _guess_id(columns: Sequence[Column]) -> str | None:
    """The id column; weaker names only with distinct values, because rows with repeated ids are refused."""
    strong = first_named(_IDS[:4], _names([column for column in columns if _distinct(column) >= 0.5]))
    if strong:
        return strong
    unique = _names([column for column in columns if _distinct(column) == 1.0])
    return first_named(_WEAK_IDS, unique) or ending_in(("sku", "asin", "uuid", "guid"), unique)


def _distinct(column: Column) -> float:
    return column.content.distinct if column.content and column.content.cells else 1.0


def _guess_image(columns: Sequence[Column]) -> str | None:
    pictures = _names([column for column in columns if column.type == "image"])
    if pictures:
        return (
            first_named(_IMAGES, pictures)
            or ending_in(("image", "photo", "picture", "img"), pictures)
            or pictures[0]
        )
    return None


def _guess_further_images(columns: Sequence[Column], first: str | None) -> tuple[str, ...]:
    """Numbered columns of pictures beside the first one (image1, image2 …), and those that say they hold more."""
    if first is None:
        return ()
    rest = _names([column for column in columns if column.type == "image" and column.name != first])
    return tuple(name for name in rest if _NUMBERED.search(name) or {*words(name)} & _FURTHER)


def _guess_price(columns: Sequence[Column]) -> str | None:
    """A numeric column with the name of a price, or a column of amounts of money."""
    priced = [column for column in columns if column.type in ("number", "empty") or _has_amounts(column)]
    named = first_named(_PRICES, _names(priced)) or ending_in(
        ("price", "prices", "cost", "msrp"), _names(priced)
    )
    by_content = next(
        (column.name for column in columns if column.content and column.content.money > 0.8), None
    )
    return named or by_content


def _has_amounts(column: Column) -> bool:
    """Whether the texts are amounts such as "$12.50" or "12,50": few words, and digits."""
    content = column.content
    return content is None or (content.words <= _FEW and content.letters < 0.5)


def _guess_texts(columns: Sequence[Column], *, bare: bool) -> tuple[str, ...]:
    """Title and description together, else a column named text, else the column most like text."""
    able = [column for column in columns if column.type != "number"]
    names = [column.name for column in able if not _is_code(column)]
    title = first_named(_TITLES, names) or _title_like(names)
    others = [name for name in names if name != title]
    body = first_named(_BODIES, others) or ending_in(("description", "body", "abstract"), others)
    listing = tuple(name for name in (title, body) if name)
    if listing:
        return listing
    named = first_named(_TEXTS, names) or ending_in(
        ("text", "caption", "sentence", "message", "review"), names
    )
    if named:
        return (named,)
    return _by_content([column for column in able if column.type == "text"], bare=bare) or _numeric_text(
        columns, bare=bare
    )


def _is_code(column: Column) -> bool:
    """Whether a column holds one word per cell with few distinct values, which makes it a class with any name."""
    content = column.content
    return bool(
        content and content.cells >= 4 * _FEW and content.words < 1.5 and content.distinct < _FREE / 3
    )


def _title_like(names: Sequence[str]) -> str | None:
    """A column such as product title or ItemName, but not the name of a seller, a file or an option."""
    named = [name for name in names if heads(name)[-1:] == ("name",) and set(words(name)) & _NAMED_THINGS]
    return ending_in(("title", "headline", "subject"), names) or (min(named, key=len) if named else None)


def _by_content(columns: Sequence[Column], *, bare: bool) -> tuple[str, ...]:
    free = [column for column in columns if not (_NO_TEXT & set(heads(column.name)[-1:]))]
    reading = [column for column in free if column.content and _reads_as_text(column.content)]
    if reading:
        return (max(reading, key=lambda column: column.content.words if column.content else 0.0).name,)
    if not bare:
        return ()
    unknown = [column for column in free if column.content is None]
    if unknown:  # without statistics
        return (max(unknown, key=lambda column: len(column.sample)).name,)
    return (max(free, key=_freedom).name,) if free else ()


def _freedom(column: Column) -> tuple[bool, float]:
    """Sort key: words before codes, then many distinct values before few."""
    content = column.content or Content()
    return content.letters >= 0.5, content.distinct


def _reads_as_text(content: Content) -> bool:
    return (
        content.words >= _TEXT_WORDS
        and (content.distinct >= _FREE or content.cells < _FEW)
        and content.money < 0.8
    )


def _numeric_text(columns: Sequence[Column], *, bare: bool) -> tuple[str, ...]:
    """A column named text whose cells are all numbers, if there is no other text."""
    named = first_named(("text", "title", "caption", "sentence"), _names(columns)) if bare else None
    return (named,) if named else ()


def _guess_vectors(columns: Sequence[Column]) -> dict[str, Any]:
    names = [column.name for column in columns if column.type == "vector"]
    told = {name: modality_of(name) for name in names}
    guessed: dict[str, Any] = {}
    for modality in ("image", "text"):
        found = next((name for name, spoken in told.items() if spoken == modality), None)
        if found is not None:
            guessed[f"{modality}_vector"] = found
    if not guessed and names:
        wanted = ("vector", "embedding", "embeddings", "vectors")
        guessed["vector"] = first_named(wanted, names) or next(filter(says_embedding, names), names[0])
    return guessed


def _last_resort(columns: Sequence[Column]) -> dict[str, Any]:
    """Lists of numbers of equal length as vectors, if nothing else could be an item's content."""
    lists = [
        column.name
        for column in columns
        if column.type == "numbers"
        and column.content
        and column.content.width > 1
        and not denies_embedding(column.name)
    ]
    return {"vector": lists[0]} if lists else {}
