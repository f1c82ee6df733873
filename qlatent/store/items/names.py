"""Names that are safe in addresses, file systems and LanceDB."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from itertools import count

from qlatent.errors import StoreError

VIEWS = "views"
"""What the modality of augmented views begins with: they are kept apart, and are nobody's vectors to choose."""

_DATASET = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


def slug(name: str) -> str:
    """The name in lower-case ascii letters, digits and single hyphens, at most 48 characters; never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:48].strip("-") or "dataset"


def slugs(name: str) -> Iterator[str]:
    """The slug of a name, then the same with -2, -3, … behind it, without end."""
    first = slug(name)
    yield first
    for number in count(2):
        yield f"{first}-{number}"


def dataset_table(dataset: str) -> str:
    """The table of a dataset's rows; an id that is no slug is a `StoreError`."""
    if not _DATASET.fullmatch(dataset):
        raise StoreError(
            f"{dataset!r} is not a dataset id: expected lower-case letters, digits, '-' and '_'.",
            remedy="Use the id that the list of datasets shows.",
        )
    return f"items.{dataset}"


def vectors_prefix(encoder_key: str, modality: str) -> str:
    """What the names of the vector tables of one encoder and modality begin with; safe for any key.

    A readable part of the key for whoever looks into the folder, and eight digits of its hash, so that keys
    that differ only in case or punctuation stay apart.
    """
    digits = hashlib.blake2b(encoder_key.encode(), digest_size=4).hexdigest()
    readable = re.sub(r"[^a-z0-9]+", "-", encoder_key.lower())[:40].strip("-")
    return f"vectors.{readable}-{digits}.{slug(modality)}."


def view(image_hash: str, number: int) -> str:
    """Under what the vector of an image's view is kept where others have a content's hash."""
    return f"{image_hash}.{number}"


def image_of(view_name: str) -> str:
    """The hash of the image that a view is of."""
    return view_name.partition(".")[0]
