"""Defines the options that several commands share, and parses their values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qlatent import actors, assignments
from qlatent.errors import ConfigError, InputError
from qlatent.services import workspaces
from qlatent.services.workspaces import Workspace
from qlatent.settings import settings

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="Folder of the workspace.", show_default="workspace"),
]
_SEVERAL = ("text", "images", "hidden")  # parts of an item and roles that several columns may have
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout; progress goes to stderr.")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="Change a setting: key=value. Repeatable.")
]
GroupBy = Annotated[
    str,
    typer.Option(
        "--group-by",
        help="Keep items with equal values of this column, such as a product code or a seller, on the same side "
        "of the train/held-out split.",
    ),
]
EncoderKey = Annotated[
    str | None, typer.Option("--vectors", help="Encoder key, if the dataset has vectors of several encoders.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it also if somebody else made it.")]
Detach = Annotated[bool, typer.Option("--detach", help="Return at once while the run continues.")]


def path_of(workspace: Path | None) -> Path:
    """The path of the workspace: the option, or the one in the settings."""
    return settings().workspace if workspace is None else workspace


def open_workspace(workspace: Path | None) -> Workspace:
    """The opened workspace of the option, or the one in the settings."""
    return workspaces.open_workspace(path_of(workspace))


def check_owner(owner: str, what: str, *, yes: bool, act: str = "remove") -> None:
    """Raise `InputError` if somebody else made what is removed or cancelled, unless `yes` says that this is known."""
    if not yes and actors.others(owner):
        raise InputError(
            f"{owner} made {what}; you are {actors.own_name()}.",
            remedy=f"Add --yes to {act} it all the same.",
        )


def open_folder(workspace: Path | None) -> Workspace:
    """An existing workspace without its catalogue, for commands that must work when the database is unreachable."""
    return Workspace.open(path_of(workspace), create=False)


def settings_of(pairs: list[str] | None) -> dict[str, Any]:
    """The `--set key=value` options; a value that is valid JSON is read as JSON, else as text."""
    values: dict[str, Any] = {}
    for pair in pairs or []:
        found = assignments.split(pair)
        if found is None:
            raise ConfigError(f"--set {pair}: expected key=value.", remedy="For example: --set qubits=4.")
        values[found[0]] = assignments.value_of(found[1])
    return values


def split_by(settings: dict[str, Any], group_by: str) -> dict[str, Any]:
    """The settings with `--group-by` added."""
    return {**settings, "group_by": group_by} if group_by else settings


def names(text: str) -> tuple[str, ...]:
    """The distinct names in a comma-separated list."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def numbers(text: str, option: str) -> tuple[int, ...]:
    """The distinct integers in a comma-separated list; anything else is a `ConfigError`."""
    try:
        return tuple(dict.fromkeys(int(part) for part in names(text)))
    except ValueError as err:
        raise ConfigError(f"{option} {text}: expected integers.", remedy="For example: 2,4,8.") from err


def mapping_of(pairs: list[str] | None) -> dict[str, Any] | None:
    """The `--map part=column` options; several text columns are separated by commas."""
    if not pairs:
        return None
    values: dict[str, Any] = {}
    for pair in pairs:
        found = assignments.split(pair)
        if found is None:
            raise ConfigError(
                f"--map {pair}: expected part=column.", remedy="For example: --map image=photo."
            )
        part, column = found
        values[part] = column.split(",") if part in _SEVERAL else column
    return values
