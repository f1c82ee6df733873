"""The commands `qlatent triage`: make queues of cases, take and decide them, undo, and write the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qlatent import actors
from qlatent.cli import lines, triage_duplicates
from qlatent.cli.options import JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.selecting import IdOption, SelectionOption, WhereOption, selection
from qlatent.cli.terminal import Terminal
from qlatent.cli.triage_simulate import simulate
from qlatent.errors import InputError
from qlatent.report import case
from qlatent.services.exports import tables
from qlatent.services.exports import triage as files
from qlatent.services.triage import audit, background, casework, learning, orders, people, queues, reporting
from qlatent.services.triage.queues import QueueView, read_policy

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(help="Review flagged items as cases of a queue.", no_args_is_help=True)
app.command(name="duplicates")(triage_duplicates.duplicates_command)
app.command()(simulate)

Queue = Annotated[str, typer.Argument(help="Id or name of a queue.")]
Item = Annotated[str, typer.Argument(help="Id of the item.")]
By = Annotated[str, typer.Option("--by", help="Name of who does it. Default: QLATENT_USER, or the account.")]
Out = Annotated[Path, typer.Option(help="File to write: .jsonl, .csv or .parquet.")]
_NOTHING = {
    "done": "Nothing left: every case is decided.",
    "others": "Nothing for you at present: others have the {count} cases that are left.",
    "aside": "Only the {count} cases that you put aside are left.",
    "skipped": "Only the {count} cases that you skipped are left; --skipped takes them.",
}


@app.command(name="list")
def list_command(by: By = "", workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the queues and how many of their cases are open."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    rows = [_row(each) for each in queues.listed(opened, analyst=_name(by))]
    columns = ["queue", "name", "dataset", "order", "cases", "open", "decided", "items_gone"]
    said = [row | ({"dataset": f"{row['dataset']} (removed)"} if row["gone"] else {}) for row in rows]
    terminal.table({"queues": rows}, columns, [[row[name] for name in columns] for row in said])


@app.command()
def create(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    name: Annotated[str, typer.Option("--name", help="Name of the queue.")],
    order: Annotated[
        str,
        typer.Option("--order", help=f"{', '.join(orders.ORDERS)} or column:NAME, for example column:price."),
    ] = "risk",
    item: IdOption = None,
    where: WhereOption = None,
    link: SelectionOption = None,
    policy: Annotated[
        Path | None,
        typer.Option(help="JSON file with decisions, reasons and keys. Default: the last queue's."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the cases that are drawn at random.")] = 0,
    by: By = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a queue of the items that meet the conditions, or of all."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    made = queues.create(
        opened, dataset, name=name, order=order, by=_name(by), definition=selection(item, where, link),
        policy=None if policy is None else _policy(policy), seed=seed,
    )  # fmt: skip
    learned = learning.learn(opened, made.id).about if order in orders.COMPUTED else {}
    document = _row(made) | {"order_now": learned.get("order", made.order)}
    said = f"{made.id}: {made.counts.total:,} cases of {dataset}, order {made.order}"
    if document["order_now"] != made.order:
        said += f" (until something is learned: {document['order_now']})"
    terminal.result(document, f"{said}.")


@app.command()
def sort(
    queue: Queue,
    order: Annotated[str, typer.Option("--order", help="Another order. Default: the one it has.")] = "",
    by: By = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn from the decisions so far, put the open cases in order, and estimate how many bad ones are left."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    found = queues.record(opened, queue)
    if order:
        queues.reorder(opened, found.id, order=order, by=_name(by))
    about = learning.learn(opened, found.id).about
    left = about["left"]
    said = (
        f"{found.id}: learned from {about['bad']:,} bad and {about['good']:,} good; order {about['order']}."
    )
    if about["why_not"]:
        said = f"{found.id}: no scores: {about['why_not']} Order {about['order']}."
    said += (
        f" Bad cases left: {left['left']:.1f} ({left['low']:,}–{left['high']:,}) of {left['open']:,} open, "
        f"by {left['draws']:,} drawn at random."
    )
    terminal.result({"queue": found.id, **about}, said)


@app.command(name="next")
def next_command(
    queue: Queue,
    skipped: Annotated[bool, typer.Option("--skipped", help="Also cases that you skipped.")] = False,
    by: By = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the next case: nobody else gets it for some minutes."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    found = queues.record(opened, queue)
    assigned = casework.next_case(opened, found.id, by=_name(by), skipped=skipped)
    if isinstance(assigned, casework.Nothing):
        said = _NOTHING[assigned.why].format(count=f"{assigned.count:,}")
        if gone := queues.view(opened, found.id, analyst=_name(by)).counts.gone:
            said += f" {gone:,} cannot be shown: their items are no longer in the dataset."
        terminal.result({"item": None, "why": assigned.why, "count": assigned.count}, said)
        return
    document = {"item": assigned.item, "why": assigned.why, "until": lines.time_of(assigned.until)}
    terminal.result(document, f"{assigned.item} (until {document['until']})")


@app.command()
def decide(
    queue: Queue,
    item: Item,
    code: Annotated[str, typer.Option("--as", help="Code of the decision, for example violates or ok.")],
    reason: Annotated[str, typer.Option(help="Code of the reason, where the decision needs one.")] = "",
    note: Annotated[str, typer.Option(help="A note to the decision.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete the pictures of an item that is severe.")
    ] = False,
    by: By = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide a case; once enough is decided, learning from it goes on after the command."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    found = queues.record(opened, queue)
    if read_policy(found.policy).decision(code).severe and not yes:
        raise InputError(
            f"{code!r} is severe: the pictures of {item} are deleted from the workspace, and undoing does not bring "
            "them back.", remedy="Add --yes to decide so.",
        )  # fmt: skip
    event = casework.decide(opened, found.id, item, code=code, reason=reason, note=note, by=_name(by))
    background.learn_apart(opened, found.id)
    document = {"event": event.id, "item": item, "code": code, "reason": reason, "by": event.actor}
    terminal.result(document, f"{item}: {code}{f' ({reason})' if reason else ''}, event {event.id}.")


@app.command()
def skip(
    queue: Queue, item: Item, by: By = "", workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Leave a case to others."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    event = casework.skip(opened, queues.record(opened, queue).id, item, by=_name(by))
    terminal.result({"event": event.id, "item": item}, f"{item} skipped, event {event.id}.")


@app.command()
def undo(
    queue: Queue,
    event: Annotated[int | None, typer.Option(help="Number of an event. Default: your last one.")] = None,
    by: By = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back a decision, a skip or a group decision."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    found = queues.record(opened, queue)
    undone, items = casework.undo(opened, found.id, by=_name(by), event=event)
    background.learn_apart(opened, found.id)
    document = {"undone": undone.id, "kind": undone.kind, "code": undone.code, "items": items}
    what = items[0] if len(items) == 1 else f"{len(items):,} cases"
    terminal.result(document, f"Event {undone.id} undone: {undone.kind} {what}.")


@app.command()
def log(
    queue: Queue, out: Out, by: By = "", workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Write every event of a queue to a file."""
    _write(audit.log, "events", queue, out, by, workspace, as_json=as_json)


@app.command()
def decisions(
    queue: Queue, out: Out, by: By = "", workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Write the present decisions of a queue to a file."""
    _write(audit.decisions, "decisions", queue, out, by, workspace, as_json=as_json)


@app.command()
def report(
    queue: Queue,
    item: Item,
    out: Annotated[Path, typer.Option(help="File to write: .html.")],
    by: By = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report of one case: the listing, its decision, and what happened to it."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    tables.check_ending(out, (".html",))
    found = reporting.case_file(opened, queue, item, by=_name(by))
    out.write_text(case.as_report(found), encoding="utf-8")
    terminal.result({"item": item, "out": str(out)}, f"{item} → {out}")


@app.command()
def verify(queue: Queue, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Replay the log of a queue and compare it with the stored state of its cases."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    wrong = audit.differences(opened, queue)
    rows = [{"item": each.item, "stored": each.stored, "replayed": each.replayed} for each in wrong]
    said = f"{len(wrong)} cases differ, {wrong[0].item!r} first." if wrong else "The log and the cases agree."
    terminal.result({"differences": rows}, said)
    if wrong:
        raise typer.Exit(1)


@app.command(name="permit")
def permit_command(
    name: Annotated[str, typer.Argument(help="Name of an analyst.")],
    may: Annotated[
        str, typer.Option("--may", help="decide,configure,export, or some of them; empty: nothing.")
    ],
    by: By = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a name may do. While nobody has permissions, everybody may do everything."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    chosen = tuple(part.strip() for part in may.split(",") if part.strip())
    made = people.permit(opened, name, chosen, by=_name(by))
    document = {"name": made.name, "permissions": list(made.permissions)}
    terminal.result(document, f"{made.name} may {', '.join(made.permissions) or 'do nothing'}.")


def _write(
    table: Callable[..., pd.DataFrame],
    what: str,
    queue: str,
    out: Path,
    by: str,
    workspace: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write a table of a queue to a file, and say how many rows it has."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    tables.check_ending(out, tables.TABLES)
    frame = table(opened, queue, by=_name(by))
    files.write(frame, out)
    terminal.result({what: len(frame), "out": str(out)}, f"{len(frame):,} {what} → {out}")


def _name(by: str) -> str:
    return by.strip() or actors.own_name()


def _policy(path: Path) -> Any:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise InputError(f"{path} cannot be read as JSON: {err}.", remedy="Give another file.") from err
    return queues.read_policy(document)


def _row(found: QueueView) -> dict[str, Any]:
    counts = found.counts
    return {
        "queue": found.id, "name": found.name, "dataset": found.dataset, "order": found.order, "owner": found.owner,
        "cases": counts.total, "open": counts.open, "decided": counts.decided, "items_gone": counts.gone,
        "codes": counts.codes,
        "created": lines.time_of(found.created), "gone": found.gone,
    }  # fmt: skip
