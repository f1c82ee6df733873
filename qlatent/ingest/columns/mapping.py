"""The mapping from columns to the parts of an item."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from qlatent.errors import ConfigError, InputError
from qlatent.ingest.column import Column
from qlatent.registry import did_you_mean

HIDDEN = "hidden"
ROLES = ("listing_id", "seller", "currency", "date", "category", "flag", "risk", HIDDEN)
"""What a column that is kept as metadata may mean. Hidden columns are neither shown to analysts nor learned from."""
_SEVERAL = ("text", "images", HIDDEN)  # of which several columns may be one


@dataclass(frozen=True, slots=True)
class Mapping:
    """The column for each part of an item, and what other columns mean; several text columns are joined with ". ".

    `images` are columns of further pictures of the item. `image_vector`, `text_vector` and `vector` name columns of
    precomputed embeddings. All other columns are kept as metadata, except images and vectors, and so are those that
    `ROLES` names; where `listing_id` is the id as well, a row that repeats it with another date, price, text or
    picture is a version of the listing.
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
    images: tuple[str, ...] = ()
    listing_id: str | None = None
    seller: str | None = None
    currency: str | None = None
    date: str | None = None
    category: str | None = None
    flag: str | None = None
    risk: str | None = None
    hidden: tuple[str, ...] = ()

    @property
    def vectors(self) -> dict[str, str]:
        """The column of precomputed embeddings by modality."""
        named = {"image": self.image_vector, "text": self.text_vector, "vector": self.vector}
        return {modality: column for modality, column in named.items() if column is not None}

    @property
    def parts(self) -> tuple[str, ...]:
        """The columns that become parts of an item, without repetition."""
        single = (self.id, self.image, *self.images, *self.text, self.label, self.split, self.price)
        return tuple(dict.fromkeys(name for name in (*single, *self.vectors.values()) if name is not None))

    @property
    def roles(self) -> dict[str, str]:
        """What the columns that are kept as metadata mean: column → one of `ROLES`; hidden outweighs the others."""
        named = {getattr(self, role): role for role in reversed(ROLES) if role != HIDDEN}
        named |= dict.fromkeys(self.hidden, HIDDEN)
        return {column: role for column, role in named.items() if column is not None and column != self.id}

    @property
    def columns(self) -> tuple[str, ...]:
        """All mapped columns without repetition."""
        return tuple(dict.fromkeys((*self.parts, *self.roles)))

    @property
    def has_versions(self) -> bool:
        """Whether a row that repeats an id may be a version of the same listing."""
        return self.id is not None and self.listing_id == self.id

    def as_dict(self) -> dict[str, Any]:
        """The mapping as JSON values."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    def content(self) -> dict[str, Any]:
        """What of the mapping decides about the content of items, as JSON values; without what columns mean."""
        left_out = {*ROLES, *(() if self.images else ("images",))}
        return {key: value for key, value in self.as_dict().items() if key not in left_out}

    @classmethod
    def from_dict(cls, values: AbstractMapping[str, Any]) -> Mapping:
        """The mapping written by `as_dict`; `ConfigError` for an unknown key.

        `text`, `images` and `hidden` may be single names.
        """
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                raise ConfigError(f"unknown key {key!r} in the mapping", remedy=did_you_mean(key, known))
        given: dict[str, Any] = {key: value or None for key, value in values.items()}
        for key in _SEVERAL:
            names = given.get(key) or ()
            given[key] = (names,) if isinstance(names, str) else tuple(names)
        return cls(**given)


def check_mapping(mapping: Mapping, columns: Sequence[Column], *, source: str) -> None:
    """Raises `InputError` if a mapped column is missing, or if no column gives items any content."""
    present = {name for column in columns for name in (column.name, *column.parts)}
    listed = ", ".join(column.name for column in columns)
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
