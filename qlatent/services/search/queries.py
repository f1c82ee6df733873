"""Turn texts, images, items and sums of these into a vector of the space that is searched."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.services.search import models, pictures, stored_vectors
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.services.vectors import known_encoders, stored
from qlatent.store.workspace import Workspace

KINDS = ("text", "image", "item", "vector")
WORDS = "words"  # the kind of a term that is looked for in the texts, not encoded
_IMAGE_FIRST = ("image", "text", "vector")


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a query: a text, the bytes of an image, the id of an item, or a vector in base64, with its weight."""

    kind: str
    value: str | bytes
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: one term, or a sum of terms such as item a + item b − item c."""

    terms: tuple[Term, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """The ids of the items in the query, which it never finds."""
        return tuple(str(term.value) for term in self.terms if term.kind == "item")

    @property
    def words(self) -> str | None:
        """The words that are looked for in the texts, None for a query by vectors."""
        only = self.terms[0] if len(self.terms) == 1 else None
        return str(only.value) if only and only.kind == WORDS else None

    def document(self) -> dict[str, Any]:
        """The query as JSON values; images are in base64, see `frozen` for a smaller form."""
        return {"terms": [[term.kind, _plain(term.value), term.weight] for term in self.terms]}


class QueryVector(NamedTuple):
    """A vector (d,) of an encoder's space and the modality it comes from."""

    vector: NDArray[np.float32]
    modality: str


def text(words: str) -> Query:
    """A query by text."""
    return Query((Term("text", words),))


def words(written: str) -> Query:
    """A query for words in the texts, as `words.parts` reads them."""
    return Query((Term(WORDS, written),))


def image(content: bytes) -> Query:
    """A query by the bytes of an image file."""
    return Query((Term("image", content),))


def items(plus: Sequence[str], minus: Sequence[str] = ()) -> Query:
    """A query by items: their directions added, those of `minus` taken away."""
    return Query((*(Term("item", each) for each in plus), *(Term("item", each, -1.0) for each in minus)))


def of(document: Mapping[str, Any]) -> Query:
    """The query of `Query.document`; another document raises `InputError`."""
    try:
        found = [Term(str(kind), value, float(weight)) for kind, value, weight in document["terms"]]
        return Query(
            tuple(
                Term(each.kind, base64.b64decode(each.value, validate=True), each.weight)
                if each.kind == "image"
                else each
                for each in found
            )
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as err:
        raise InputError(
            f"A search cannot be read from {str(document)[:80]!r}.", remedy="Search anew, and save it again."
        ) from err


def frozen(workspace: Workspace, query: Query, space: InputSpace) -> Query:
    """The query with each image replaced by its vector, small enough to be saved."""
    return Query(
        tuple(
            Term("vector", _encoded(_of_image(workspace, term.value, space).vector), term.weight)
            if term.kind == "image"
            else term
            for term in query.terms
        )
    )


def space_of(
    workspace: Workspace,
    dataset: str,
    *,
    encoder: str | None = None,
    modality: str | None = None,
) -> InputSpace:
    """The space to search: by default of the only encoder of the dataset, and among images if there are any.

    Unknown datasets, encoders and modalities raise an error with the known ones.
    """
    key = encoder or stored.choose(workspace, dataset)
    workspace.catalogue.dataset(dataset)
    have = stored_vectors.widths(workspace, dataset, key)
    if modality is not None and modality not in have:
        raise InputError(
            f"{dataset!r} has no {modality} vectors of {key}; it has {' and '.join(have)}.",
            remedy="Search among these, or encode the dataset.",
        )
    return InputSpace(dataset, key, modality or next(each for each in _IMAGE_FIRST if each in have))


def vector(workspace: Workspace, query: Query, space: InputSpace) -> QueryVector:
    """The vector of a query in an input space.

    One term of weight 1 keeps its length; of sums, the unit vectors are added. An empty text, bytes that are no image,
    an unknown item, one without a vector, and a sum without direction raise `InputError`; an encoder that is not
    installed raises `UnavailableError`.
    """
    if not query.terms:
        raise InputError("There is nothing to search for.", remedy="Give a text, an image or an item.")
    found = [_of_term(workspace, term, space) for term in query.terms]
    if len(found) == 1 and query.terms[0].weight == 1.0:
        return found[0]
    total = sum(
        term.weight * lengths.unit(each.vector.astype(np.float64))
        for term, each in zip(query.terms, found, strict=True)
    )
    if not np.isfinite(total).all() or np.linalg.norm(total) < 1e-6:
        raise InputError("The sum of the terms has no direction.", remedy="Use other items or weights.")
    return QueryVector(np.asarray(total, dtype=np.float32), found[0].modality)


def row_of(workspace: Workspace, dataset: str, item: str) -> int:
    """The row of the item with this id; an unknown id raises `InputError`."""
    row = pc.index(stored_vectors.ids(workspace, dataset), item).as_py()
    if row < 0:
        raise InputError(
            f"{dataset!r} has no item {item!r}.", remedy=f"List its items with `qlatent items {dataset}`."
        )
    return int(row)


def _of_term(workspace: Workspace, term: Term, space: InputSpace) -> QueryVector:
    if term.kind == "text":
        return _of_text(workspace, str(term.value), space)
    if term.kind == "image":
        return _of_image(workspace, term.value, space)
    if term.kind == "item":
        return _of_item(workspace, str(term.value), space)
    if term.kind == "vector":
        return QueryVector(_read(term.value), space.modality)
    raise InputError(f"{term.kind!r} is no kind of query.", remedy=f"Use one of {', '.join(KINDS)}.")


def _of_text(workspace: Workspace, words: str, space: InputSpace) -> QueryVector:
    if not words.strip():
        raise InputError("The text to search for is empty.", remedy="Write a word or a sentence.")
    _check_reads("text", space)
    return QueryVector(models.text_vector(workspace, space.encoder, words), "text")


def _of_image(workspace: Workspace, content: str | bytes, space: InputSpace) -> QueryVector:
    checked = pictures.checked(content if isinstance(content, bytes) else b"")
    _check_reads("image", space)
    return QueryVector(models.image_vector(workspace, space.encoder, checked), "image")


def _of_item(workspace: Workspace, item: str, space: InputSpace) -> QueryVector:
    """The item's own vector, of the searched modality or else of another one of the same joint encoder."""
    row = row_of(workspace, space.dataset, item)
    joint = known_encoders.modalities(space.encoder)
    for modality in (space.modality, *(each for each in joint if each != space.modality)):
        vectors = stored_vectors.of(workspace, space._replace(modality=modality))
        if vectors.shape[1] and stored.whole(vectors[row : row + 1])[0]:
            return QueryVector(np.array(vectors[row]), modality)
    raise InputError(
        f"The item {item!r} has no {space.modality} vector of {space.encoder}.",
        remedy="Choose another item, or encode the dataset.",
    )


def _check_reads(given: str, space: InputSpace) -> None:
    """Raise `InputError` if a known encoder does not read what is given and what is searched."""
    known = known_encoders.modalities(space.encoder)
    for each in (given, space.modality):
        if known and each not in known:
            raise InputError(
                f"The encoder {space.encoder} reads {' and '.join(known)}, not {each}.",
                remedy="Search with another encoder that the dataset was encoded with.",
            )


def _plain(value: str | bytes) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _encoded(values: NDArray[np.float32]) -> str:
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def _read(value: str | bytes) -> NDArray[np.float32]:
    try:
        return np.frombuffer(base64.b64decode(value, validate=True), dtype="<f4").astype(np.float32)
    except (ValueError, binascii.Error) as err:
        raise InputError("The vector of this search cannot be read.", remedy="Search anew.") from err
