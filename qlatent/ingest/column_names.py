"""Parse column names: their words without case and separators, and the part of an item that they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_QUALIFIERS = frozenset((
    "html", "raw", "clean", "cleaned", "text", "txt", "str", "string", "value", "src", "source", "original",
    "usd", "eur", "gbp", "inr", "en", "english", "de", "fr", "es", "it",
))  # fmt: skip
_EMBEDDING = frozenset((
    "embedding", "embeddings", "embed", "embeds", "emb", "embs", "vector", "vectors", "vec", "vecs",
    "encoding", "encodings", "encoded", "latent", "latents", "representation", "representations", "feature",
    "features", "feat", "feats", "clip", "bert", "sbert", "minilm", "openai", "ada", "hidden", "pooled",
    "dense", "activations",
))  # fmt: skip
_MODALITIES = {
    "image": "image", "img": "image", "images": "image", "picture": "image", "photo": "image", "visual": "image",
    "text": "text", "txt": "text", "title": "text", "caption": "text", "sentence": "text", "description": "text",
}  # fmt: skip
_NO_EMBEDDING = frozenset((
    "label", "labels", "class", "classes", "target", "targets", "bbox", "bboxes", "box", "boxes",
    "bounding", "token", "tokens", "ids", "id", "mask", "masks", "score", "scores", "prob", "probs",
    "probability", "probabilities", "logit", "logits", "rating", "ratings", "count", "counts", "coordinate",
    "coordinates", "coord", "coords", "position", "positions", "location", "latlon", "lat", "lon", "geo",
    "size", "sizes", "shape", "keypoints", "landmarks", "polygon", "segmentation", "tags", "categories",
    "category", "onehot", "hot", "price", "prices", "date", "dates", "offsets", "span", "spans", "indices",
    "index", "votes", "color", "colour", "rgb", "length", "lengths", "range",
))  # fmt: skip


def plain(name: str) -> str:
    """A column name without case and separators: "Item ID", "ItemId" and "item_id" are equal."""
    return re.sub(r"[\W_]+", "_", _CAMEL.sub("_", name.strip()).casefold()).strip("_")


def words(name: str) -> tuple[str, ...]:
    """The words of a name: "Body (HTML)" → body, html."""
    return tuple(word for word in plain(name).split("_") if word)


def heads(name: str) -> tuple[str, ...]:
    """The words of a name without trailing qualifiers of language, currency and format."""
    kept = list(words(name))
    while len(kept) > 1 and kept[-1] in _QUALIFIERS:
        kept.pop()
    return tuple(kept)


def first_named(wanted: Iterable[str], names: Sequence[str]) -> str | None:
    """The first name that equals a wanted one exactly, or else by its words without qualifiers."""
    whole = {plain(name): name for name in reversed(names)}
    short = {"_".join(heads(name)): name for name in reversed(names)}
    listed = list(wanted)
    return next((by[name] for by in (whole, short) for name in listed if name in by), None)


def ending_in(wanted: Iterable[str], names: Sequence[str]) -> str | None:
    """The name with the fewest words among those whose last word is wanted."""
    listed = set(wanted)
    found = [name for name in names if heads(name)[-1:] and heads(name)[-1] in listed]
    return min(found, key=lambda name: len(words(name)), default=None)


def says_embedding(name: str) -> bool:
    """Whether a name indicates an embedding: clip_embedding, vec, or just image, text or x."""
    parts = words(name)
    whole = len(parts) == 1 and (parts[0] in ("image", "text", "x", "z"))
    return (whole or bool(_EMBEDDING & set(parts))) and not denies_embedding(name)


def denies_embedding(name: str) -> bool:
    """Whether a name indicates numbers other than an embedding: labels, boxes, token ids, scores."""
    return bool(_NO_EMBEDDING & set(words(name)[-1:])) or bool(
        {"label", "labels", "bbox", "token", "tokens", "input", "attention"} & set(words(name))
    )


def modality_of(name: str) -> str | None:
    """The modality that a name indicates, "image" or "text", or None."""
    return next((_MODALITIES[word] for word in words(name) if word in _MODALITIES), None)
