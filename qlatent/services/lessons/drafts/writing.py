"""A draft as text: the block of its figure, the front matter, the trainings, and the whole lesson."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import tomlkit
from pydantic import BaseModel

from qlatent.services.lessons.drafts.drafting import Draft
from qlatent.services.lessons.manifest import Manifest
from qlatent.teaching.figures import Figure

ALWAYS = ("frame", "colour", "gate", "seeds")
"""Fields of a figure that are written with their default, too."""
MINUTES = 5
STEP = "look"  # id of the step


def figure_block(figure: Figure) -> str:
    """The state of a figure as the block of a step has it."""
    said: dict[str, Any] = {"kind": figure.kind}
    for each in fields(figure):
        value = getattr(figure, each.name)
        if each.name != "kind" and ((value and value != each.default) or each.name in ALWAYS):
            said[each.name] = value
    return _toml(said)


def front_matter(title: str, draft: Draft) -> str:
    """What stands between the lines of pluses."""
    after = ["say what this figure shows"]
    return _toml({"title": title, "minutes": MINUTES, "after": after, "needs": draft.needs})


def trainings(manifest: Manifest) -> str:
    """The entries as a `trainings.toml`; "" where there is none."""
    document = tomlkit.document()
    for table in Manifest.model_fields:
        entries: Mapping[str, BaseModel] = getattr(manifest, table)
        if not entries:
            continue
        part = tomlkit.table(is_super_table=True)
        for name, entry in entries.items():
            written = tomlkit.table()
            for key, value in entry.model_dump(exclude_defaults=True).items():
                written.add(key, _value(value))
            part.append(name, written)
        document.append(table, part)
    return tomlkit.dumps(document)


def lesson(title: str, text: str, draft: Draft) -> str:
    """The whole `lesson.md`, with one step."""
    said = text.strip() or "What do you see?"
    block = f"```figure\n{figure_block(draft.figure)}```\n"
    return f"+++\n{front_matter(title, draft)}+++\n\n## {draft.title} {{#{STEP}}}\n\n{said}\n\n{block}"


def _toml(values: Mapping[str, Any]) -> str:
    document = tomlkit.document()
    for key, value in values.items():
        document.add(key, _value(value))
    return tomlkit.dumps(document)


def _value(value: Any) -> Any:
    """A value for one line: tables are written within it."""
    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        inline.update({key: _value(each) for key, each in value.items()})
        return inline
    return list(value) if isinstance(value, tuple) else value
