"""Measure maps without WebGL2: the picture drawn by the server against points drawn by the browser's processor.

    python benchmarks/point_map_density.py [--out FILE] [--points N …] [--repetitions N]

The page of `tests/browser/point_map` in Chromium without WebGL2. The browser's figure is the CPU of the page's main
thread from a moved view to its full picture (Chromium's TaskDuration in thread time); times six it is that of a slow
laptop or phone. The server's figure is the CPU of drawing 1100 × 560 pixels and writing the PNG, without and with a
selection. Goal: above 200,000 points in view, where the server draws, the page takes less CPU than with the processor.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from qlatent.provenance import made_by
from qlatent.ui.latent_map.point_map import density

ROOT = Path(__file__).resolve().parents[1]
PORT = 8797
MOVES = 4
MOVE = """async (root, count) => { const stage = root.querySelector(".pm-stage");
  for (let i = 0; i < count; i++) { const before = root.dataset.drawn, key = i % 2 ? "ArrowLeft" : "ArrowRight";
    stage.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    while (root.dataset.drawn === before) await new Promise(done => setTimeout(done, 20)); } }"""
COLOURS = np.array([0xFFB27200, 0xFF009FE6, 0xFF739E00, 0xFFA779CC, 0xFFE9B456], dtype=np.uint32)
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-software-rasterizer", "--disable-dev-shm-usage")


@contextmanager
def server() -> Iterator[str]:
    """The page of the browser tests, served."""
    options = (f"--server.port={PORT}", "--server.address=127.0.0.1", "--server.headless=true")
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "serve.py", *options],
        cwd=ROOT / "tests/browser/point_map", env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{PORT}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(address + "/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        process.kill()
        process.wait(10)


def moved(page: Any, address: str) -> float:
    """CPU milliseconds of the page's main thread from a move to its full picture."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration")) * 1000

    page.goto(address)
    root = page.locator(".pm-root[data-drawn]")
    root.wait_for()
    root.evaluate(MOVE, 2)  # the first ones compile the script
    before = spent()
    root.evaluate(MOVE, MOVES)
    return (spent() - before) / MOVES


def drawn(points: int, *, selected: bool) -> float:
    """CPU milliseconds of the server for one picture."""
    draw = np.random.default_rng(0)
    places = np.clip(draw.normal(size=(points, 2)) * 8000, -32767, 32767).astype(np.int16)
    codes = (np.arange(points) % len(COLOURS)).astype(np.uint8)
    matrix = np.array([[0.02, 0, 550], [0, -0.02, 280]], dtype=np.float32)
    window = density.Window(1100, 560, matrix, 2, np.full(3, 255, dtype=np.float32))
    chosen = draw.random(points) < 0.3 if selected else None
    question = density.Asked(window, 0, None, COLOURS, COLOURS, chosen)
    begin = time.process_time()
    density.png(density.drawn(places, codes, question))
    return (time.process_time() - begin) * 1000


def measured(arguments: argparse.Namespace) -> dict[str, dict[str, list[float]]]:
    """Milliseconds by number of points and side."""
    found: dict[str, dict[str, list[float]]] = {}
    drawn(1000, selected=True)  # imports
    with server() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        for points in arguments.points:
            sides = found.setdefault(str(points), {})
            for _ in range(arguments.repetitions):
                for side, renderer in (
                    ("page, server draws", "auto"),
                    ("page, processor draws", "processor"),
                ):
                    page = chromium.new_page(viewport={"width": 1440, "height": 900})
                    page.set_default_timeout(120_000)
                    spent = moved(page, f"{address}/?n={points}&renderer={renderer}")
                    sides.setdefault(side, []).append(spent)
                    page.close()
                sides.setdefault("server", []).append(drawn(points, selected=False))
                sides.setdefault("server, selection", []).append(drawn(points, selected=True))
        chromium.close()
    return found


def main() -> None:
    """Measure, print the table and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--points", type=int, nargs="+", default=[300_000, 1_000_000])
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    found = measured(arguments)
    for points, sides in found.items():
        for side, values in sides.items():
            middle = statistics.median(values)
            print(f"{int(points):9,} {side:22} {middle:7.1f} ms ({min(values):.1f}–{max(values):.1f})")
    if arguments.out:
        content = {"cpu_ms": found, "made_by": made_by()}
        arguments.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
