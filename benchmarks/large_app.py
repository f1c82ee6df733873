"""Measure the app's process with a large dataset open on Data and Explore, or with a run of a large probe set.

    python benchmarks/large_app.py [--out FILE] [--rows N] [--width N] [--workspace FOLDER] [--run ID] [--folder FOLDER]

A real server and Chromium: Home, the dataset on Data, its map on Explore, a lasso around the middle of the map, the
sections of the panel beside it, and Data again. After each step: seconds, CPU seconds of the app, its memory without
mapped files and the largest since its start, and the bytes that the browser received. Without a workspace, 1,000,000 ×
512 normal numbers are imported into a temporary one (5 GB), as in `scale.py`, whose dataset is called `big`. Goal: 1 GB
of memory beside mapped files.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright
from serving import served

GOAL_MEMORY = 1000
SETTLED = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
SECTIONS = ("counts", "apart", "filter", "items")
PATIENCE = 300.0  # seconds
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


class Watched:
    """The app's process and the bytes that a page receives, step by step."""

    def __init__(self, process: psutil.Process, page: Page) -> None:
        self.process, self._received, self._most = process, 0, 0.0
        self.steps: dict[str, dict[str, float]] = {}
        page.on("response", lambda each: self._count(int(each.headers.get("content-length", 0))))
        page.on("websocket", lambda each: each.on("framereceived", lambda part: self._count(len(part))))
        threading.Thread(target=self._sample, daemon=True).start()

    def _count(self, size: int) -> None:
        self._received += size

    def _private(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(dict(line.split(":", 1) for line in lines)["RssAnon"].split()[0]) / 1024

    def _sample(self) -> None:
        while self.process.is_running():
            try:
                self._most = max(self._most, self._private())
            except (OSError, KeyError):  # it has ended
                return
            time.sleep(0.1)

    @contextmanager
    def step(self, name: str, page: Page) -> Iterator[None]:
        """Measure what is done, until the page has settled."""
        begun, cpu, received = time.perf_counter(), self._cpu(), self._received
        yield
        page.wait_for_timeout(1500)
        page.wait_for_function(SETTLED)
        found = {
            "seconds": time.perf_counter() - begun - 1.5, "cpu": self._cpu() - cpu, "private": self._private(),
            "most": self._most, "received": (self._received - received) / 1e6,
        }  # fmt: skip
        self.steps[name] = found
        print(
            f"{name:10} {found['seconds']:5.1f} s, {found['cpu']:5.1f} CPU s; {found['private']:4.0f} MB beside mapped"
            f" files (largest so far {found['most']:.0f}); {found['received']:.1f} MB received",
            flush=True,
        )

    def _cpu(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


def visited(workspace: Path, query: str, dataset: str) -> dict[str, dict[str, float]]:
    """The steps of one visit."""
    with served(workspace) as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE * 1000)
        watched, url = Watched(app.process, page), app.url
        with watched.step("Home", page):
            page.goto(url)
        with watched.step("Data", page):
            page.goto(f"{url}/data?dataset={dataset}")
        with watched.step("Explore", page):
            _map(page, f"{url}/explore?{query}")
        with watched.step("lasso", page):
            _lasso(page)
        before = page.url
        for section in SECTIONS:
            with watched.step(section, page):
                _map(page, f"{before}&explore_selected={section}")
        with watched.step("Data again", page):
            page.goto(f"{url}/data?dataset={dataset}")
        browser.close()
        return watched.steps


def _map(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".st-key-explore_map .pm-root[data-drawn]").first.wait_for()


def _lasso(page: Page) -> None:
    """Draw a lasso around the middle of the map, and wait until the address has the selection."""
    page.locator(".st-key-explore_map .pm-lasso").first.click()
    box = page.locator(".st-key-explore_map .pm-stage").first.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] - 120, middle[1] - 90)
    page.mouse.down()
    for x, y in ((90, -100), (110, 60), (-20, 10), (-130, 80)):
        page.mouse.move(middle[0] + x, middle[1] + y, steps=4)
    page.mouse.up()
    page.wait_for_function("() => location.href.includes('explore_selection=')")


def imported(folder: Path, *, rows: int, width: int) -> Path:
    """A workspace with a dataset `big` of so many vectors."""
    import scale

    scale.written(folder / "vectors.parquet", rows, width)
    scale.alone("import", folder)
    (folder / "vectors.parquet").unlink()
    return folder / "workspace"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "large_app.json")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--workspace", type=Path, help="an existing one, with the dataset `big`")
    parser.add_argument("--run", help="a run of that workspace, whose map is opened in place of the vectors'")
    parser.add_argument("--folder", type=Path, help="for temporary files")
    asked = parser.parse_args()
    from qlatent.provenance import made_by

    query = f"run={asked.run}" if asked.run else "dataset=big&explore_encoder=given"
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        workspace = asked.workspace or imported(Path(folder), rows=asked.rows, width=asked.width)
        document: dict[str, Any] = {"made_by": made_by(), "load": os.getloadavg()[0]}
        document |= {"of": "a run" if asked.run else f"{asked.rows} × {asked.width}"}
        document["steps"] = visited(workspace, query, "big")
        document["load after"] = os.getloadavg()[0]
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    most = max(each["private"] for each in document["steps"].values())
    print(f"most memory beside mapped files after a step: {most:.0f} MB (goal {GOAL_MEMORY})")


if __name__ == "__main__":
    main()
