"""Names the heads of a retrieval evaluation for people."""

from __future__ import annotations

from typing import Any

from qlatent import registry
from qlatent.services.experiments import grid
from qlatent.services.heads import kept_heads as kept_heads
from qlatent.services.retrieval import searched_heads
from qlatent.ui.shell import page


def plain_name(name: str) -> str:
    """The label of a registered head, or of the vectors themselves."""
    return "The vectors themselves" if name == searched_heads.NONE else registry.HEADS[name].label


def head_name(head: str) -> str:
    """A head with its dimension and settings, "QBEC, 64-d, input scale 7.84"; a kept head by its name."""
    if head == searched_heads.NONE:
        return plain_name(head)
    if head.startswith(grid.KEPT):
        kept = kept_heads.list_heads(page.workspace())
        return next((each.name for each in kept if head == f"{grid.KEPT}{each.id}"), head)
    name, *own = head.split(":")
    if name not in registry.HEADS:
        return head
    return ", ".join([registry.HEADS[name].title, *map(_setting, own)])


def _setting(setting: str) -> str:
    """A setting "key=value" in words; the width of the latent has two keys."""
    key, _, value = setting.partition("=")
    return f"{value}-d" if key in ("qubits", "dim") else setting.replace("_", " ").replace("=", " ")


def row_name(row: dict[str, Any]) -> str:
    """The name of the head of a row of results; the row's own title if the head was removed."""
    known = head_name(row["head"])
    return str(row["title"]) if known == row["head"] else known
