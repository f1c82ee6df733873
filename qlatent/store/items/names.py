"""Names that are safe in URLs, file systems and LanceDB."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from itertools import count

from qlatent.errors import StoreError

VIEWS = "views"
"""Prefix of the modalities of augmented views, which are stored separately and never offered as vectors."""

_DATASET = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


def slug(name: str) -> str:
    """The name in lower-case ASCII letters, digits and single hyphens, at most 48 characters, never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:48].strip("-") or "dataset"


def slugs(name: str) -> Iterator[str]:
    """The slug of a name, then the slug followed by -2, -3, …, without end."""
    first = slug(name)
    yield first
    for number in count(2):
        yield f"{first}-{number}"


def dataset_table(dataset: str) -> str:
    """The table name of a dataset's rows; an id that is not a slug raises `StoreError`."""
    if not _DATASET.fullmatch(dataset):
        raise StoreError(
            f"{dataset!r} is not a dataset id: expected lower-case letters, digits, '-' and '_'.",
            remedy="Use an id from the list of datasets.",
        )
    return f"items.{dataset}"


def vectors_prefix(encoder_key: str, modality: str) -> str:
    """The prefix of the names of the vector tables of an encoder and modality; safe for any key.

    It has a readable part of the key, and eight digits of its hash to distinguish keys that differ only in case or
    punctuation.
    """
    digits = hashlib.blake2b(encoder_key.encode(), digest_size=4).hexdigest()
    readable = re.sub(r"[^a-z0-9]+", "-", encoder_key.lower())[:40].strip("-")
    return f"vectors.{readable}-{digits}.{slug(modality)}."


def view(image_hash: str, number: int) -> str:
    """The name of an image's view, which takes the place of the content hash."""
    return f"{image_hash}.{number}"


def image_of(view_name: str) -> str:
    """The hash of a view's image."""
    return view_name.partition(".")[0]
