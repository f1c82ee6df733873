"""Options that several commands share, and what is read out of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from qlatent.errors import ConfigError
from qlatent.services import workspaces
from qlatent.services.workspaces import Workspace
from qlatent.settings import settings

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="Folder with everything that is kept.", show_default="workspace"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; progress on stderr.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="key=value; may be given several times.")]
GroupBy = Annotated[
    str,
    typer.Option(
        "--group-by",
        help="A column, such as a product code or a seller: items with an equal value are never on both sides "
        "of the split.",
    ),
]
EncoderKey = Annotated[
    str | None, typer.Option("--vectors", help="Encoder key, where a dataset has several.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Return at once; the run goes on.")]


def path_of(workspace: Path | None) -> Path:
    """Where that is."""
    return settings().workspace if workspace is None else workspace


def open_workspace(workspace: Path | None) -> Workspace:
    """The workspace of the option, or that of the settings."""
    return workspaces.open_workspace(path_of(workspace))


def open_folder(workspace: Path | None) -> Workspace:
    """The same for what needs no catalogue, which may be away; there has to be a workspace."""
    return Workspace.open(path_of(workspace), create=False)


def settings_of(pairs: list[str] | None) -> dict[str, Any]:
    """The `--set key=value` options; values are read as JSON where they are JSON, else as text."""
    values: dict[str, Any] = {}
    for pair in pairs or []:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {pair}: got no key=value.", remedy="Write for example --set qubits=4.")
        try:
            values[key] = json.loads(text)
        except (ValueError, RecursionError):  # a word, or a number or nesting without end
            values[key] = {"True": True, "False": False}.get(text, text)
    return values


def split_by(settings: dict[str, Any], group_by: str) -> dict[str, Any]:
    """The settings with what `--group-by` adds to them."""
    return {**settings, "group_by": group_by} if group_by else settings


def names(text: str) -> tuple[str, ...]:
    """The different names of a list with commas."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def numbers(text: str, option: str) -> tuple[int, ...]:
    """The different whole numbers of a list with commas; anything else is a `ConfigError`."""
    try:
        return tuple(dict.fromkeys(int(part) for part in names(text)))
    except ValueError as err:
        raise ConfigError(
            f"{option} {text}: expected whole numbers.", remedy="Write for example 2,4,8."
        ) from err


def mapping_of(pairs: list[str] | None) -> dict[str, Any] | None:
    """The `--map part=column` options; several text columns are separated by commas."""
    if not pairs:
        return None
    values: dict[str, Any] = {}
    for pair in pairs:
        part, equals, column = pair.partition("=")
        if not equals:
            raise ConfigError(
                f"--map {pair}: got no part=column.", remedy="Write for example --map image=photo."
            )
        values[part] = column.split(",") if part == "text" else column
    return values
