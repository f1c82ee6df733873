"""Which column is what: the mapping a person chooses, and the guess it starts from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from qlatent.errors import ConfigError, InputError
from qlatent.registry import did_you_mean


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a source: its type is text, number, image, url, vector, other or empty."""

    name: str
    type: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column gives which part of an item; several text columns are joined with ". ".

    `image_vector`, `text_vector` and `vector` name columns of ready embeddings. Every column that is not
    named is kept as metadata, except images and vectors.
    """

    id: str | None = None
    image: str | None = None
    text: tuple[str, ...] = ()
    label: str | None = None
    split: str | None = None
    price: str | None = None
    image_vector: str | None = None
    text_vector: str | None = None
    vector: str | None = None

    @property
    def vectors(self) -> dict[str, str]:
        """Modality → column of the ready embeddings."""
        named = {"image": self.image_vector, "text": self.text_vector, "vector": self.vector}
        return {modality: column for modality, column in named.items() if column is not None}

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is used, each once."""
        single = (self.id, self.image, *self.text, self.label, self.split, self.price, *self.vectors.values())
        return tuple(dict.fromkeys(name for name in single if name is not None))

    def as_dict(self) -> dict[str, Any]:
        """The mapping as plain JSON values."""
        return {**asdict(self), "text": list(self.text)}

    @classmethod
    def from_dict(cls, values: AbstractMapping[str, Any]) -> Mapping:
        """The mapping written by `as_dict`; `text` may be one name. An unknown key is a `ConfigError`."""
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                raise ConfigError(f"unknown key {key!r} in the mapping", remedy=did_you_mean(key, known))
        text = values.get("text") or ()
        text = (text,) if isinstance(text, str) else tuple(text)
        given: dict[str, Any] = {key: value or None for key, value in values.items()}
        return cls(**{**given, "text": text})


def check_mapping(mapping: Mapping, columns: Sequence[Column], *, source: str) -> None:
    """Raises an `InputError` when a mapped column is not there, or when no item could have a content."""
    present = [column.name for column in columns]
    listed = ", ".join(present)
    for name in mapping.columns:
        if name not in present:
            raise InputError(
                f"{source} has no column {name!r}.", remedy=f"Choose among its columns: {listed}."
            )
    if not (mapping.image or mapping.text or mapping.vectors):
        raise InputError(
            f"No column of {source} is mapped to an image, a text or a vector.",
            remedy=f"Choose among its columns: {listed}.",
        )


_IDS = (
    "id", "item_id", "listing_id", "product_id", "sku", "asin", "uid", "uuid", "guid", "image_id", "qid",
    "key", "row", "index",
)  # fmt: skip
_IMAGES = (
    "image", "image_path", "image_file", "file_name", "filename", "file", "img", "photo", "picture", "path",
    "image_name", "img_path", "source_path",
)  # fmt: skip
_TITLES = ("title", "name", "product_name", "headline")
_BODIES = ("description", "body", "details", "abstract", "text", "content")
_TEXTS = ("text", "caption", "sentence", "content", "message", "review", "query", "captions")
_LABELS = (
    "label", "category", "class", "class_name", "coarse_name", "product_type", "type", "topic", "intent",
    "labels", "brand",
)  # fmt: skip
_SPLITS = ("split", "subset", "partition", "fold")
_PRICES = ("price", "amount", "cost")


def guess_mapping(columns: Sequence[Column]) -> Mapping:
    """A sensible first mapping from names and types of the columns; every part of it can be changed."""
    vectors = _guess_vectors(columns)
    plain = [column for column in columns if column.type in ("text", "number", "empty")]
    image = _guess_image(columns)
    plain = [column for column in plain if column.name != image]
    texts = _guess_texts(
        [column for column in plain if column.type != "number"], bare=not image and not vectors
    )
    rest = [column.name for column in plain if column.name not in texts]
    return Mapping(
        id=_first(_IDS, rest),
        image=image,
        text=texts,
        label=_first(_LABELS, rest),
        split=_first(_SPLITS, rest),
        price=_first(_PRICES, rest),
        **vectors,
    )


def plain(name: str) -> str:
    """A column name without case and separators: "Item ID" and "item_id" are one."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _first(wanted: Iterable[str], names: Sequence[str]) -> str | None:
    by_plain = {plain(name): name for name in reversed(names)}
    return next((by_plain[name] for name in wanted if name in by_plain), None)


def _guess_image(columns: Sequence[Column]) -> str | None:
    pictures = [column.name for column in columns if column.type == "image"]
    if pictures:
        return _first(_IMAGES, pictures) or pictures[0]
    return None


def _guess_texts(columns: Sequence[Column], *, bare: bool) -> tuple[str, ...]:
    """Title and description together, else a column called text, else (for want of others) the longest."""
    names = [column.name for column in columns]
    listing = tuple(name for name in (_first(_TITLES, names), _first(_BODIES, names)) if name)
    if listing:
        return listing
    named = _first(_TEXTS, names)
    if named:
        return (named,)
    free = [
        column
        for column in columns
        if column.type == "text" and plain(column.name) not in (*_IDS, *_LABELS, *_SPLITS, *_PRICES)
    ]
    if not bare or not free:
        return ()
    return (max(free, key=lambda column: len(column.sample)).name,)


def _guess_vectors(columns: Sequence[Column]) -> dict[str, str]:
    names = [column.name for column in columns if column.type == "vector"]
    found = {f"{modality}_vector": _about(modality, names) for modality in ("image", "text")}
    guessed = {key: name for key, name in found.items() if name is not None}
    if not guessed and names:
        guessed["vector"] = _first(("vector", "embedding", "embeddings", "vectors"), names) or names[0]
    return guessed


def _about(modality: str, names: Sequence[str]) -> str | None:
    """The first vector column whose name says the modality: image, image_embedding, embedding_image."""
    return next((name for name in names if modality in plain(name).split("_")), None)
