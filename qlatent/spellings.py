"""The table of old spellings of settings and spec fields, with their present spellings.

It is applied to all settings of heads (`--set`, `qlatent.create`, `config.json`, experiments, URLs) and to run specs.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Literal

from qlatent.errors import ConfigError

Kind = Literal["settings", "spec"]
"""The kind of document: settings of a head (alone or with those of objective and training), or a run spec."""

KEYS: dict[Kind, dict[str, str]] = {
    # latent width: `qubits` for heads with qubits, `dim` for others; each accepts the other
    "settings": {"qubits": "dim", "dim": "qubits"},
    "spec": {},
}
"""Old key → new key. A key is replaced only where it is unknown and the new one is known."""

VALUES: dict[Kind, dict[str, dict[str, str]]] = {
    "settings": {},
    "spec": {
        "kind": {"retrieval": "retrieval_evaluation"},
        "source": {"relevance": "retrieval"},
    },
}
"""Key → old value → new value."""


def current(kind: Kind, mapping: Mapping[str, Any], *, known: Container[str] = ()) -> dict[str, Any]:
    """The mapping in present spelling and unchanged order; `known` are the keys of its reader.

    Two spellings of one setting raise `ConfigError`. Keys and values that are not in the table are unchanged.
    """
    found: dict[str, Any] = {}
    for key, value in mapping.items():
        new = _key(kind, key, known)
        if new != key and new in mapping:
            raise ConfigError(
                f"{key}={value!r} and {new}={mapping[new]!r}: both name the same setting.",
                remedy=f"Give {new} alone.",
            )
        found[new] = _value(kind, new, value)
    return found


def _key(kind: Kind, key: str, known: Container[str]) -> str:
    new = KEYS[kind].get(key, key)
    return new if key not in known and new in known else key


def _value(kind: Kind, key: str, value: Any) -> Any:
    words = VALUES[kind].get(key, {})
    return words.get(value, value) if isinstance(value, str) else value
