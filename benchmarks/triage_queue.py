"""Measure what the page Triage takes from a decision to the next case, with a long queue of listings with pictures.

    python benchmarks/triage_queue.py [--cases N] [--width D] [--decisions N] [--workspace FOLDER] [--out FILE]

Goal: the next case within 0.3 s of a decision, with 100,000 cases in the queue and vectors of images and texts of 512
numbers. `page` is one run of the page's whole script after a press, as Streamlit's own test double drives it; for a
browser less runs, since the card is a fragment. The parts are the calls that it makes. CPU seconds of this process,
with wall seconds; what the database takes by itself is `triage_load.py`.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from qlatent.provenance import made_by
from qlatent.services.datasets import browsing
from qlatent.services.triage import cases, casework, learning, places, queues
from qlatent.services.triage.queues import Policy
from qlatent.services.workspaces import open_workspace
from qlatent.settings import settings
from qlatent.store.catalogue import database
from qlatent.store.catalogue.records import DatasetRecord
from qlatent.store.workspace import Workspace
from qlatent.types import Item

APP = Path(__file__).resolve().parents[1] / "app.py"
DATASET, QUEUE = "listings", "flagged"
WARM = 5


def listings(count: int, width: int) -> Iterator[Item]:
    """Listings with a text, a picture of their own, metadata, and vectors near one of 200 directions."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(200, width)).astype(np.float32)
    for number in range(count):
        near = centres[number % 200]
        vectors = {each: near + 0.5 * rng.normal(size=width).astype(np.float32) for each in ("image", "text")}
        colour = (number % 256, number // 256 % 256, number // 65_536)
        buffer = io.BytesIO()
        Image.new("RGB", (32, 24), colour).save(buffer, "PNG", compress_level=1)
        yield Item(
            id=f"item-{number:06}", text=f"Thing number {number}. As good as new, kind {number % 200}, in Porto.",
            image=buffer.getvalue(), vectors=vectors,
            metadata={
                "price": round(float(rng.lognormal(3, 1)), 2), "currency": "EUR", "seller": f"seller-{number % 5000}",
                "created": f"2026-0{1 + number % 9}-{1 + number % 28:02}", "category": f"kind {number % 40}",
            },
        )  # fmt: skip


def made(path: Path, count: int, width: int) -> Workspace:
    """A workspace with the listings and one queue of them all; kept from an earlier run if it is there."""
    workspace = open_workspace(path)
    if not workspace.items.has(DATASET):
        workspace.items.create(DATASET, listings(count, width))
        record = DatasetRecord(DATASET, "Listings", "table", time.time(), count, ("image", "text"))
        workspace.catalogue.add_dataset(record)
        queues.create(workspace, DATASET, name="Flagged", order="column:price", by="ann")
    return workspace


def measured(work: Callable[[], Any]) -> tuple[float, float]:
    """CPU and wall seconds of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def told(name: str, figures: list[tuple[float, float]]) -> dict[str, float]:
    """Median and worst of some calls, printed as a line."""
    cpu, wall = zip(*figures, strict=True)
    found = {
        "cpu": statistics.median(cpu), "cpu_worst": max(cpu), "wall": statistics.median(wall), "wall_worst": max(wall)
    }  # fmt: skip
    print(
        f"{name:34s} {found['cpu']:8.3f} {found['cpu_worst']:8.3f} {found['wall']:8.3f} {found['wall_worst']:8.3f}"
    )
    return found


def page(decisions: int) -> dict[str, Any]:
    """The page's first run, and its run after each decision, skip and undo."""
    at = AppTest.from_file(str(APP), default_timeout=600)
    at.switch_page("pages/triage.py")
    at.query_params["queue"] = QUEUE
    first = measured(at.run)
    assert not at.exception and not at.error
    found: dict[str, Any] = {"first": told("page, the first case of a process", [first])}

    def press(name: str) -> None:
        (button,) = [each for each in at.button if str(each.key).startswith(name)]
        button.click().run()

    for name in ("triage_decide_ok", "triage_skip", "triage_undo"):
        figures = [measured(partial(press, name)) for _ in range(WARM + decisions)][WARM:]
        found[name.removeprefix("triage_")] = told(f"page, after {name.removeprefix('triage_')}", figures)
    return found


def parts(workspace: Workspace, decisions: int) -> dict[str, Any]:
    """The calls of one case, in order, each over many cases."""
    figures: dict[str, list[tuple[float, float]]] = {}

    drawn = places.places(workspace, DATASET, cases.encoder(workspace, DATASET))
    for _ in range(WARM + decisions):
        case = casework.next_case(workspace, QUEUE, by="bob")
        assert isinstance(case, casework.Assignment)
        own, key = cases.case(workspace, QUEUE, case.item), cases.encoder(workspace, DATASET)
        look = partial(cases.similar, workspace, own, encoder=key, policy=Policy())
        near = [each.picture for each in look()]
        calls: dict[str, Callable[[], Any]] = {
            "next case": partial(casework.next_case, workspace, QUEUE, by="bob"),
            "counts": partial(queues.view, workspace, QUEUE, analyst="bob"),
            "case": partial(cases.case, workspace, QUEUE, case.item),
            "encoder": partial(cases.encoder, workspace, DATASET),
            "similar items": look,
            "their thumbnails": partial(browsing.thumbnails, workspace, near),
            "picture": partial(cases.picture, workspace, own.pictures[0]),
            "place on the map": partial(drawn.of, own.row or 0),
            "disagreement": partial(cases.disagreement, workspace, own, encoder=key),
            "decide": partial(casework.decide, workspace, QUEUE, case.item, code="ok", by="bob"),
        }
        for name, work in calls.items():
            figures.setdefault(name, []).append(measured(work))
    return {name: told(name, each[WARM:]) for name, each in figures.items()}


def learnt(workspace: Workspace) -> dict[str, Any]:
    """Learning from some decisions, which puts all open cases in a new order: first of a process, and again."""
    queues.reorder(workspace, QUEUE, order="risk", by="ann")
    waiting = [each.item_id for each in workspace.catalogue.cases.of(QUEUE) if not each.code]
    casework.decide_all(workspace, QUEUE, waiting[::500], code="violates", reason="repost", by="ann")
    casework.decide_all(workspace, QUEUE, waiting[1::250], code="ok", by="ann")
    found = {}
    for name in ("learn, first of a process", "learn again"):
        with transactions() as writing:
            found[name] = told(name, [measured(partial(learning.learn, workspace, QUEUE))])
        found[f"{name}: write transactions"] = told(f"  its {len(writing)} write transactions", writing)
    return found


@contextmanager
def transactions() -> Iterator[list[tuple[float, float]]]:
    """CPU and wall seconds of each write transaction within the block, while it holds the database."""
    found: list[tuple[float, float]] = []

    @contextmanager
    def timed(engine: Any) -> Iterator[Any]:
        with writing(engine) as connection:
            cpu, wall = time.process_time(), time.perf_counter()
            yield connection
        found.append((time.process_time() - cpu, time.perf_counter() - wall))

    writing = database.writing
    database.writing = timed
    try:
        yield found
    finally:
        database.writing = writing


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--decisions", type=int, default=20)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.workspace or Path(folder) / "workspace"
        workspace = made(path, asked.cases, asked.width)
        os.environ |= {"QLATENT_WORKSPACE": str(path), "QLATENT_USER": "ann"}
        settings.cache_clear()
        print(f"{'':34s} {'cpu':>8s} {'worst':>8s} {'wall':>8s} {'worst':>8s}")
        result = {
            "cases": asked.cases, "width": asked.width, "made_by": made_by(), "page": page(asked.decisions),
            "parts": parts(workspace, asked.decisions), "learning": learnt(workspace),
        }  # fmt: skip
    if asked.out:
        asked.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
