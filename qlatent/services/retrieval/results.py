"""Read the results of a retrieval evaluation: a tidy table, and the documents found by each head. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from qlatent.errors import StoreError
from qlatent.ingest.judgements.files import read_queries
from qlatent.services.runs.specs import RetrievalEvaluation, expected, of
from qlatent.store.workspace import Workspace

COUNTED = ("stored", "used", "identifiable")
TEXT = 300  # characters of a query in a list


@dataclass(frozen=True)
class Asked:
    """One query: its text (if uploaded) or its item, and its score with each head."""

    id: str
    text: str
    image: str
    relevant: int  # number of relevant documents
    values: dict[str, float | None]  # NDCG@10 by head

    @property
    def spread(self) -> float:
        """Difference between the best and the worst head."""
        known = [each for each in self.values.values() if each is not None]
        return max(known) - min(known) if known else 0.0


@dataclass(frozen=True)
class Answer:
    """One document found by a head, with its rank."""

    id: str
    text: str
    label: str
    image: str
    gain: float


def figures(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """The document of a finished evaluation; empty until then."""
    return workspace.run(run_id).figures()


def table(document: dict[str, Any]) -> pd.DataFrame:
    """One row per head: metrics with intervals, the difference to the reference, costs, parameters."""
    differences = {each["head"]: each for each in document["differences"]}
    return pd.DataFrame([_row(head, differences.get(head["head"], {})) for head in document["heads"]])


def _row(head: dict[str, Any], difference: dict[str, Any]) -> dict[str, Any]:
    row = {name: head.get(name) for name in ("head", "title", "similarity", "dim", "fitted_on")}
    for name, each in head["measures"].items():
        row |= {name: each["value"], f"{name}_low": each["low"], f"{name}_high": each["high"]}
    row |= {"queries": head["measures"]["ndcg@10"]["n"], "against": difference.get("against")}
    row |= {f"difference_{end}": difference.get(end) for end in ("mean", "low", "high")}
    row |= {"p": difference.get("p"), "p_holm": difference.get("p_holm")}
    row |= {name: head.get(name) for name in ("bytes_per_document", "latency_ms", "saturated")}
    return row | {f"parameters_{name}": head.get("parameters", {}).get(name) for name in COUNTED}


def queries(workspace: Workspace, run_id: str) -> list[Asked]:
    """All queries of an evaluation, sorted by the difference between heads, largest first."""
    folder = workspace.run(run_id)
    ranked = folder.ranked()
    file = folder.input("queries")
    if file is not None:
        texts, images = dict(read_queries(file).texts), dict[str, str]()
    else:
        asked = expected(of(folder), RetrievalEvaluation)
        items = _items(workspace, asked.queries or asked.dataset, ranked["queries"])
        texts = {name: item["text"] or "" for name, item in items.items()}
        images = {name: item["image_hash"] or "" for name, item in items.items()}
    found = [
        Asked(
            name, texts.get(name, "")[:TEXT], images.get(name, ""), ranked["relevant"][place],
            {head: values[place] for head, values in ranked["values"].items()},
        )
        for place, name in enumerate(ranked["queries"])
    ]  # fmt: skip
    return sorted(found, key=lambda each: -each.spread)


def answers(workspace: Workspace, run_id: str, query: str) -> dict[str, list[Answer]]:
    """The first documents of each head for a query, best first."""
    folder = workspace.run(run_id)
    ranked = folder.ranked()
    at = ranked["queries"].index(query)
    names = {
        head: [ranked["documents"][place] for place in places[at]]
        for head, places in ranked["places"].items()
    }
    items = _items(workspace, of(folder).dataset or "", {name for each in names.values() for name in each})
    return {
        head: [
            _answer(name, items.get(name, {}), gain)
            for name, gain in zip(found, ranked["gains"][head][at], strict=False)
        ]
        for head, found in names.items()
    }


def _answer(name: str, item: dict[str, Any], gain: float) -> Answer:
    return Answer(name, item.get("text") or "", item.get("label") or "", item.get("image_hash") or "", gain)


def _items(workspace: Workspace, dataset: str, names: Any) -> dict[str, dict[str, Any]]:
    """The present items with these ids; empty if the dataset was removed."""
    try:
        ids = workspace.items.table(dataset, columns=["id"])["id"].to_pylist()
        wanted = set(names)
        rows = [row for row, name in enumerate(ids) if name in wanted]
        found = workspace.items.rows(dataset, rows, columns=["id", "text", "label", "image_hash"])
    except StoreError:
        return {}
    return {each["id"]: each for each in found}
