"""Measure exact search by log-fidelity against the matrix product of a cosine search.

    python benchmarks/fidelity_search.py [--out FILE] [--repetitions N] [--rows N] [--width N] [--queries N]

Goals: the exact 10 nearest of 1,000,000 × 64 latents within 3 × the time of the cosine matrix product alone (same
queries and blocks, without selection), and ≥ 20 × faster than the product formula Π cos²(Δθ/2) in numpy. Both indexes
(angles; unit vectors) are built in advance; their time is listed. Three kinds of latents: `encoded`, Bloch encodings of
vectors with a decaying spectrum, as in real data; `uniform` noise, without near neighbours; and `saturated`, where most
latents are ±1 and the bound by angles is useless. The formula is timed on `--formula` queries and scaled to all. Sides
alternate in one process; ratios are computed within each turn. The search is checked against the formula first.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.metrics.retrieval import search
from qlatent.provenance import made_by

GOAL_PRODUCT, GOAL_FORMULA = 3.0, 20.0
K = 10
FLOOR = 1e-12  # lower bound of a factor; matters only between opposite poles
SORTS = ("encoded", "uniform", "saturated")


def latents(sort: str, rows: int, width: int) -> np.ndarray:
    """⟨Z⟩ (rows, width) float32."""
    rng = np.random.default_rng(7)
    if sort == "uniform":
        return rng.uniform(-1, 1, (rows, width)).astype(np.float32)
    spectrum = (1 / np.sqrt(1 + np.arange(width))).astype(np.float32)
    mixing = rng.standard_normal((width, width), dtype=np.float32)
    u = rng.standard_normal((rows, width), dtype=np.float32) * spectrum @ mixing
    u *= (0.4 if sort == "encoded" else 20.0) / u.std()
    return -np.sin(np.float32(np.pi / 2) * np.tanh(u))


def formula(stored: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The nearest rows (q, K) by Π cos²(Δθ/2), in numpy with double precision, query by query."""
    angles, asked = (np.arccos(np.clip(z.astype(np.float64), -1, 1)) for z in (stored, queries))
    found = []
    for query in asked:
        fidelities = np.prod(np.maximum(np.cos((angles - query) / 2) ** 2, FLOOR), axis=1)
        best = np.argpartition(-fidelities, K)[:K]
        found.append(best[np.argsort(-fidelities[best], kind="stable")])
    return np.array(found)


def product(unit: np.ndarray, queries: np.ndarray) -> None:
    """Computes the cosines of all pairs in the blocks of the search and discards them."""
    out = np.empty((search.QUERIES, search.ROWS), dtype=np.float32)
    for start in range(0, len(queries), search.QUERIES):
        asked = queries[start : start + search.QUERIES]
        for first in range(0, len(unit), search.ROWS):
            block = unit[first : first + search.ROWS]
            np.matmul(asked, block.T, out=out[: len(asked), : len(block)])


def timed(work: Callable[[], Any]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(sort: str, given: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds by side for all queries, one value per turn."""
    every = latents(sort, given.rows + given.queries, given.width)
    stored, queries = every[: given.rows], every[given.rows :]
    times: dict[str, list[float]] = {name: [] for name in ("index_fidelity", "index_cosine")}
    begun = time.perf_counter()
    by_fidelity = search.index(stored)
    times["index_fidelity"].append(time.perf_counter() - begun)
    begun = time.perf_counter()
    by_cosine = search.index(stored, "cosine")
    times["index_cosine"].append(time.perf_counter() - begun)
    unit = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    few, scale = queries[: given.formula], given.queries / given.formula
    assert_same(stored[: 1 << 16], few)
    sides: dict[str, tuple[Callable[[], Any], float]] = {
        "cosine_product": (lambda: product(by_cosine.points, unit), 1.0),
        "cosine_search": (lambda: by_cosine.top(queries, K), 1.0),
        "fidelity_search": (lambda: by_fidelity.top(queries, K), 1.0),
        "product_formula": (lambda: formula(stored, few), scale),
    }
    for name in ("cosine_product", "cosine_search"):
        sides[name][0]()
    for turn in range(given.repetitions):
        for name, (work, factor) in sides.items():
            if name == "product_formula" and turn >= given.formula_repetitions:
                continue
            times.setdefault(name, []).append(factor * timed(work))
    return times


def assert_same(stored: np.ndarray, queries: np.ndarray) -> None:
    """Asserts that the search finds the formula's fidelities; rows may differ for ties within 1e-16."""
    found, expected = search.top(stored, queries, K).rows, formula(stored, queries)
    for query, rows, others in zip(queries, found, expected, strict=True):
        mine, theirs = (search.top(stored[each], query[None], K).scores for each in (rows, others))
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)


def summary(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, middle, high = (
        statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    )
    return {"median": middle, "quartile_1": low, "quartile_3": high}


def report(times: dict[str, list[float]]) -> dict[str, Any]:
    """Seconds, and ratios within each turn."""
    pairs = (
        ("fidelity_search", "cosine_product"), ("fidelity_search", "cosine_search"),
        ("product_formula", "fidelity_search"),
    )  # fmt: skip
    ratios = {
        f"{above} / {below}": summary([a / b for a, b in zip(times[above], times[below], strict=False)])
        for above, below in pairs
    }
    return {"seconds": {name: summary(values) for name, values in times.items()}, "ratios": ratios}


def show(result: dict[str, Any]) -> None:
    """A small table."""
    for sort, found in result.items():
        for kind, unit in (("seconds", "s"), ("ratios", "×")):
            for name, row in found[kind].items():
                spread = f"(middle half {row['quartile_1']:.3g}–{row['quartile_3']:.3g})"
                print(f"{sort:10} {name:36}{row['median']:10.3g} {unit} {spread}")
    print(f"goals: ≤ {GOAL_PRODUCT} × the cosine product, formula / search ≥ {GOAL_FORMULA:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repetitions", type=int, default=11)
    parser.add_argument("--formula-repetitions", type=int, default=3, help="repetitions of the slow formula")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--queries", type=int, default=128)
    parser.add_argument("--formula", type=int, default=2, help="number of queries for the slow formula")
    given = parser.parse_args()
    result = {sort: report(measure(sort, given)) for sort in SORTS}
    show(result)
    if given.out:
        about = {key: value for key, value in vars(given).items() if key != "out"}
        goals = {"cosine_product": GOAL_PRODUCT, "product_formula": GOAL_FORMULA}
        machine = {"python": platform.python_version(), "numpy": np.__version__, "cpus": os.cpu_count()}
        document = {"goals": goals, **result, "settings": about, "machine": machine}
        given.out.write_text(json.dumps({"made_by": made_by(), **document}, indent=2) + "\n")


if __name__ == "__main__":
    main()
