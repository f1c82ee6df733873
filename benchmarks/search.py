"""Measure exact and indexed search against a bare matrix product, LanceDB, and other indexes.

    python benchmarks/search.py [--rows N] [--index-rows N …] [--peers] [--out FILE] [--repetitions N]

Goals: the exact 10 nearest by cosine among 1,000,000 × 64 and × 512 within 1.5 × a bare matrix product and ≥ 5 × faster
than LanceDB's flat search; the inverted lists find ≥ 95 % of the 10 nearest among 1,000,000 × 512, ≥ 15 × faster than
the exact search. The product is `vectors @ query` for one query and `queries @ vectors.T` for many, without selection
or lengths. Sides alternate in one process; ratios are of times within each turn. CPU time is given beside wall time.

`clustered` draws vectors as real encoders give them: a common direction, clusters of very different sizes, and a
spectrum that decays inside and between them. Queries are drawn anew. With `--peers`, other indexes are built on the
same vectors (at most 200,000, since some take minutes): LanceDB's, and faiss's if it is installed.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from qlatent.provenance import made_by
from qlatent.services.search import inverted_lists
from qlatent.services.search.nearest import top_k

K = 10
PEER_ROWS = 200_000
CLUSTERS = 4000
BATCH = 100_000

Work = Callable[[], Any]


def clustered(rows: int, width: int, *, seed: int = 0) -> np.ndarray:
    """Vectors (rows, width) float32 of unit length in `CLUSTERS` clusters."""
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((width, width), dtype=np.float32)
    basis *= ((1 + np.arange(width)) ** -0.5).astype(np.float32)[:, None]
    basis /= np.sqrt((basis**2).sum(axis=0).mean())
    common = 0.8 * rng.standard_normal(width).astype(np.float32)
    centres = rng.standard_normal((CLUSTERS, width), dtype=np.float32) @ basis
    shares = (1 + np.arange(CLUSTERS)) ** -0.7
    widths = rng.uniform(0.3, 0.8, CLUSTERS).astype(np.float32)
    found = np.empty((rows, width), dtype=np.float32)
    for first in range(0, rows, BATCH):
        part = found[first : first + BATCH]
        of = rng.choice(CLUSTERS, len(part), p=shares / shares.sum())
        within = rng.standard_normal(part.shape, dtype=np.float32) @ basis
        part[:] = common + centres[of] + widths[of, None] * within
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return found


def drawn(rows: int, queries: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors, and queries drawn from the same clusters that are not among them."""
    every = clustered(rows + queries, width)
    return every[:rows], every[rows:]


def turns(sides: dict[str, Work], repetitions: int) -> dict[str, dict[str, list[float]]]:
    """Wall and CPU seconds by side; each is called once before, and then in turns."""
    for work in sides.values():
        work()
    found: dict[str, dict[str, list[float]]] = {name: {"wall": [], "cpu": []} for name in sides}
    for _ in range(repetitions):
        for name, work in sides.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            found[name]["wall"].append(time.perf_counter() - wall)
            found[name]["cpu"].append(time.process_time() - cpu)
    return found


def summary(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, middle, high = (
        statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    )
    return {"median": middle, "quartile_1": low, "quartile_3": high}


def compared(times: dict[str, dict[str, list[float]]], above: str, below: str) -> dict[str, Any]:
    """The ratio of two sides within each turn, of wall and CPU time."""
    return {
        clock: summary([a / b for a, b in zip(times[above][clock], times[below][clock], strict=True)])
        for clock in ("wall", "cpu")
    }


def exact(rows: int, width: int, repetitions: int) -> Iterator[dict[str, Any]]:
    """One query and 128 queries against the bare product, and one against LanceDB's flat search."""
    vectors, asked = drawn(rows, 128, width)
    with tempfile.TemporaryDirectory() as folder:
        table = lance_table(Path(folder), vectors)
        one: dict[str, Work] = {
            "product": lambda: vectors @ asked[0],
            "search": lambda: top_k(vectors, asked[:1], k=K),
            "LanceDB, flat": lambda: lance(table, asked[0]),
        }
        times = turns(one, repetitions)
        same = len(set(lance(table, asked[0])) & set(top_k(vectors, asked[:1], k=K)[0][0].tolist()))
    ratios = {
        "search / product": compared(times, "search", "product"),
        "LanceDB / search": compared(times, "LanceDB, flat", "search"),
    }
    yield {"queries": 1, "rows": rows, "width": width, "same_as_lance": same, **told(times), "ratios": ratios}
    times = turns(
        {"product": lambda: asked @ vectors.T, "search": lambda: top_k(vectors, asked, k=K)},
        max(3, repetitions // 2),
    )
    yield {
        "queries": 128, "rows": rows, "width": width, **told(times),
        "ratios": {"search / product": compared(times, "search", "product")},
    }  # fmt: skip


def told(times: dict[str, dict[str, list[float]]]) -> dict[str, Any]:
    """Median and quartiles of wall and CPU seconds by side."""
    return {"seconds": {name: {c: summary(v) for c, v in clocks.items()} for name, clocks in times.items()}}


def indexed(rows: int, repetitions: int, *, peers: bool) -> Iterator[dict[str, Any]]:
    """Indexes over clustered vectors of width 512: seconds to build, recall on new queries, and time of one query."""
    vectors, asked = drawn(rows, 200, 512)
    true, _ = top_k(vectors, asked, k=K)

    def measured(name: str, built: float, find: Callable[[np.ndarray], Any]) -> dict[str, Any]:
        found = np.stack([np.asarray(find(query)) for query in asked])
        queue = iter(
            range(10**9)
        )  # a new query each time, as the cache of the processor would keep the lists of one
        times = turns(
            {
                "exact": lambda: top_k(vectors, asked[:1], k=K),
                "index": lambda: find(asked[next(queue) % len(asked)]),
            },
            repetitions,
        )
        return {
            "index": name, "rows": rows, "build_seconds": built, "recall": inverted_lists.recall(found, true),
            **told(times), "ratios": {"exact / index": compared(times, "exact", "index")},
        }  # fmt: skip

    begun = time.perf_counter()
    lists = inverted_lists.build(vectors)
    built = time.perf_counter() - begun
    yield {
        **measured(f"inverted lists, {lists.probes} of {len(lists.centres)} read", built, by_lists(lists)),
        "recall_told": lists.recall,
    }
    more = replace(lists, probes=2 * lists.probes)
    yield measured(f"the same, {more.probes} read", built, by_lists(more))
    if peers:
        for name, build, settings in [*lance_indexes(vectors), *faiss_indexes(vectors)]:
            begun = time.perf_counter()
            find = build()
            built = time.perf_counter() - begun
            for probes in settings:
                yield measured(f"{name}, {probes}", built, lambda query, p=probes, find=find: find(query, p))


def by_lists(lists: inverted_lists.Lists) -> Callable[[np.ndarray], Any]:
    """A search of one query in inverted lists."""
    return lambda query: lists.top_k(query[None], k=K)[0][0]


Peer = tuple[str, Callable[[], Callable[[np.ndarray, int], Any]], tuple[int, ...]]
"""A name, a function that builds it and returns its search, and the settings of that to try."""


def lance_table(folder: Path, vectors: np.ndarray) -> Any:
    """A LanceDB table of row and vector."""
    import lancedb

    width = vectors.shape[1]
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), width)
    table = pa.table({"row": np.arange(len(vectors)), "vector": column})
    return lancedb.connect(str(folder)).create_table("vectors", table)


def lance(table: Any, query: np.ndarray, probes: int = 0) -> list[int]:
    """The 10 nearest rows by LanceDB, flat or with its index."""
    search = table.search(query).distance_type("cosine").limit(K).select(["row", "_distance"])
    found = search.nprobes(probes).refine_factor(5) if probes else search
    rows: list[int] = found.to_arrow()["row"].to_pylist()
    return rows


def lance_indexes(vectors: np.ndarray) -> Iterator[Peer]:
    """LanceDB's inverted lists without compression, and its graph per list."""
    from lancedb.index import IvfFlat, IvfHnswSq

    lists = int(len(vectors) ** 0.5)
    for name, config, probes in (
        ("LanceDB IVF_FLAT, lists read:", IvfFlat(distance_type="cosine", num_partitions=lists), (16, 32)),
        ("LanceDB IVF_HNSW_SQ, lists read:", IvfHnswSq(distance_type="cosine", num_partitions=8), (4,)),
    ):

        def build(config: Any = config) -> Callable[[np.ndarray, int], Any]:
            folder = Path(tempfile.mkdtemp())
            table = lance_table(folder, vectors)
            table.create_index("vector", config=config)
            return lambda query, p: lance(table, query, p)

        yield name, build, probes


def faiss_indexes(vectors: np.ndarray) -> Iterator[Peer]:
    """faiss's inverted lists and graph, if it is installed."""
    try:
        import faiss
    except ImportError:
        print("faiss is not installed: pip install faiss-cpu")
        return
    lists = round(3 * len(vectors) ** 0.5)

    def ivf() -> Callable[[np.ndarray, int], Any]:
        made = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT
        )
        made.train(vectors[: 40 * lists])
        made.add(vectors)

        def find(query: np.ndarray, probes: int) -> Any:
            made.nprobe = probes
            return made.search(query[None], K)[1][0]

        return find

    def hnsw() -> Callable[[np.ndarray, int], Any]:
        made = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
        made.hnsw.efConstruction = 80
        made.add(vectors)

        def find(query: np.ndarray, breadth: int) -> Any:
            made.hnsw.efSearch = breadth
            return made.search(query[None], K)[1][0]

        return find

    yield f"faiss IVFFlat, of {lists} lists", ivf, (24, 32)
    yield "faiss HNSWFlat, breadth", hnsw, (32, 64)


def show(result: dict[str, list[dict[str, Any]]]) -> None:
    """Two small tables."""
    for row in result["exact"]:
        title = f"exact, {row['rows']:,} × {row['width']}, {row['queries']} queries"
        for name, ratio in row["ratios"].items():
            wall, cpu = ratio["wall"], ratio["cpu"]
            spread = f"({wall['quartile_1']:.2f}–{wall['quartile_3']:.2f}), of CPU {cpu['median']:.2f}"
            milliseconds = 1000 * row["seconds"]["search"]["wall"]["median"]
            print(f"{title:44}{name:20}{wall['median']:8.2f} × {spread}; search {milliseconds:.1f} ms")
    for row in result["index"]:
        ratio, seconds = row["ratios"]["exact / index"]["wall"], row["seconds"]["index"]["wall"]["median"]
        print(
            f"{row['rows']:>9,} × 512  {row['index']:48}recall {row['recall']:.3f}  {1000 * seconds:6.2f} ms  "
            f"{ratio['median']:6.1f} × ({ratio['quartile_1']:.0f}–{ratio['quartile_3']:.0f})  "
            f"built in {row['build_seconds']:.0f} s"
        )
    print(
        "goals: search ≤ 1.5 × the product, LanceDB ≥ 5 × the search; recall ≥ 0.95 at ≥ 15 × the exact search"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the exact search; 0 leaves it out")
    parser.add_argument("--index-rows", type=int, nargs="*", default=[PEER_ROWS, 1_000_000])
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--repetitions", type=int, default=11)
    given = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)
    result: dict[str, list[dict[str, Any]]] = {"exact": [], "index": []}
    for width in (64, 512) if given.rows else ():
        result["exact"] += exact(given.rows, width, given.repetitions)
    for rows in given.index_rows:
        result["index"] += indexed(rows, given.repetitions, peers=given.peers and rows <= PEER_ROWS)
        write(result, given.out)
    show(result)
    write(result, given.out)


def write(result: dict[str, list[dict[str, Any]]], out: Path | None) -> None:
    """Write what is measured so far."""
    if out is not None:
        machine = {"machine": platform.machine(), "python": platform.python_version(), **made_by()}
        out.write_text(json.dumps({"settings": machine, **result}, indent=1) + "\n")


if __name__ == "__main__":
    main()
