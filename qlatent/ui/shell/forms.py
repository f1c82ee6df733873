"""Draws forms from config classes: one widget per field, by its type, bounds, title and description."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from pydantic import TypeAdapter

FEW = 4  # up to this many choices are shown side by side
SHORT = 64  # an integer range up to this long becomes a slider


def fields(cls: type) -> dict[str, dict[str, Any]]:
    """The JSON schema of each field of a config class, in order, with its `default`."""
    schema = TypeAdapter(cls).json_schema()
    shared = schema.get("$defs", {})
    return {name: _plain(part, shared) for name, part in schema.get("properties", {}).items()}


def _plain(part: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """A field's schema with references resolved and the null of an optional removed."""
    result = dict(part)
    if "$ref" in result:
        result = {**shared[result.pop("$ref").rsplit("/", 1)[-1]], **result}
    if "anyOf" in result:
        real = [option for option in result.pop("anyOf") if option.get("type") != "null"]
        result = {**_plain(real[0], shared), **result, "optional": True}
    return result


def form(
    cls: type, names: Sequence[str], *, key: str, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Draw the named fields and return the values that differ from the config's defaults.

    `given` replaces defaults, for values that the data decide; these are always returned.
    """
    known, given = fields(cls), given or {}
    values = {}
    for name in names:
        if name not in known:
            continue
        part = known[name] | ({"default": given[name]} if name in given else {})
        value = widget(name, part, key=f"{key}_{name}")
        default = part.get("default")
        if name in given or value != (tuple(default) if isinstance(default, list) else default):
            values[name] = value
    return values


def widget(name: str, part: Mapping[str, Any], *, key: str) -> Any:
    """Draw the widget of one field and return its value."""
    label = part.get("title") or name.replace("_", " ").capitalize()
    common: dict[str, Any] = {"help": part.get("description"), "key": key}
    kind, default = part.get("type"), part.get("default")
    if "enum" in part:
        return _choice(label, part["enum"], default, common)
    if kind == "boolean":
        return st.toggle(label, value=bool(default), **common)
    if kind == "integer":
        return _whole(label, part, common)
    if kind == "number":
        return _real(label, part, common)
    if kind == "array":
        options = part.get("items", {}).get("enum") or list(default or ())
        chosen = st.pills(label, options, selection_mode="multi", default=list(default or ()), **common)
        return tuple(chosen or ())
    text = st.text_input(label, value="" if default is None else str(default), **common)
    return None if part.get("optional") and not text else text


def _choice(label: str, options: Sequence[Any], default: Any, common: Mapping[str, Any]) -> Any:
    if len(options) <= FEW:
        return st.segmented_control(
            label, options, default=default, required=True, format_func=_words, **common
        )
    index = options.index(default) if default in options else 0
    return st.selectbox(label, options, index=index, format_func=_words, **common)


def _words(value: Any) -> str:
    return str(value).replace("_", " ")


def _whole(label: str, part: Mapping[str, Any], common: Mapping[str, Any]) -> int:
    low, high, default = part.get("minimum"), part.get("maximum"), part.get("default", 0)
    if low is not None and high is not None and high - low <= SHORT:
        return st.slider(label, low, high, default, **common)
    return int(st.number_input(label, min_value=low, max_value=high, value=default, step=1, **common))


def _real(label: str, part: Mapping[str, Any], common: Mapping[str, Any]) -> float:
    default, high = float(part.get("default") or 0), part.get("maximum")
    low = part.get("minimum")
    step = 10.0 ** math.floor(math.log10(default)) if default > 0 else 0.1
    return float(
        st.number_input(
            label,
            min_value=None if low is None else float(low),
            max_value=None if high is None else float(high),
            value=default,
            step=step,
            format="%.4g",
            **common,
        )
    )
