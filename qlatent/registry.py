"""Everything that can be picked by name. Torch-free: classes are imported when they are asked for.

Adding a head, an encoder, an objective or a metric is one file, one config and one line here; the picker, the
form, the command line, the comparison and the contract tests follow from it.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from qlatent.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be picked: `target` and `config` are "module:Name"."""

    name: str
    title: str
    summary: str
    target: str
    config: str
    family: str = ""  # heads: quantum | classical


def _table(*entries: Entry) -> dict[str, Entry]:
    return {entry.name: entry for entry in entries}


HEADS = _table(
    Entry("acqua", "CLIP-ACQUA", "Two hybrid autoencoders; a dressed quantum circuit between linear layers.",
          "qlatent.heads.dressed:DressedHead", "qlatent.heads.configs:AcquaConfig", "quantum"),
    Entry("acqua_twin", "CLIP-ACQUA, classical twin", "The same with each circuit replaced by tanh(Linear).",
          "qlatent.heads.dressed:DressedHead", "qlatent.heads.configs:AcquaTwinConfig", "classical"),
    Entry("acqua_linear", "CLIP-ACQUA, linear", "The same with nothing between the linear layers.",
          "qlatent.heads.dressed:DressedHead", "qlatent.heads.configs:AcquaLinearConfig", "classical"),
)  # fmt: skip

ENCODERS = _table(
    Entry("builtin", "Built-in tiny CLIP", "Works offline; knows drawn listings only. 512-d.",
          "qlatent.encoders.builtin:BuiltinEncoder", "qlatent.encoders.configs:BuiltinConfig"),
    Entry("clip", "CLIP (open_clip)", "Any open_clip architecture and weights, or a local safetensors checkpoint.",
          "qlatent.encoders.clip:ClipEncoder", "qlatent.encoders.configs:ClipConfig"),
    Entry("text", "Text (transformers)", "Any transformers encoder, mean-pooled; hub id or local folder.",
          "qlatent.encoders.text:TextEncoder", "qlatent.encoders.configs:TextConfig"),
)  # fmt: skip

OBJECTIVES = _table(
    Entry("acqua", "Reconstruction + pair distance", "CLIP-ACQUA's own loss.",
          "qlatent.objectives.acqua:AcquaObjective", "qlatent.objectives.configs:AcquaObjectiveConfig"),
)  # fmt: skip

TABLES = {"head": HEADS, "encoder": ENCODERS, "objective": OBJECTIVES}


def entry(kind: str, name: str) -> Entry:
    """The entry of a name; an unknown one is a `ConfigError` with the nearest names."""
    table = TABLES[kind]
    if name not in table:
        raise ConfigError(f"There is no {kind} called {name!r}.", remedy=did_you_mean(name, table))
    return table[name]


def resolve(target: str) -> Any:
    """The object behind "module:Name"."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def config_class(kind: str, name: str) -> type:
    """The frozen config of an entry (a pydantic dataclass); importing it never imports torch."""
    return resolve(entry(kind, name).config)


def make_config(cls: type, values: Mapping[str, Any]) -> Any:
    """A checked config: unknown keys and values out of range are `ConfigError`s that name the key."""
    known = [field.name for field in dataclasses.fields(cls)]
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown key {key!r}", remedy=did_you_mean(key, known))
    try:
        return TypeAdapter(cls).validate_python(dict(values))
    except ValidationError as err:
        first = err.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or cls.__name__
        raise ConfigError(f"{name}={first['input']!r}: {first['msg']}.", remedy=f"Change {name}.") from err


def did_you_mean(name: str, known: Any) -> str:
    """A remedy that offers the nearest known names, or lists them all."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return "Known: " + ", ".join(sorted(known)) + "."
