"""Read and check the config.json and README of a saved head. Torch-free."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors

from qlatent.errors import ConfigError, InputError
from qlatent.registry import config_class, make_config, respelled

FORMAT = 2
READ = (1, FORMAT)
"""Format 1 called the width of every latent `qubits`."""
MODEL, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
FILES = (MODEL, CONFIG, CARD)
LARGEST_TEXT = 1_000_000
"""Maximum size of a config or README in bytes."""
_MAX_DEPTH = 32
_QLATENT_WROTE = "Use a config.json that qlatent wrote."


@dataclass(frozen=True, slots=True)
class HeadCard:
    """Parameter counts, metrics and encoder of a head; `facts` holds all other keys of the card as JSON values."""

    parameters: dict[str, int] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    encoder: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeadDocument:
    """A config.json: the head's name in the registry, its config, the normalisation of inputs, and the card.

    `values` are the stored settings in today's spelling, `config` the checked object made from them.
    """

    head: str
    config: Any
    values: dict[str, Any]
    normalise: str
    card: HeadCard


def read_document(file: Path) -> HeadDocument:
    """The document of a saved head, read from `file`; raises a `QlatentError` that names the file if it is invalid."""
    document = _read_json(file)
    version, name, values = (document.get(key) for key in ("format", "head", "config"))
    unknown = sorted(document.keys() - {"format", "head", "normalise", "config", "card"})
    if unknown:
        raise ConfigError(f"{file}: unknown key {unknown[0]!r}", remedy="Was it made by a newer version?")
    if not isinstance(version, int) or not isinstance(name, str) or not isinstance(values, dict):
        raise InputError(f"{file}: expected the keys format, head and config.", remedy=_QLATENT_WROTE)
    if version not in READ:
        raise InputError(
            f"{file}: format {version}, expected {' or '.join(map(str, READ))}.",
            remedy="It was made by another version: update qlatent.",
        )
    normalise = document.get("normalise", "l2")
    if normalise not in ("l2", "none"):
        raise InputError(
            f"{file}: normalise={normalise!r}, expected 'l2' or 'none'.", remedy="Save the head again."
        )
    try:
        cls = config_class("head", name)
        values = respelled(cls, values)
        config = make_config(cls, values)
    except ConfigError as err:
        raise ConfigError(f"{file}: {err.message}", remedy=err.remedy) from err
    return HeadDocument(name, config, values, normalise, _card(file, document.get("card", {})))


def check_files(folder: Path, *, readme: bool = True) -> HeadDocument:
    """The document of a head's folder, after checking the header of the weights and, if `readme`, the README.

    Raises `QlatentError` for an unreadable file. Only `saving.load` checks that the weights fit the config.
    """
    document = read_document(folder / CONFIG)
    if readme and (folder / CARD).exists():
        _read_text(folder / CARD)
    try:
        with safetensors.safe_open(folder / MODEL, framework="numpy"):
            pass
    except (safetensors.SafetensorError, OSError) as err:
        raise InputError(
            f"{folder / MODEL}: not a safetensors file ({err}).", remedy="Only safetensors are read."
        ) from err
    return document


def _card(file: Path, card: Any) -> HeadCard:
    """The card, with the types of its known keys checked."""
    wanted: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
        "parameters": ("an object of whole numbers", _are_counts),
        "metrics": ("an object of numbers", _are_figures),
        "encoder": ("a text", lambda value: isinstance(value, str)),
    }
    if not isinstance(card, dict):
        raise InputError(f"{file}: card is {_kind(card)}, expected an object.", remedy=_QLATENT_WROTE)
    for key, (said, fits) in wanted.items():
        if card.get(key) is not None and not fits(card[key]):
            raise InputError(
                f"{file}: card.{key} is {_kind(card[key])}, expected {said}.", remedy=_QLATENT_WROTE
            )
    given = {key: card[key] for key in wanted if card.get(key) is not None}
    return HeadCard(**given, facts={key: value for key, value in card.items() if key not in wanted})


def _are_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(type(each) is int for each in value.values())


def _are_figures(value: Any) -> bool:
    """Whether the value consists of numbers and nulls, in possibly nested objects or lists."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return all(
            each is None
            or _are_figures(each)
            or (isinstance(each, int | float) and not isinstance(each, bool))
            for each in inner
        )
    return False


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number") if not isinstance(value, dict) else "an object of other things"


def _read_json(file: Path) -> dict[str, Any]:
    text = _read_text(file)
    try:
        document = json.loads(text)
        _check_depth(document)
    except (ValueError, RecursionError) as err:
        raise InputError(f"{file}: not readable as JSON ({err}).", remedy="Save the head again.") from err
    if not isinstance(document, dict):
        raise InputError(f"{file}: not a JSON object.", remedy=_QLATENT_WROTE)
    return document


def _check_depth(value: Any, depth: int = 0) -> None:
    """Raises ValueError for deep nesting, which would overflow the stack, and for texts that UTF-8 cannot encode."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, str):
        value.encode()  # a lone surrogate raises UnicodeEncodeError, a ValueError
    if isinstance(value, dict):
        for key, each in value.items():
            key.encode()
            _check_depth(each, depth + 1)
    if isinstance(value, list):
        for each in value:
            _check_depth(each, depth + 1)


def _read_text(file: Path) -> str:
    """The text of a file; `InputError` if it is missing, too large or not UTF-8."""
    try:
        if file.stat().st_size > LARGEST_TEXT:
            raise InputError(f"{file}: larger than {LARGEST_TEXT:,} bytes.", remedy="Save the head again.")
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as err:
        raise InputError(
            f"{file}: the file is missing.", remedy="A head is a folder with this file."
        ) from err
    except (OSError, ValueError) as err:
        raise InputError(f"{file}: not readable as text ({err}).", remedy="Save the head again.") from err
