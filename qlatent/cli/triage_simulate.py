"""The command `qlatent triage simulate`: how much work each order of a queue saves, by replay of known labels."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qlatent.cli.options import JsonOption, WorkspaceOption, names, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.errors import InputError
from qlatent.services.search import models
from qlatent.services.triage import simulations
from qlatent.services.triage.signals import AXES, Basis
from qlatent.services.triage.simulations import Question

_SHOWN = {
    "share_for_half": "reviews for half of the bad, against random",
    "recall_at_10": "recall after 10 %",
    "wss95": "WSS@95",
    "tnr95": "TNR@95",
    "time_to_discovery": "mean time to discovery",
    "stopped_at": "reviewed at the hint to stop",
    "recall_at_stop": "recall then",
}


def simulate(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    label: Annotated[str, typer.Option(help="Column that says which items are bad.")] = "",
    positive: Annotated[
        list[str] | None, typer.Option(help="Value of a bad item in that column. Repeatable.")
    ] = None,
    queue: Annotated[str, typer.Option(help="Replay the decisions of this queue in place of a column.")] = "",
    orders: Annotated[
        str,
        typer.Option(
            help="Orders to compare: risk, uncertainty, disagreement, duplicates, cluster, newest …"
        ),
    ] = "random,oldest,risk,uncertainty",
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How often to begin, each time elsewhere.")] = 5,
    query: Annotated[
        str, typer.Option(help="Begin with the item nearest to this text. Default: one known bad item.")
    ] = "",
    head: Annotated[
        str, typer.Option(help="Learn from the latents of this kept head (id, name or run).")
    ] = "",
    encoder: Annotated[
        str, typer.Option(help="Encoder key, if the dataset has vectors of several encoders.")
    ] = "",
    pca: Annotated[
        int, typer.Option(min=0, help="Principal axes of wide vectors; 0: all their numbers.")
    ] = AXES,
    columns: Annotated[
        bool, typer.Option("--columns/--no-columns", help="Whether to learn from typed columns, too.")
    ] = True,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Column that gives the label away. Repeatable.")
    ] = None,
    every: Annotated[
        int, typer.Option(min=0, help="Each so many items one is drawn at random, as in a queue; 0: none.")
    ] = 10,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay known labels as if an analyst decided them, in several orders, and compare the work."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if bool(queue) == bool(label and positive):
        raise InputError(
            "It is not clear what is bad.", remedy="Give --label with --positive, or --queue with decisions."
        )
    if queue:
        of, labels = simulations.decisions_of(opened, queue)
        if of != dataset:
            raise InputError(f"The queue {queue!r} is one of {of!r}.", remedy=f"Replay it on {of!r}.")
    else:
        labels = simulations.labels_of(opened, dataset, label, positive or [])
    if head or query:
        models.load_here()
    asked = Question(
        names(orders), seeds, Basis(encoder, head, pca, columns), query, every, (*(leave_out or ()), label)
    )  # fmt: skip
    with terminal.progress("Replaying") as progress:
        document = simulations.simulate(opened, dataset, labels, asked, progress=progress)
    _tell(document, terminal)


def _tell(document: dict[str, Any], terminal: Terminal) -> None:
    rows = [
        [name, *(_said(found, figure) for figure in _SHOWN)] for name, found in document["orders"].items()
    ]
    best = document["perfect"]
    rows.append(["perfect", *(f"{best[figure]:.2f}" for figure in _SHOWN)])
    if not terminal.as_json:
        share = f"{document['prevalence']:.1%}"
        terminal.result(
            {},
            f"{document['bad']:,} of {document['items']:,} items are bad ({share}); {document['seeds']} seeds.",
        )
    terminal.table(document, ["order", *_SHOWN.values()], rows)


def _said(found: dict[str, Any], figure: str) -> str:
    low, high = found["intervals"][figure]
    return f"{found[figure]:.2f} ({low:.2f} to {high:.2f})"
