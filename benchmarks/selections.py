"""Measure what a search and a selection cost in CPU and memory as a dataset grows, to a million items.

    python benchmarks/selections.py [--out FILE] [--rows N …] [--folder FOLDER]

Items have a text of ten words, 64 numbers, a label (20 values), and as metadata a seller (500 values), a price, a date,
a truth value and a code that no other item has. Each size is measured in a process of its own. The first description of
a selection reads the columns, which are then kept; further ones are of other items. A selection is 30 % of the items:
at random places, as a lasso gives them, described with its counts, what sets it apart, and its words. Memory is that
beside mapped files: what stays, and the most within the step. Goals at a million: a new selection ≤ 1.5 s of CPU in
all, ≤ 200 MB kept.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, LABELS, SELLERS, PART, TURNS, SHARE = 64, 20, 500, 50_000, 3, 0.3
WORDS = [
    f"{first}{second}{third}" for first in "bdfgklmn" for second in ("ar", "el", "on") for third in "aeiou"
]


def written(path: Path, rows: int) -> None:
    """A Parquet file of items; words depend a little on the label."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    writer = None
    for start in range(0, rows, PART):
        part = np.arange(start, min(start + PART, rows))
        labels = rng.integers(LABELS, size=len(part))
        words = (rng.zipf(1.3, (len(part), 10)) + labels[:, None]) % len(WORDS)
        days = np.datetime64("2024-01-01") + rng.integers(700, size=len(part))
        content = rng.standard_normal((len(part), WIDTH), np.float32)
        content[np.arange(len(part)), labels] += 4
        table = pa.table({
            "id": [f"item-{row}" for row in part], "label": [f"c{each}" for each in labels],
            "text": [" ".join(WORDS[each] for each in row) for row in words],
            "seller": [f"seller {each}" for each in rng.integers(SELLERS, size=len(part))],
            "price": np.round(rng.gamma(2, 10, len(part)) + labels, 2), "made": [str(each) for each in days],
            "fresh": labels + rng.integers(9, size=len(part)) > 12, "code": [f"{row:08x}-x" for row in part],
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(content.ravel()), WIDTH),
        })  # fmt: skip
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=10_000)
    if writer is not None:
        writer.close()


class Watched:
    """CPU seconds and memory beside mapped files of this process, step by step."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, float]] = {}
        self._most = 0.0
        threading.Thread(target=self._sample, daemon=True).start()

    def step(self, name: str, call: Callable[[], Any]) -> None:
        """Measure a call, repeated under the same name; CPU seconds are the median."""
        gc.collect()
        before, cpu = private(), time.process_time()
        self._most = before
        call()
        cpu = time.process_time() - cpu
        gc.collect()
        found = {"cpu": cpu, "kept": private() - before, "most": self._most - before}
        self.steps[name] = found
        print(
            f"  {name:42} {cpu:7.3f} CPU s, {found['kept']:6.1f} MB kept, {found['most']:6.1f} MB at most",
            flush=True,
        )

    def turns(self, name: str, call: Callable[[int], Any]) -> None:
        """Measure further calls, each with another number."""
        taken = []
        for turn in range(TURNS):
            cpu = time.process_time()
            call(turn)
            taken.append(time.process_time() - cpu)
        self.steps[name] = {"cpu": statistics.median(taken), "cpu_most": max(taken)}
        print(
            f"  {name:42} {statistics.median(taken):7.3f} CPU s ({min(taken):.3f}–{max(taken):.3f})",
            flush=True,
        )

    def _sample(self) -> None:
        while True:
            self._most = max(self._most, private())
            time.sleep(0.005)


def private() -> float:
    """Megabytes of this process beside mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(dict(line.split(":", 1) for line in lines)["RssAnon"].split()[0]) / 1024


def measured(folder: Path) -> dict[str, Any]:
    """The steps on the workspace in a folder."""
    from qlatent.services.search import counts, neighbours, queries, words
    from qlatent.services.selections import cards, selections
    from qlatent.services.selections.definitions import Column
    from qlatent.services.selections.describing import described
    from qlatent.services.vectors import stored
    from qlatent.services.workspaces import open_workspace

    with open_workspace(folder / "workspace") as workspace:
        rows, watched = workspace.items.count("big"), Watched()
        print(f"{rows:,} items", flush=True)
        rng = np.random.default_rng(1)

        def some(_: int) -> np.ndarray:
            return np.sort(rng.permutation(rows)[: int(SHARE * rows)])

        def by(column: Column) -> np.ndarray:
            return selections.resolve(workspace, "big", column)

        watched.step("first description, columns read", lambda: described(workspace, "big", some(0)))
        picked = [some(turn) for turn in range(TURNS)]
        watched.turns(
            "new description of a selection", lambda turn: described(workspace, "big", picked[turn])
        )
        labels = [tuple(f"c{each}" for each in range(turn, turn + 6)) for turn in range(TURNS)]
        watched.turns("selected by labels, and described",
            lambda turn: described(workspace, "big", by(Column(name="label", values=labels[turn]))))  # fmt: skip
        sellers = [tuple(f"seller {each}" for each in range(turn, 150 + turn)) for turn in range(TURNS)]
        watched.turns("selected by sellers, and described",
            lambda turn: described(workspace, "big", by(Column(name="seller", values=sellers[turn]))))  # fmt: skip
        watched.turns("selected by price", lambda turn: by(Column(name="price", least=10 + turn, largest=20)))
        watched.turns(
            "selected by words in the seller", lambda turn: by(Column(name="seller", words=f"{turn}"))
        )
        watched.turns(
            "selected by words in the text", lambda turn: by(Column(name="text", words=WORDS[turn]))
        )
        order = cards.Order(by="column:price", descending=True)
        watched.turns("a selection sorted by price, one page",
            lambda turn: cards.page(workspace, "big", cards.ranked(workspace, "big", picked[turn], order)))  # fmt: skip
        watched.turns("counts of all columns", lambda turn: counts.counts(workspace, "big"))
        mask = [np.isin(np.arange(rows), each) for each in picked]
        watched.turns(
            "counts of what a filter leaves", lambda turn: counts.counts(workspace, "big", among=mask[turn])
        )
        modality = next(iter(stored.widths(workspace, "big", stored.GIVEN)))
        asked = neighbours.Asked(encoder=stored.GIVEN, modality=modality, k=10)

        def near(turn: int) -> Any:
            return neighbours.neighbours(workspace, "big", queries.items([f"item-{7 + turn}"]), asked)

        watched.step("first search by item, exact", lambda: near(TURNS))
        watched.turns("search by item, exact", near)
        watched.step("first search by words", lambda: words.ranked(workspace, "big", WORDS[9]))
        watched.turns(
            "search by words", lambda turn: words.ranked(workspace, "big", f"{WORDS[turn + 10]} {WORDS[20]}")
        )
        return {"rows": rows, "steps": watched.steps, "memory": private()}


def imported(folder: Path, rows: int) -> None:
    """A workspace with the dataset `big`."""
    from qlatent.services.datasets import datasets
    from qlatent.services.workspaces import open_workspace

    written(folder / "items.parquet", rows)
    with open_workspace(folder / "workspace") as workspace:
        datasets.store(workspace, folder / "items.parquet", name="big")
    (folder / "items.parquet").unlink()


def alone(folder: Path) -> dict[str, Any]:
    """Measured in a new process."""
    command = [sys.executable, __file__, "--measure", "--folder", str(folder)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    print("\n".join(said.splitlines()[:-1]), flush=True)
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "selections.json")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="for temporary files")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measured(asked.folder)))
        return
    from qlatent.provenance import made_by

    document: dict[str, Any] = {"made_by": made_by(), "sizes": []}
    for rows in asked.rows:
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            imported(Path(folder), rows)
            document["sizes"].append(alone(Path(folder)))
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
