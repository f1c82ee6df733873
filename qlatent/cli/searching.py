"""The commands `qlatent search`, the nearest items of a text, an image or items, and `qlatent index`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qlatent.cli import following
from qlatent.cli.options import Detach, JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.errors import InputError
from qlatent.services.datasets import browsing
from qlatent.services.search import index, models, neighbours, queries
from qlatent.services.search.neighbours import Asked, Neighbours

_LONGEST = 60  # characters of a text on the terminal

Encoder = Annotated[
    str | None,
    typer.Option(help="Encoder key, if the dataset has vectors of several encoders."),
]
Among = Annotated[
    str | None, typer.Option("--in", help="Search image or text vectors. Default: images if there are any.")
]


def search(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    text: Annotated[str | None, typer.Option(help="Find items like this text.")] = None,
    image: Annotated[Path | None, typer.Option(help="Find items like the image in this file.")] = None,
    item: Annotated[
        list[str] | None,
        typer.Option(help="Find items like the item with this id. Repeatable: directions are added."),
    ] = None,
    minus: Annotated[
        list[str] | None, typer.Option(help="Take the direction of the item with this id away. Repeatable.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Encoder key, if the dataset has vectors of several encoders.")
    ] = None,
    among: Annotated[
        str | None,
        typer.Option("--in", help="Search image or text vectors. Default: images if there are any."),
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="Search the latents of this kept head (id, name or run) instead.")
    ] = None,
    k: Annotated[int, typer.Option("--k", help="Number of items to find.")] = neighbours.K,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the nearest items of a text, an image or items, before any head is trained or through a head."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    query = _query(text, image, item or [], minus or [])
    if text is not None or image is not None or head is not None:
        models.load_here()  # the command ends after one question
    asked = Asked(encoder=encoder, modality=among, heads=(head,) if head else (), k=k)
    found = neighbours.neighbours(opened, dataset, query, asked)
    texts = browsing.texts(opened, dataset, [hit.row for hit in found.hits])
    rows = [
        [hit.id, hit.score, "gained" if hit.gained else "", text[:_LONGEST]]
        for hit, text in zip(found.hits, texts, strict=True)
    ]
    columns = ["id", found.spaces[-1].metric, "against the input space", "text"]
    if head is None:
        rows, columns = [[*row[:2], row[3]] for row in rows], [*columns[:2], columns[3]]
    terminal.table(_document(found), columns, rows)


def index_command(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    encoder: Encoder = None,
    among: Among = None,
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a search index of a large dataset in a worker process. Without one, searches are exact and slower."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    space = queries.space_of(opened, dataset, encoder=encoder, modality=among)
    following.follow(opened, index.start_indexing(opened, space), terminal=terminal, detach=detach)


def _query(text: str | None, image: Path | None, plus: list[str], minus: list[str]) -> queries.Query:
    terms = list(queries.items(plus, minus).terms)
    if image is not None:
        if not image.is_file():
            raise InputError(f"There is no file {str(image)!r}.", remedy="Check the path.")
        terms = [*queries.image(image.read_bytes()).terms, *terms]
    if text is not None:
        terms = [*queries.text(text).terms, *terms]
    if not terms:
        raise InputError("There is nothing to search for.", remedy="Give --text, --image or --item.")
    return queries.Query(tuple(terms))


def _document(found: Neighbours) -> dict[str, Any]:
    last = found.spaces[-1]
    document: dict[str, Any] = {"hits": [{"id": hit.id, "score": hit.score} for hit in last.hits]}
    document |= {
        "dataset": found.input.dataset, "encoder": found.input.encoder, "modality": found.input.modality,
        "metric": last.metric, "how": last.how,
    }  # fmt: skip
    if last.head:
        gained = [hit.id for hit in last.hits if hit.gained]
        document |= {"head": last.head, "gained": gained, "lost": [hit.id for hit in last.lost]}
    return document
