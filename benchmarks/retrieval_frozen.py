"""Measure retrieval with frozen heads that compress 384-d sentence vectors to 192 … 24 numbers, without labels.

    python benchmarks/retrieval_frozen.py DATA [--model FOLDER_OR_ID] [--workspace FOLDER] [--seeds N] [--out FILE]

DATA holds the folders retrieval-cranfield, retrieval-cisi and retrieval-dl19 (docs.jsonl.gz, queries.tsv, qrels.tsv;
dl19 also qrels_full.tsv and bm25_top100.tsv, whose candidates are re-ranked). Measures every projection head and every
baseline at each dimension. Heads with random weights are drawn `--seeds` times; a query's value is the mean over seeds,
and intervals resample queries. Differences from PCA of the same dimension (at full width from the vectors themselves)
are paired by query, with Holm's correction over the heads of that dimension. Vectors are encoded once and stored in the
workspace.
"""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frozen_heads
import numpy as np

from qlatent.encoders.base import AbstractEncoder
from qlatent.metrics.retrieval import relevance
from qlatent.provenance import made_by
from qlatent.services.retrieval import evaluation, searched_heads
from qlatent.services.retrieval.collection import Collection, Task, collect
from qlatent.services.workspaces import Workspace, open_workspace


def collections(workspace: Workspace, data: Path, coder: AbstractEncoder) -> Iterator[tuple[str, Collection]]:
    """The four collections, encoded, one by one."""
    for name in ("cranfield", "cisi", "dl19"):
        folder = data / f"retrieval-{name}"
        corpus = evaluation.bring(workspace, str(folder / "docs.jsonl.gz"), encoder=coder)
        task = Task(corpus, str(folder / "queries.tsv"), str(folder / "qrels.tsv"), encoder_key=coder.key)
        yield name, collect(workspace, task, encoder=coder)
        if name == "dl19":
            run, full = (str(folder / file) for file in ("bm25_top100.tsv", "qrels_full.tsv"))
            again = Task(corpus, task.queries, full, run, coder.key)
            yield "dl19, BM25 re-ranked", collect(workspace, again, encoder=coder)


def measured(workspace: Workspace, head: str, collection: Collection, seeds: int) -> dict[str, Any]:
    """Metrics per query, averaged over seeds, and the head's description."""
    values, latency, means = [], [], []
    for seed in range(seeds):
        ready = searched_heads.prepared(workspace, head, collection, seed=seed)
        rows, cost = evaluation.ranked_rows(ready, collection)
        values.append(evaluation.measured(collection, rows))
        means.append(float(np.nanmean(values[-1][relevance.MAIN])))
        latency.append(cost["latency_ms"])
    by_item = {name: np.mean([each[name] for each in values], axis=0) for name in values[0]}
    spread = statistics.stdev(means) if seeds > 1 else None
    return {
        "by_item": by_item, "dim": ready.dim, "bytes": 4 * ready.dim, "weights": ready.parameters["stored"],
        "spread_of_seeds": spread, "latency_ms": statistics.median(latency),
    }  # fmt: skip


def costs(rows: list[dict[str, Any]]) -> str:
    """Bytes, weights and milliseconds by head, over all dimensions."""
    lines = frozen_heads.head_line()
    for head in (*frozen_heads.FIXED, *frozen_heads.DRAWN):
        cells = [
            f"{row['bytes']} B, {row['weights']:,}, {row['latency_ms']:.1f} ms"
            for row in rows
            if row["head"] == head
        ]
        lines.append(f"| {head} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    given = frozen_heads.arguments(__doc__).parse_args()
    workspace, coder = open_workspace(given.workspace), frozen_heads.encoder(given.model)
    document: dict[str, Any] = {
        "settings": {"seeds": given.seeds, "model": coder.describe()},
        "collections": {},
    }
    for name, collection in collections(workspace, given.data, coder):
        rows = frozen_heads.table(
            lambda head, seeds, collection=collection: measured(workspace, head, collection, seeds),
            seeds=given.seeds, main=relevance.MAIN,
        )  # fmt: skip
        title = f"{name}: {len(collection.ids):,} documents, {len(collection.query_ids)} queries"
        shown = frozen_heads.markdown(title, rows, main=relevance.MAIN)
        print(shown, "", *(f"- {note}" for note in collection.notes), sep="\n")
        print("", costs(rows), "", sep="\n", flush=True)
        if collection.candidates is not None:
            order = evaluation.measured(collection, evaluation.padded(collection.candidates))
            value = relevance.intervals(order)[relevance.MAIN]
            print(f"BM25's own order: {value.value:.4f} ({value.low:.3f}–{value.high:.3f})\n")
            document["bm25"] = value._asdict()
        document["collections"][name] = {
            "documents": len(collection.ids), "queries": len(collection.query_ids), "encoder": collection.key,
            "notes": collection.notes, "rows": rows,
        }  # fmt: skip
    document["machine"] = {"python": platform.python_version(), "numpy": np.__version__}
    if given.out:
        given.out.write_text(json.dumps({"made_by": made_by(), **document}, indent=1) + "\n")


if __name__ == "__main__":
    main()
