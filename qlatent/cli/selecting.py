"""Options that select items: by id, by a condition, or by a selection from a link."""

from __future__ import annotations

from typing import Annotated

import typer

from qlatent.services.selections.columns import condition
from qlatent.services.selections.definitions import Definition, Ids, SetOf
from qlatent.services.selections.links import from_link

IdOption = Annotated[list[str] | None, typer.Option("--id", help="Id of an item. Repeatable.")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option("--where", help="A condition that items meet: price>=3, label=pear, text~red. Repeatable."),
]
SelectionOption = Annotated[
    str | None, typer.Option("--selection", help="A selection as it stands in a link of the page Explore.")
]


def selection(ids: list[str] | None, where: list[str] | None, link: str | None) -> Definition | None:
    """What the three options select together; None without any of them."""
    parts: list[Definition] = [Ids(ids=tuple(ids))] if ids else []
    parts += [condition(each) for each in where or ()]
    parts += [from_link(link)] if link else []
    if len(parts) < 2:
        return parts[0] if parts else None
    return SetOf(how="intersection", of=tuple(parts))


def asked(ids: list[str] | None, where: list[str] | None, link: str | None) -> Definition:
    """The same; none of the options is wrong usage."""
    found = selection(ids, where, link)
    if found is None:
        raise typer.BadParameter("say which items: give --id, --where or --selection")
    return found
