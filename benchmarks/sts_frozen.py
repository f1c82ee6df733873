"""Measure sentence similarity with frozen heads that compress 384-d vectors to 192 … 24 numbers, without scores.

    python benchmarks/sts_frozen.py DATA [--model FOLDER_OR_ID] [--workspace FOLDER] [--seeds N] [--out FILE]

DATA holds the folder sts with sts2012_2015.csv (year, task, score, sentence1, sentence2) and sick2014.csv (split,
relatedness, sentence1, sentence2). Computes Spearman's correlation between human scores and each head's own similarity
over all pairs of a year, for tasks that were test sets. PCA is fitted to the sentences of the other years of STS,
without those that also occur in the year. Heads with random weights are drawn `--seeds` times; a pair's contribution is
the mean over seeds. Intervals resample pairs. Differences from PCA of the same dimension (at full width from the
vectors themselves) are paired, with Holm's correction over the heads of that dimension. Some heads are also measured
with another similarity of the same latents, corrected over a set.
"""

from __future__ import annotations

import json
import platform
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import frozen_heads
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.encoders.base import AbstractEncoder
from qlatent.metrics.pairs.distances import Metric, matched
from qlatent.metrics.pairs.ranks import ranking
from qlatent.metrics.retrieval import relevance
from qlatent.metrics.statistics.uncertainty import rank_contributions
from qlatent.provenance import made_by
from qlatent.services.retrieval import searched_heads
from qlatent.services.retrieval.collection import Collection, Judged
from qlatent.services.vectors import encoding
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.types import content_hash

SPEARMAN = "spearman"
OTHERWISE: tuple[tuple[str, Metric], ...] = (  # heads, and further distances for their latents
    ("linear_fidelity", "cosine"), ("linear_fidelity", "euclidean"), ("qbec", "cosine"), ("qbec", "euclidean"),
    ("bec", "euclidean"), ("random_projection", "cosine"), ("truncation", "cosine"), ("pca", "cosine"),
)  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """Rated pairs: scores (n,), vectors (n, d) of both sentences, and the vectors for fitting heads."""

    name: str
    scores: NDArray[np.float64]
    first: NDArray[np.float32]
    second: NDArray[np.float32]
    others: Collection


def read(data: Path) -> dict[str, pd.DataFrame]:
    """The pairs of each year and of SICK's test set: score, sentence1, sentence2."""
    sts = pd.read_csv(data / "sts" / "sts2012_2015.csv", keep_default_na=False)
    sts = sts[sts["task"].str.endswith(".test")]
    sick = pd.read_csv(data / "sts" / "sick2014.csv", keep_default_na=False)
    sick = sick[sick["split"].str.lower() == "test"].rename(columns={"relatedness": "score"})
    return {f"STS {year}": part for year, part in sts.groupby("year")} | {"SICK test": sick}


def judged(workspace: Workspace, tables: dict[str, pd.DataFrame], coder: AbstractEncoder) -> list[Pairs]:
    """All pairs with their vectors, encoded if not cached."""
    texts = {name: {*table["sentence1"], *table["sentence2"]} for name, table in tables.items()}
    encoding.encode_texts(workspace, {text: text for each in texts.values() for text in each}, encoder=coder)

    def vectors(sentences: list[str]) -> NDArray[np.float32]:
        return workspace.items.embeddings(coder.key, "text", [content_hash(each) for each in sentences])

    result = []
    for name, table in tables.items():
        elsewhere = {
            text for other in texts if other != name and other.startswith("STS") for text in texts[other]
        }
        fit = sorted(elsewhere - texts[name])
        none = np.empty((0, coder.dim), np.float32)
        others = Collection(
            coder.key, "text", fit, vectors(fit), [], none, Judged([], []), np.empty(0, np.int64)
        )
        sides = (vectors(list(table[side])) for side in ("sentence1", "sentence2"))
        result.append(Pairs(name, table["score"].to_numpy(np.float64), *sides, others))
    return result


def measured(
    workspace: Workspace, head: str, pairs: Pairs, seeds: int, metric: Metric | None = None
) -> dict[str, Any]:
    """Contributions to Spearman's correlation per pair, averaged over seeds, and the head's description.

    `metric` replaces the head's own distance between latents.
    """
    scores, values = ranking(pairs.scores), []
    for seed in range(seeds):
        ready = searched_heads.prepared(workspace, head, pairs.others, seed=seed)
        sides = (ready.latents(each) for each in (pairs.first, pairs.second))
        distances = matched(*sides, metric=metric or ready.metric)
        values.append(rank_contributions(scores, ranking(-distances)))
    return {
        "by_item": {SPEARMAN: np.mean(values, axis=0)}, "dim": ready.dim, "similarity": metric or ready.metric,
        "weights": ready.parameters["stored"],
        "spread_of_seeds": statistics.stdev(float(each.mean()) for each in values) if seeds > 1 else None,
    }  # fmt: skip


def by_similarity(workspace: Workspace, pairs: Pairs, seeds: int) -> list[dict[str, Any]]:
    """Difference of a head's own similarity from another on the same latents, by head and dimension, Holm-corrected."""
    places = [
        (head, f"{head}:qubits={dim}", metric) for head, metric in OTHERWISE for dim in frozen_heads.DIMS
    ]
    rows, values = [], {}
    for head, spec, metric in [*places, ("qbt", "qbt", "cosine")]:
        count = seeds if head in frozen_heads.DRAWN else 1
        own = measured(workspace, spec, pairs, count)
        other = measured(workspace, spec, pairs, count, metric)["by_item"][SPEARMAN]
        values[f"{spec}, {metric}"] = own["by_item"][SPEARMAN] - other
        rows.append({"head": head, "dim": own["dim"], "similarity": own["similarity"], "against": metric})
    compared = relevance.compare(values, np.zeros(len(pairs.scores)))
    return [
        row | frozen_heads.described(each, row["against"])
        for row, each in zip(rows, compared.values(), strict=True)
    ]


def similarities(documents: dict[str, dict[str, Any]]) -> str:
    """The gain of a head's own similarity over another on the same latents, by set and dimension, as Markdown."""
    dims = " | ".join(map(str, frozen_heads.DIMS))
    rule = "|---" * (3 + len(frozen_heads.DIMS)) + "|"
    lines = ["### One similarity less another", "", f"| head | similarities | set | {dims} |", rule]
    for head, metric in OTHERWISE:
        for name, document in documents.items():
            rows = [row for row in document["similarity"] if (row["head"], row["against"]) == (head, metric)]
            cells = " | ".join(map(_difference, rows))
            lines.append(f"| {head} | {rows[0]['similarity']} − {metric} | {name} | {cells} |")
    wide = [f"{name} {_difference(document['similarity'][-1])}" for name, document in documents.items()]
    return "\n".join([*lines, "", f"qbt at full width, log_fidelity − cosine: {'; '.join(wide)}."])


def _difference(row: dict[str, Any]) -> str:
    star = "*" if row["p_holm"] < 0.05 else ""
    return f"{row['mean']:+.3f}{star} ({row['low']:+.3f} to {row['high']:+.3f})"


def main() -> None:
    given = frozen_heads.arguments(__doc__).parse_args()
    workspace, coder = open_workspace(given.workspace), frozen_heads.encoder(given.model)
    documents: dict[str, dict[str, Any]] = {}
    for pairs in judged(workspace, read(given.data), coder):
        rows = frozen_heads.table(
            lambda head, seeds, pairs=pairs: measured(workspace, head, pairs, seeds),
            seeds=given.seeds, main=SPEARMAN,
        )  # fmt: skip
        fitted = len(pairs.others.ids)
        title = f"{pairs.name}: {len(pairs.scores):,} pairs (PCA on {fitted:,} other sentences)"
        print(frozen_heads.markdown(title, rows, main=SPEARMAN), "", sep="\n", flush=True)
        documents[pairs.name] = {
            "pairs": len(pairs.scores), "fitted_on": fitted, "rows": rows,
            "similarity": by_similarity(workspace, pairs, given.seeds),
        }  # fmt: skip
    print(similarities(documents))
    if given.out:
        document = {
            "settings": {"seeds": given.seeds, "model": coder.describe(), "encoder": coder.key}, "sets": documents,
            "machine": {"python": platform.python_version(), "numpy": np.__version__},
        }  # fmt: skip
        given.out.write_text(json.dumps({"made_by": made_by(), **document}, indent=1) + "\n")


if __name__ == "__main__":
    main()
