"""The commands `qlatent hardware`: estimate, submit, follow, fetch and cancel jobs on devices."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from qlatent.cli import lines
from qlatent.cli.options import (
    EncoderKey,
    JsonOption,
    WorkspaceOption,
    YesOption,
    check_owner,
    open_workspace,
)
from qlatent.cli.selecting import IdOption, SelectionOption, WhereOption, selection
from qlatent.cli.terminal import Terminal
from qlatent.errors import QlatentError
from qlatent.services.exports import tables
from qlatent.services.hardware import budget, devices, listing, planning, plans, requests, results, usage
from qlatent.services.hardware.listing import JobView
from qlatent.services.hardware.requests import HardwareRequest, run_options
from qlatent.services.workspaces import Workspace

app = typer.Typer(help="Execute a head's circuit on devices and their simulators.", no_args_is_help=True)

Head = Annotated[str, typer.Argument(help="Id or name of a kept head, or the id of its run.")]
Dataset = Annotated[str, typer.Argument(help="Id of the dataset.")]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device", help="exact, shots, twin:fake_paris, pennylane:default.qubit or ibm_fez, for example."
    ),
]
Modality = Annotated[
    str, typer.Option(help="image, text or vector. Default: the head's first that has vectors.")
]
ItemsOption = Annotated[
    int, typer.Option("--items", min=0, help="How many of the items, evenly spaced. 0: all.")
]
Shots = Annotated[int, typer.Option(min=0, help="Measurements per item.")]
Mitigation = Annotated[str, typer.Option(help="none, readout, trex or zne.")]
Level = Annotated[int, typer.Option("--level", min=0, max=3, help="Optimisation level of the transpiler.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of simulated shots and of the transpiler.")]
MaxSeconds = Annotated[
    int,
    typer.Option("--max-seconds", min=0, help="QPU seconds after which IBM ends the job. 0: its own limit."),
]
Recompiled = Annotated[
    bool, typer.Option("--recompile", help="Recompile each item's circuit into few two-qubit gates first.")
]
Job = Annotated[str, typer.Argument(help="Id of a job.")]


@app.command(name="devices")
def devices_command(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the devices with their qubits, queues and errors: those of the account, if there is a key, come first.

    The list is the same for every workspace.
    """
    terminal, problem = Terminal(as_json=as_json), ""
    try:
        own = devices.of_account()
    except QlatentError as err:  # simulators and twins work without IBM
        own, problem = [], str(err)
    terminal.warn(problem)
    found = [asdict(each) for each in (*own, *devices.offered())]
    columns = ["name", "qubits", "queue", "pair_error", "readout_error", "calibrated"]
    document = {"devices": found, **({"problem": problem} if problem else {})}
    terminal.table(document, columns, [[_cell(row[name]) for name in columns] for row in found])


@app.command()
def estimate(
    head: Head,
    dataset: Dataset,
    device: DeviceOption,
    modality: Modality = "",
    items: ItemsOption = 64,
    shots: Shots = 1024,
    mitigation: Mitigation = "none",
    level: Level = 3,
    seed: Seed = 0,
    max_seconds: MaxSeconds = 0,
    recompile: Recompiled = False,
    item: IdOption = None,
    where: WhereOption = None,
    link: SelectionOption = None,
    vectors: EncoderKey = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a job would take: seconds on the device, circuits, executions, payload and error bar."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    chosen, options = (item, where, link), (shots, mitigation, level, seed, max_seconds)
    request = _request(head, dataset, device, modality, vectors, items, chosen, options, recompile)
    document = planning.estimate(opened, request)
    terminal.result(document, *_estimate_lines(document))


@app.command()
def submit(
    head: Head,
    dataset: Dataset,
    device: DeviceOption,
    modality: Modality = "",
    items: ItemsOption = 64,
    shots: Shots = 1024,
    mitigation: Mitigation = "none",
    level: Level = 3,
    seed: Seed = 0,
    max_seconds: MaxSeconds = 0,
    recompile: Recompiled = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Submit without asking, also to an instance that is charged.")
    ] = False,
    item: IdOption = None,
    where: WhereOption = None,
    link: SelectionOption = None,
    vectors: EncoderKey = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Submit a job after a question, and return at once; a worker follows it."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    chosen, options = (item, where, link), (shots, mitigation, level, seed, max_seconds)
    request = _request(head, dataset, device, modality, vectors, items, chosen, options, recompile)
    checked = requests.check(opened, request)
    if not yes:
        _ask(planning.estimated(opened, checked), terminal)
    job = requests.start(opened, checked)
    document = {"job": job, **_row(listing.job(opened, job))}
    terminal.result(document, f"{job}: {document['items']} items on {device}, {document['state']}.")


@app.command(name="budget")
def budget_command(
    seconds: Annotated[
        float | None, typer.Option(min=0, help="The most QPU seconds in 28 days. Default: only show it.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the budget.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show or set how many QPU seconds this workspace may use of the account of the installation's key."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    account = plans.account()
    told = account.document()
    if remove or seconds is not None:
        budget.set_budget(opened, account.fingerprint, None if remove else seconds, now=time.time())
    held = budget.budget(opened, account.fingerprint, now=time.time())
    document = {**told, "used": held.used, "budget": held.limit, "left": held.left}
    limit = "no budget" if held.limit is None else f"{held.limit:.0f} s, of which {held.left:.0f} s are left"
    terminal.result(
        document, _plan_line(told), f"  this workspace: {held.used:.0f} s used in 28 days, {limit}"
    )


@app.command()
def status(job: Job, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Say where a job stands."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    listing.go_on(opened)
    found = _looked_at(opened, job)
    document = _row(found)
    said = f", {found.job.queue} jobs before it" if found.job.queue else ""
    why = [f"  {found.reason} {found.remedy}".rstrip()] if found.reason else []
    if found.waits_for == "resume":
        why.append(f"  Nobody follows it at present: `qlatent resume {job}` goes on with it.")
    terminal.result(
        document, f"{job}: {found.state}, {document['done']} of {document['items']} items{said}.", *why
    )


@app.command()
def fetch(
    job: Job,
    out: Annotated[Path, typer.Option(help="File to write: .parquet, .csv or .jsonl.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the results of a job: id, ⟨Z⟩ of each qubit with its standard error, and latents where they differ."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    tables.check_ending(out, tables.TABLES)
    _looked_at(opened, job)
    frame = results.table(opened, job)
    tables.write_table(frame, out)
    listing.mark_seen(opened, job)
    document = {"job": job, "rows": len(frame), "out": str(out), **results.figures(results.read(opened, job))}
    terminal.result(document, f"{len(frame)} rows → {out}", *_figure_lines(document))


@app.command()
def cancel(
    job: Job, yes: YesOption = False, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Cancel a job, on its device too. What was measured until then is kept."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    check_owner(listing.job(opened, job).run.owner, f"the job {job}", yes=yes, act="cancel")
    found = listing.cancel(opened, job)
    said = "cancelled" if found.state == "cancelled" else "its worker cancels it"
    terminal.result(_row(found), f"{job}: {said}.")


@app.command(name="jobs")
def jobs_command(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the jobs, newest first."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    listing.go_on(opened)
    rows = [_row(each) for each in listing.jobs(opened)]
    columns = ["job", "device", "state", "done", "items", "dataset"]
    terminal.table({"jobs": rows}, columns, [[row[name] for name in columns] for row in rows])


def _request(
    head: str,
    dataset: str,
    device: str,
    modality: str,
    vectors: str | None,
    items: int,
    chosen: tuple[list[str] | None, list[str] | None, str | None],
    options: tuple[int, str, int, int, int],
    recompile: bool,
) -> HardwareRequest:
    """What `estimate` and `submit` ask for; `chosen` and `options` are the arguments of those two functions."""
    return HardwareRequest(
        head, dataset, device, modality, vectors or "", items, selection(*chosen), run_options(*options), recompile
    )  # fmt: skip


def _looked_at(workspace: Workspace, job: str) -> JobView:
    """The job, with what it has used, if its device tells that by now."""
    usage.look(workspace, job, listing.job(workspace, job).spec, now=time.time())
    return listing.job(workspace, job)


def _ask(told: dict[str, Any], terminal: Terminal) -> None:
    """Show what the job takes, and end unless the user agrees, twice to an instance that is charged."""
    for line in _estimate_lines(told):
        terminal.note(line)
    paid = "account" in told and not told["account"]["free"]
    questions = [
        "Submit this job?",
        *(["The instance is charged for it. Submit nevertheless?"] if paid else []),
    ]
    if not all(typer.confirm(each, err=True) for each in questions):
        raise typer.Exit(1)


def _plan_line(told: dict[str, Any], seconds: float = 0.0) -> str:
    """The instance that pays, and what its plan has left."""
    left = told["remaining"]
    said = "no limit" if left is None else f"{left:.0f} s of {told['limit']:.0f} s are left in 28 days"
    share = f", this job takes {seconds / left:.0%} of that" if left and seconds else ""
    return f"  instance {told['instance']}, plan {told['plan']} ({told['pricing']}): {said}{share}"


def _row(found: JobView) -> dict[str, Any]:
    """One job in a list."""
    spec, job = found.spec, found.job
    return {
        "job": found.id, "device": found.device, "state": found.state, "waits_for": found.waits_for,
        "items": len(spec.rows) if spec else 0, "done": found.done, "known": job.known, "queue": job.queue,
        "seconds": job.seconds, "seconds_final": not job.unsettled, "shots": spec.options.shots if spec else None,
        "mitigation": spec.options.mitigation if spec else None, "name": found.run.name,
        "dataset": found.run.dataset, "head": spec.head_id if spec else None,
        "modality": spec.modality if spec else None, "duplicates": list(job.duplicates),
        "created": lines.time_of(found.run.created), "reason": found.reason, "remedy": found.remedy,
        "seen": not job.unseen,
    }  # fmt: skip


def _estimate_lines(told: dict[str, Any]) -> list[str]:
    known = f", {told['known']:,} of them measured before and not submitted" if told["known"] else ""
    lost = f", {told['left_out']:,} left out without a vector" if told["left_out"] else ""
    lost += f", {told['unknown']:,} unknown ids" if told["unknown"] else ""
    parts = f", in {told['parts']} jobs" if told["parts"] > 1 else ""
    circuits = "circuit" if told["circuits"] == 1 else "circuits"
    sent = f"{told['executions']:,} executions of {told['circuits']} {circuits}{parts}"
    said = [
        f"{told['device']}: {told['items']:,} items{known}{lost}, {told['shots']:,} shots, "
        f"mitigation {told['mitigation']}.",
        f"  about {told['seconds']:.1f} s {'on the device' if told['remote'] else 'of CPU'}, {sent}",
        f"  {told['pair_gates']} two-qubit gates (depth {told['depth']}), {told['payload_bytes']:,} bytes",
        f"  ± {told['standard_error']:.3f} standard error of a value of 0",
    ]
    slope = told["slope"]
    if slope is not None and math.isfinite(slope):
        said.append(f"  noise is expected to shrink values to {slope:.3f} of theirs")
    if "account" in told:
        said.append(_plan_line(told["account"], told["seconds"]))
    return said


def _figure_lines(told: dict[str, Any]) -> list[str]:
    shown = {
        "slope": "mean slope of a qubit against the exact value",
        "mean_error": "mean error of a qubit",
        "neighbour_overlap": "of the nearest neighbours are those of the simulator",
        "probe_accuracy": "accuracy of a linear probe on these latents",
        "probe_accuracy_exact": "accuracy of a linear probe on the simulator's",
    }
    return [f"  {told[name]:.3f}  {words}" for name, words in shown.items() if name in told]


def _cell(value: Any) -> Any:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else value
