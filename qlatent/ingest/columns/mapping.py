"""Which column is what: the mapping a person chooses."""

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
