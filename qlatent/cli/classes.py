"""The commands `qlatent class`: open a class and serve it to the network, end it, and write its answers."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from qlatent import network
from qlatent.cli import following
from qlatent.cli.options import JsonOption, WorkspaceOption, open_workspace, path_of
from qlatent.cli.terminal import Terminal
from qlatent.errors import InputError
from qlatent.services.classes import answering, opening, presence
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.exports import tables
from qlatent.services.lessons import folders, preparing
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import Workspace

app = typer.Typer(help="Teach a class that follows lessons.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="Code of the class.")]


@app.command(name="open")
def open_command(
    lesson: Annotated[str, typer.Argument(help="Id of the first lesson. Default: the first of all.")] = "",
    name: Annotated[str, typer.Option("--name", help="Name of the class, which students see.")] = "Class",
    address: Annotated[
        str,
        typer.Option(
            "--address",
            help="Address of this machine on the network of the class. Default: the one of its network interface.",
        ),
    ] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    keep_days: Annotated[
        int, typer.Option(min=0, max=3650, help="Days until what students did is deleted.")
    ] = opening.KEEP_DAYS,
    serve: Annotated[
        bool,
        typer.Option(help="Serve the class from here until Ctrl-C, or leave that to `qlatent class serve`."),
    ] = True,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a class, print its code and links, and serve it to the network of the class.

    Students reach lessons alone: no import, no paths, no removal.
    """
    terminal = Terminal(as_json=as_json)
    host = _address(address)
    if serve:
        following.check_port(host, port)
    with open_workspace(workspace) as opened, folders.beside(opened.path):
        opening.sweep(opened)
        found = library()
        chosen = found.lesson(lesson) if lesson else found.lessons[0]
        for name, said in preparing.prepare_each(opened, found.lessons).items():
            terminal.warn(f"The lesson {name} cannot be shown: {said}")
        for broken in found.broken:
            terminal.warn(f"The lesson {broken.id} cannot be shown: {broken.error}")
        made = opening.open_class(
            opened, name=name, lesson=chosen.id, step=chosen.steps[0].id, address=f"http://{host}:{port}",
            keep_days=keep_days,
        )  # fmt: skip
        teacher = opening.link(made.record, teacher=made.secret)
        document = _row(opened, made.record) | {"join": opening.link(made.record), "teacher": teacher}
    terminal.result(
        document,
        f"Class {made.record.name!r}, code {made.record.code}.",
        f"Students join at {document['join']}",
        f"Your own page: {teacher}",
        "Keep your own link to yourself: whoever has it leads the class.",
    )
    if serve:
        serve_command(address=host, port=port, workspace=workspace)


@app.command(name="serve")
def serve_command(
    address: Annotated[str, typer.Option("--address", help="Address of this machine on the network.")] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the classes of a workspace again, for example after a restart. Only the page Learn can be reached."""
    with open_workspace(workspace) as opened:
        opening.sweep(opened)
    os.environ["QLATENT_CLASSES_ONLY"] = "1"
    following.serve(path_of(workspace), port=port, host=_address(address), headless=True)


@app.command(name="list")
def list_command(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the classes."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    rows = [_row(opened, each) for each in opened.catalogue.classes.all()]
    columns = ["code", "name", "lesson", "step", "students", "answers", "opened", "closed"]
    terminal.table({"classes": rows}, columns, [[row[name] for name in columns] for row in rows])


@app.command()
def close(code: Code, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """End a class: nobody joins or answers any more."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    record = opening.close(opened, opening.found(opened, code).id)
    terminal.result(
        _row(opened, record),
        f"The class {record.name!r} is over. Its answers stay for {record.keep_days} days; "
        f"`qlatent class export {record.code}` writes them to a file.",
    )


@app.command()
def export(
    code: Code,
    out: Annotated[Path, typer.Option("--out", help="File to write: .csv, .jsonl or .parquet.")],
    nicknames: Annotated[bool, typer.Option(help="Write nicknames, or numbers in their place.")] = True,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the answers of a class to a file, a row each."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    record = opening.found(opened, code)
    frame = answering.table(opened, record.id, nicknames=nicknames)
    tables.write_table(frame, out)
    terminal.result(
        {"class": record.code, "answers": len(frame), "out": str(out)},
        f"{len(frame):,} answers written to {out}.",
    )


def _address(named: str) -> str:
    """The address of this machine for students: the one that was named, or that of its network."""
    if named in ("localhost", "0.0.0.0", "::", "::1") or named.startswith("127."):
        raise InputError(
            f"Students cannot open {named}: on their laptops it is their own machine or none.",
            remedy="Leave --address out, or name the address that this machine has on the network of the class.",
        )
    found = named or network.reachable()
    if not found:
        raise InputError(
            "This machine has no address on a network.",
            remedy="Connect it to the network of the class, or name an address with --address.",
        )
    return found


def _row(workspace: Workspace, record: ClassRecord) -> dict[str, Any]:
    classes = workspace.catalogue.classes
    there = presence.attendance(classes.students(record.id))
    return {
        "code": record.code,
        "name": record.name,
        "lesson": record.lesson,
        "step": record.step,
        "students": len(there.present) + len(there.silent),
        "answers": len(classes.answers(record.id)),
        "opened": _day(record.opened),
        "closed": _day(record.closed) if record.closed else "",
    }


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
