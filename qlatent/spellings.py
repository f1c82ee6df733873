"""The one table of old spellings: what a stored document or a person may still write, and today's word for it.

It is applied to settings of heads wherever they come from (`--set`, `qlatent.create`, `config.json`, experiments,
URLs) and to run specs.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Literal

from qlatent.errors import ConfigError

Kind = Literal["settings", "spec"]
"""What is read: the settings of a head (alone, or beside those of objective and training), or the spec of a run."""

KEYS: dict[Kind, dict[str, str]] = {
    # the width of the latent: `qubits` where the head has qubits, `dim` where it has none; each accepts the other
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
    """The mapping in today's spelling, in its order; `known` are the keys that its reader has.

    Two spellings of one setting at once are a `ConfigError`. Keys and values that the table lacks stay as they are.
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
