"""The mapping from columns to the parts of an item."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from qlatent.errors import ConfigError, InputError
from qlatent.ingest.column import Column
from qlatent.registry import did_you_mean


@dataclass(frozen=True, slots=True)
class Mapping:
    """The column for each part of an item; several text columns are joined with ". ".

    `image_vector`, `text_vector` and `vector` name columns of precomputed embeddings. All other columns are kept as
    metadata, except images and vectors.
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
        """The column of precomputed embeddings by modality."""
        named = {"image": self.image_vector, "text": self.text_vector, "vector": self.vector}
        return {modality: column for modality, column in named.items() if column is not None}

    @property
    def columns(self) -> tuple[str, ...]:
        """All mapped columns without repetition."""
        single = (self.id, self.image, *self.text, self.label, self.split, self.price, *self.vectors.values())
        return tuple(dict.fromkeys(name for name in single if name is not None))

    def as_dict(self) -> dict[str, Any]:
        """The mapping as JSON values."""
        return {**asdict(self), "text": list(self.text)}

    @classmethod
    def from_dict(cls, values: AbstractMapping[str, Any]) -> Mapping:
        """The mapping written by `as_dict`; `text` may be a single name. `ConfigError` for an unknown key."""
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                raise ConfigError(f"unknown key {key!r} in the mapping", remedy=did_you_mean(key, known))
        text = values.get("text") or ()
        text = (text,) if isinstance(text, str) else tuple(text)
        given: dict[str, Any] = {key: value or None for key, value in values.items()}
        return cls(**{**given, "text": text})


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
