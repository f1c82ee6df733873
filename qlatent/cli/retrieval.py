"""`qlatent evaluate --retrieval`: what heads make of a corpus, its queries and their judgements."""

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
    bool, typer.Option("--retrieval", help="Judge heads by how they rank a corpus for queries, instead.")
]
Corpus = Annotated[
    str | None,
    typer.Option(help="Retrieval: id of a dataset, or a file with id and text (.jsonl, .jsonl.gz, .tsv, …)."),
]
Queries = Annotated[
    str | None, typer.Option(help="Retrieval: id of a dataset, or a file. Left out, labels judge.")
]
JudgementsFile = Annotated[
    Path | None, typer.Option(help="Retrieval: TREC qrels, or query, document and gain a line.")
]
RunFile = Annotated[
    Path | None, typer.Option("--run", help="Retrieval: rank the candidates of this run only.")
]
Heads = Annotated[
    list[str] | None,
    typer.Option(
        "--head",
        help="Retrieval: none (the vectors themselves), a kept head, or one of the registry as drawn: "
        "pca:qubits=64. May be given several times.",
    ),
]
Against = Annotated[
    str | None, typer.Option(help="Retrieval: the head that the others are compared with; the first.")
]
Encoder = Annotated[
    str | None, typer.Option(help="Retrieval: encode what has no vectors yet with builtin, clip or text.")
]


@dataclass(frozen=True)
class Asked:
    """The options of `--retrieval` as they were given."""

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
    """Bring and encode what is new, evaluate, and show a table with intervals, differences and notes."""
    if asked.corpus is None:
        raise typer.BadParameter("--retrieval needs --corpus")
    coder = encoding.make_encoder(asked.encoder, asked.settings) if asked.encoder else None
    with terminal.progress("Bringing the corpus") as progress:
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
    said = (f"{main['value']:.3f}", f"{main['low']:.3f}–{main['high']:.3f}")
    values = [f"{each['value']:.3f}" for each in others]
    cost = head.get("bytes_per_document"), head.get("latency_ms")
    return [head["head"], head.get("dim"), *said, *values, *cost]


def _lines(document: Mapping[str, Any]) -> list[str]:
    first = (
        f"{document['ranking']}: {document['documents']:,} documents, {document['queries']:,} queries, by "
        f"{document['relevance']}; 95 % intervals over queries; MRR within {document['depth']:,} ranks; bytes a "
        "document, median ms a query from its vector to the 10 nearest"
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
            0, "parameters stored, used (they move the output) and identifiable (data can tell them apart):"
        )
    return [first, *differences, *parameters, *(f"  note: {each}" for each in document["notes"])]
