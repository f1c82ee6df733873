"""The command `qlatent roles`: what the columns of a dataset mean."""

from __future__ import annotations

from typing import Annotated

import typer

from qlatent.cli.options import JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.errors import ConfigError
from qlatent.services.datasets import roles as service


def roles(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help=f"column=role; column= takes the role away. Roles: {', '.join(service.CHOICES)}."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the columns of a dataset mean, such as its seller, date or flag, or change it with --set.

    Columns with the role hidden are neither shown to analysts nor learned from.
    """
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    changes: dict[str, str | None] = {}
    for pair in set_ or []:
        column, equals, role = pair.rpartition("=")  # a column's name may have an equals sign
        if not equals or not column:
            raise ConfigError(
                f"--set {pair}: expected column=role.", remedy="For example: --set vendor=seller."
            )
        changes[column] = role or None
    found = service.set_roles(opened, dataset, changes) if changes else service.roles(opened, dataset)
    terminal.table(
        {"dataset": dataset, "roles": found}, ["column", "role"], [[*each] for each in found.items()]
    )
