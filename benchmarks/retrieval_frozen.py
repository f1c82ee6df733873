"""What frozen heads keep of retrieval: 384-d sentence vectors down to 192 … 24 numbers, nothing trained on a label.

    python benchmarks/retrieval_frozen.py DATA --model FOLDER_OR_ID [--workspace FOLDER] [--seeds N] [--out FILE]

DATA holds the folders retrieval-cranfield, retrieval-cisi and retrieval-dl19 (docs.jsonl.gz, queries.tsv, qrels.tsv;
dl19 also qrels_full.tsv and bm25_top100.tsv, whose candidates are ranked anew). Every head of the quantum-inspired
projection and every baseline, at each dimension. Heads with random weights are drawn `--seeds` times; a query's figure
is the mean over the seeds, and intervals resample queries. Differences from PCA of the same dimension (at full width:
from the vectors themselves) are paired by query, with Holm's correction over the heads of that dimension. Encoding is
done once and kept in the workspace.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.metrics import relevance
from qlatent.services import encoding, retrieval, retrieval_heads
from qlatent.services.collection import Collection, Task, collect
from qlatent.services.workspaces import Workspace, open_workspace

DIMS = (192, 128, 64, 48, 24)
SCALE = "input_scale=7.84"  # 0.4·√384: what makes unit vectors as large as raw BERT vectors (heads/README.md)
FIXED = ("pca", "pca_whitened", "truncation")
DRAWN = (
    "random_projection", "bec", "linear_fidelity", "grouped_linear", "qbec", f"qbec:{SCALE}", "merge_cosine",
    "merge_cnot",
)  # fmt: skip
WIDE = (retrieval_heads.NONE, "bt", f"bt:{SCALE}", "qbt", f"qbt:{SCALE}")
SHOWN = ("ndcg@10", "mrr", "recall@100")


def collections(workspace: Workspace, given: argparse.Namespace) -> Iterator[tuple[str, Collection]]:
    """The four of them, encoded, one after the other."""
    coder = encoding.make_encoder("text", {"model": given.model})
    for name in ("cranfield", "cisi", "dl19"):
        folder = given.data / f"retrieval-{name}"
        corpus = retrieval.bring(workspace, str(folder / "docs.jsonl.gz"), encoder=coder)
        task = Task(corpus, str(folder / "queries.tsv"), str(folder / "qrels.tsv"), encoder_key=coder.key)
        yield name, collect(workspace, task, encoder=coder)
        if name == "dl19":
            run, full = (str(folder / file) for file in ("bm25_top100.tsv", "qrels_full.tsv"))
            again = Task(corpus, task.queries, full, run, coder.key)
            yield "dl19, BM25 re-ranked", collect(workspace, again, encoder=coder)


def measured(workspace: Workspace, head: str, collection: Collection, seeds: int) -> dict[str, Any]:
    """Figures query by query, the mean over the seeds of each, and what the head is."""
    values, latency, means = [], [], []
    for seed in range(seeds):
        ready = retrieval_heads.prepared(workspace, head, collection, seed=seed)
        rows, cost = retrieval.ranked_rows(ready, collection)
        values.append(retrieval.measured(collection, rows))
        means.append(float(np.nanmean(values[-1][relevance.MAIN])))
        latency.append(cost["latency_ms"])
    by_query = {name: np.mean([each[name] for each in values], axis=0) for name in values[0]}
    spread = statistics.stdev(means) if seeds > 1 else None
    return {
        "by_query": by_query, "dim": ready.dim, "bytes": 4 * ready.dim, "weights": ready.parameters["stored"],
        "seeds": seeds, "spread_of_seeds": spread, "latency_ms": statistics.median(latency),
    }  # fmt: skip


def table(workspace: Workspace, collection: Collection, seeds: int) -> list[dict[str, Any]]:
    """A row for each head and dimension, with its difference from PCA."""
    places = [(head, head, 1) for head in WIDE]
    for dim in DIMS:
        places += [(f"{head}:qubits={dim}", head, 1 if head in FIXED else seeds) for head in (*FIXED, *DRAWN)]
    found = {
        spec: {"head": head, **measured(workspace, spec, collection, count)} for spec, head, count in places
    }
    rows = []
    for dim in (collection.vectors.shape[1], *DIMS):
        there = {spec: each for spec, each in found.items() if each["dim"] == dim}
        reference = next(spec for spec in there if spec in (retrieval_heads.NONE, f"pca:qubits={dim}"))
        main = {spec: each["by_query"][relevance.MAIN] for spec, each in there.items()}
        differences = relevance.compare({s: v for s, v in main.items() if s != reference}, main[reference])
        for spec, each in there.items():
            figures = relevance.intervals(each.pop("by_query"))
            row = {**each, "measures": {name: figure._asdict() for name, figure in figures.items()}}
            if spec in differences:
                compared = differences[spec]
                row["difference"] = {
                    "against": reference, **asdict(compared.difference), "p_holm": compared.p_holm,
                    "words": compared.words,
                }  # fmt: skip
            rows.append(row)
    return rows


def markdown(name: str, collection: Collection, rows: list[dict[str, Any]]) -> str:
    """NDCG@10 by head and dimension, as the documentation has it."""
    cells = {(row["head"], row["dim"]): _cell(row) for row in rows}
    lines = [
        f"### {name}: {len(collection.ids):,} documents, {len(collection.query_ids)} queries", "",
        "| head | " + " | ".join(map(str, DIMS)) + " |", "|---" * (1 + len(DIMS)) + "|",
    ]  # fmt: skip
    lines += [
        f"| {head} | " + " | ".join(cells[head, dim] for dim in DIMS) + " |" for head in (*FIXED, *DRAWN)
    ]
    wide = [f"{head} {cells[head, collection.vectors.shape[1]]}" for head in WIDE]
    return "\n".join([*lines, "", f"At {collection.vectors.shape[1]} dimensions: {'; '.join(wide)}."])


def _cell(row: dict[str, Any]) -> str:
    main, other = row["measures"][relevance.MAIN], row.get("difference")
    star = "*" if other and other["p_holm"] < 0.05 else ""
    less = f", {other['mean']:+.3f}{star}" if other else ""
    return f"{main['value']:.3f} ({main['low']:.3f}–{main['high']:.3f}){less}"


def costs(rows: list[dict[str, Any]]) -> str:
    """Bytes, weights and milliseconds by head, over all dimensions."""
    lines = ["| head | " + " | ".join(map(str, DIMS)) + " |", "|---" * (1 + len(DIMS)) + "|"]
    for head in (*FIXED, *DRAWN):
        cells = [
            f"{row['bytes']} B, {row['weights']:,}, {row['latency_ms']:.1f} ms"
            for row in rows
            if row["head"] == head
        ]
        lines.append(f"| {head} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="sentence-transformers/all-MiniLM-L6-v2", help="folder or id")
    parser.add_argument("--workspace", type=Path, default=Path("workspace"))
    parser.add_argument("--seeds", type=int, default=5, help="draws of heads with random weights")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    workspace = open_workspace(given.workspace)
    document: dict[str, Any] = {
        "settings": {"seeds": given.seeds, "model": Path(given.model).name},
        "collections": {},
    }
    for name, collection in collections(workspace, given):
        rows = table(workspace, collection, given.seeds)
        print(markdown(name, collection, rows), "", *(f"- {note}" for note in collection.notes), sep="\n")
        print("", costs(rows), "", sep="\n", flush=True)
        if collection.candidates is not None:
            order = retrieval.measured(collection, retrieval.padded(collection.candidates))
            value = relevance.intervals(order)[relevance.MAIN]
            print(f"BM25's own order: {value.value:.4f} ({value.low:.3f}–{value.high:.3f})\n")
            document["bm25"] = value._asdict()
        document["collections"][name] = {
            "documents": len(collection.ids), "queries": len(collection.query_ids), "encoder": collection.key,
            "notes": collection.notes, "rows": rows,
        }  # fmt: skip
    document["machine"] = {"python": platform.python_version(), "numpy": np.__version__}
    if given.out:
        given.out.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
