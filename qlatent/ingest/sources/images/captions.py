"""Read captions and metadata of images from text or JSON files of the same name, or from one file for all (COCO)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, TypeGuard

from qlatent.errors import InputError
from qlatent.ingest.cells.json_text import NotJson, parse
from qlatent.ingest.cells.values import as_text
from qlatent.ingest.decoding import find_encoding, open_text
from qlatent.ingest.files.file_names import name_key
from qlatent.ingest.files.files import AbstractFiles
from qlatent.ingest.image_check import SUFFIXES
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import RefusedRow

TEXT_ENDINGS = (".txt", ".caption")
_MAX_SIDECAR = 1_000_000  # bytes; captions and metadata of one image are a few lines
_CAPTIONS = ("caption", "text", "description", "title", "alt", "prompt")
_LABELS = ("label", "class", "category")
_OWN = ("image", "id", "split")
_NUMBERS = re.compile(r"[-+\d.eE\s,;]+")

Facts = dict[str, Any]


class Beside:
    """Metadata of each image from sidecar files; `used` are those files, `notes` describes unreadable ones.

    Sidecars of `a/1.jpg` are `a/1.txt`, `a/1.caption`, `a/1.json` and `a/1.jpg.json`. A text file with numbers only
    (boxes in YOLO format) is not a caption.
    """

    def __init__(self, files: AbstractFiles, pictures: Iterable[str]) -> None:
        self.files = files
        self.notes: Counter[str] = Counter()
        keyed = {name_key(name): name for _, name in files.numbered}
        self._of = {picture: found for picture in pictures if (found := _sidecars(picture, keyed))}
        self.used = {name for names in self._of.values() for name in names}

    def __call__(self, picture: str) -> Facts:
        """Text, label and other metadata from the sidecars of an image; {} without sidecars."""
        facts: Facts = {}
        for name in self._of.get(picture, ()):
            read = _caption if name.lower().endswith(TEXT_ENDINGS) else _object
            try:
                found = read(self.files, name)
            except (RefusedRow, InputError, NotJson) as err:
                ending = PurePosixPath(name).suffix
                self.notes[f"{ending} file beside a picture left out: {_words(err)}"] += 1
                continue
            facts = {**found, **facts}
        return facts


def _words(err: Exception) -> str:
    return f"it is not {err}" if isinstance(err, NotJson) else str(err)


def _sidecars(picture: str, keyed: dict[str, str]) -> tuple[str, ...]:
    stem = str(PurePosixPath(picture).with_suffix(""))
    wanted = [base + ending for ending in (*TEXT_ENDINGS, ".json") for base in (stem, picture)]
    return tuple(keyed[name_key(name)] for name in wanted if name_key(name) in keyed)


def _content(files: AbstractFiles, name: str, *, limit: int) -> str:
    def opener() -> Any:
        return files.open(name)

    with open_text(opener, encoding=find_encoding(opener), newline=None) as stream:
        text = stream.read(limit + 1)
    if len(text) > limit:
        raise RefusedRow(f"it has more than {limit:,} characters")
    return text


def _caption(files: AbstractFiles, name: str) -> Facts:
    text = _content(files, name, limit=_MAX_SIDECAR).strip()
    if not text or _NUMBERS.fullmatch(text):
        raise RefusedRow("it holds numbers, no caption" if text else "it is empty")
    return {"text": text}


def _object(files: AbstractFiles, name: str) -> Facts:
    values = parse(_content(files, name, limit=_MAX_SIDECAR))
    if not isinstance(values, dict):
        raise RefusedRow("it holds no object with named values")
    return _facts(values)


def _facts(values: dict[str, Any]) -> Facts:
    """Metadata of an image from a JSON object: its caption as text, its label, and the rest under the original keys."""
    caption = next((key for key in _CAPTIONS if isinstance(values.get(key), str)), None)
    label = next((key for key in _LABELS if as_text(values.get(key)) and _is_plain(values[key])), None)
    facts = {
        f"{key} (json)" if key in (*_OWN, "text", "label") else key: value
        for key, value in values.items()
        if key not in (caption, label)
    }
    if caption:
        facts["text"] = values[caption]
    if label:
        facts["label"] = values[label]
    return facts


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


# --- COCO -------------------------------------------------------------------------------------------------


class CocoFile:
    """Captions and categories of images from a COCO file.

    The first caption of an image is its text; all others are kept as `captions`. The categories of its boxes become its
    label if they agree, else `categories`. Boxes and segmentations are not kept.
    """

    def __init__(self, document: dict[str, Any], files: AbstractFiles, name: str) -> None:
        names = {as_text(each.get("id")): each.get("name") for each in _objects(document.get("categories"))}
        self._captions: dict[str | None, list[str]] = {}
        self._categories: dict[str | None, list[str]] = {}
        for each in _objects(document.get("annotations")):
            if isinstance(each.get("caption"), str):
                self._captions.setdefault(as_text(each.get("image_id")), []).append(each["caption"])
            if each.get("category_id") is not None:
                number = as_text(each["category_id"])
                category = as_text(names.get(number, number)) or ""
                self._categories.setdefault(as_text(each.get("image_id")), []).append(category)
        self._ids: dict[str, str | None] = {}
        for each in _objects(document.get("images")):
            try:
                self._ids[files.find(str(each.get("file_name")), beside=name)] = as_text(each.get("id"))
            except RefusedRow:
                continue

    @property
    def pictures(self) -> int:
        """Number of its images that exist."""
        return len(self._ids)

    def __call__(self, picture: str) -> Facts:
        """Text, captions, label and categories of an image, as far as the file contains them."""
        if picture not in self._ids:
            return {}
        captions = self._captions.get(self._ids[picture], [])
        categories = list(dict.fromkeys(self._categories.get(self._ids[picture], [])))
        facts: Facts = {"text": captions[0]} if captions else {}
        if captions[1:]:
            facts["captions"] = captions[1:]
        if len(categories) == 1:
            facts["label"] = categories[0]
        elif categories:
            facts["categories"] = ", ".join(categories)
        return facts


class ByPicture:
    """Metadata from a JSON object keyed by image: {"a.png": "a chair"}, or with an object or captions for each."""

    def __init__(self, document: dict[str, Any], files: AbstractFiles, name: str) -> None:
        self._values: dict[str, Any] = {}
        for key, value in document.items():
            if key.lower().endswith(SUFFIXES):
                with suppress(RefusedRow):
                    self._values[files.find(key, beside=name)] = value

    @property
    def pictures(self) -> int:
        """Number of its images that exist."""
        return len(self._values)

    def __call__(self, picture: str) -> Facts:
        """The metadata of an image; {} if the file does not name it."""
        value = self._values.get(picture)
        if isinstance(value, dict):
            return _facts(value)
        if isinstance(value, list) and value and isinstance(value[0], str):
            return {"text": value[0], **({"captions": value[1:]} if value[1:] else {})}
        return {} if value is None else {"text" if isinstance(value, str) else "value": value}


def _objects(values: Any) -> list[dict[str, Any]]:
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def is_coco(document: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON document lists images with file names, as COCO does."""
    images = _objects(document.get("images")) if isinstance(document, dict) else []
    return bool(images) and all("file_name" in each for each in images[:20])


def read_document(files: AbstractFiles, name: str, *, limits: Limits) -> Any:
    """The content of a `.json` file; `RefusedRow` if it cannot be read."""
    try:
        return parse(_content(files, name, limit=limits.max_whole_bytes))
    except NotJson as err:
        raise RefusedRow(f"it is not {err}") from err


def merged(sources: Iterable[Callable[[str], Facts]], picture: str) -> Facts:
    """Metadata of an image merged from all sources; earlier sources take precedence."""
    facts: Facts = {}
    for source in sources:
        facts = {**source(picture), **facts}
    return facts
