"""Runs `qlatent evaluate --retrieval`: measures how heads rank a corpus for queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from qlatent.cli.terminal import Terminal
from qlatent.services.retrieval import evaluation, searched_heads
from qlatent.services.retrieval.collection import Task
from qlatent.services.vectors import encoding
from qlatent.services.workspaces import Workspace

SHOWN = {"mrr": "MRR", "recall@10": "R@10", "recall@100": "R@100"}
COUNTED = (
    "stored",
    "used",
    "identifiable",
)

Switch = Annotated[
    bool, typer.Option("--retrieval", help="Measure how heads rank a corpus for queries instead.")
]
Corpus = Annotated[
    str | None,
    typer.Option(help="Retrieval: id of a dataset, or a file with id and text (.jsonl, .jsonl.gz, .tsv, …)."),
]
Queries = Annotated[
    str | None,
    typer.Option(help="Retrieval: id of a dataset, or a file. Default: items are queries, judged by label."),
]
JudgementsFile = Annotated[
    Path | None, typer.Option(help="Retrieval: TREC qrels, or one query, document and gain per line.")
]
RunFile = Annotated[
    Path | None, typer.Option("--run", help="Retrieval: re-rank only the candidates of this run.")
]
Heads = Annotated[
    list[str] | None,
    typer.Option(
        "--head",
        help="Retrieval: none (the vectors themselves), a kept head, or an untrained head with settings: "
        "pca:dim=64. Repeatable.",
    ),
]
Against = Annotated[
    str | None, typer.Option(help="Retrieval: head that the others are compared with. Default: the first.")
]
Encoder = Annotated[
    str | None, typer.Option(help="Retrieval: encode texts without vectors with builtin, clip or text.")
]


@dataclass(frozen=True)
class Asked:
    """The options of `--retrieval` as given."""

    corpus: str | None
    queries: str | None
    judgements: Path | None
    run: Path | None
    heads: list[str] | None
    against: str | None
    encoder: str | None
    settings: Mapping[str, Any]
    vectors: str | None
    seed: int


def evaluate(workspace: Workspace, asked: Asked, *, terminal: Terminal) -> None:
    """Import and encode what is new, evaluate, and print a table with intervals, differences and notes."""
    if asked.corpus is None:
        raise typer.BadParameter("--retrieval needs --corpus")
    coder = encoding.make_encoder(asked.encoder, asked.settings) if asked.encoder else None
    with terminal.progress("Importing the corpus") as progress:
        dataset = evaluation.bring(workspace, asked.corpus, encoder=coder, progress=progress)
    task = Task(
        dataset, queries=asked.queries or "", judgements=str(asked.judgements or ""), run=str(asked.run or ""),
        encoder_key=asked.vectors or (coder.key if coder else None), seed=asked.seed,
    )  # fmt: skip
    with terminal.progress("Ranking") as progress:
        document = evaluation.evaluate(
            workspace, task, heads=asked.heads or [searched_heads.NONE], against=asked.against or "", encoder=coder,
            progress=progress,
        )  # fmt: skip
    columns = ["head", "dim", "NDCG@10", "95 %", *SHOWN.values(), "bytes", "ms"]
    terminal.table(document, columns, [_row(each) for each in document["heads"]])
    if not terminal.as_json:
        terminal.result(document, *_lines(document))


def _row(head: Mapping[str, Any]) -> list[Any]:
    main, *others = (head["measures"][name] for name in ("ndcg@10", *SHOWN))
    main_cells = (f"{main['value']:.3f}", f"{main['low']:.3f}–{main['high']:.3f}")
    values = [f"{each['value']:.3f}" for each in others]
    cost = head.get("bytes_per_document"), head.get("latency_ms")
    return [head["head"], head.get("dim"), *main_cells, *values, *cost]


def _lines(document: Mapping[str, Any]) -> list[str]:
    first = (
        f"{document['ranking']}: {document['documents']:,} documents, {document['queries']:,} queries, by "
        f"{document['relevance']}; 95 % intervals over queries; MRR within {document['depth']:,} ranks; bytes per "
        "document; median ms per query from its vector to the 10 nearest"
    )
    differences = [
        f"{each['head']} against {each['against']}, {each['measure']}: {each['words']} (p {each['p_holm']:.2g}, Holm)"
        for each in document["differences"]
    ]
    parameters = [
        f"{each['head']}: "
        + ", ".join(f"{each['parameters'][name]:,} {name}" for name in COUNTED if name in each["parameters"])
        for each in document["heads"]
        if each.get("parameters", {}).get("stored")
    ]
    if parameters:
        parameters.insert(
            0, "parameters: stored, used (they influence the output), identifiable (data can determine them):"
        )
    return [first, *differences, *parameters, *(f"  note: {each}" for each in document["notes"])]
