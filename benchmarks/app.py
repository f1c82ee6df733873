"""Measure response times of the app, idle and during a training, and its memory.

    python benchmarks/app.py [--out FILE] [--repetitions N] [--workspace FOLDER] [--skip-memory]

Goals on two cores: first map within 3 s of the page request (warm caches), a page switch under 0.7 s, at most twice
the idle time during a training, and under 1.5 GB with 20,000 items of 512-d. Uses a real server and Chromium; times are
from the click to the drawn content of the page. Needs the demo in the workspace, and prepares it if absent.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.sync_api import Page, sync_playwright

from qlatent.provenance import made_by
from qlatent.services import demo
from qlatent.services.datasets import datasets
from qlatent.services.runs import listing, queue
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.workspaces import Workspace, open_workspace

CONTENT = {  # page → content that must appear
    "Home": ".st-key-home_map_2 .pm-root[data-drawn]",
    "Data": ".st-key-data_encoders",
    "Train": ".st-key-live_map .main-svg",
    "Explore": ".st-key-explore_map .pm-root[data-drawn]",
    "Heads": "[class*=st-key-heads_table]",
}
SETTLED = 1500  # milliseconds on a page before the next click, so that drawing of pages does not overlap
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


@contextmanager
def server(workspace: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Context with the app on a free local port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true"]
    root = Path(__file__).resolve().parents[1]
    environment = os.environ | {"QLATENT_WORKSPACE": str(workspace)}
    process = subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url + "/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the app did not come up")


def opened(page: Page, url: str) -> float:
    """Seconds from the request to the first map."""
    begun = time.perf_counter()
    page.goto(url)
    page.locator(CONTENT["Home"]).first.wait_for()
    return time.perf_counter() - begun


def switched(page: Page, name: str) -> float:
    """Seconds from a click in the navigation to the page's content."""
    link = page.get_by_role("link", name=name, exact=True).first
    page.wait_for_timeout(SETTLED)
    begun = time.perf_counter()
    link.click()
    page.locator(CONTENT[name]).first.wait_for()
    return time.perf_counter() - begun


def round_trip(page: Page, url: str) -> dict[str, float]:
    """Visits every page once."""
    times = {"first map": opened(page, url)}
    for name in ("Data", "Train", "Explore", "Heads", "Home"):
        times[f"to {name}"] = switched(page, name)
    return times


def timed(workspace: Workspace, repetitions: int) -> dict[str, Any]:
    """Rounds alternately idle and busy; a run without end is started and stopped around every second round."""
    rows: dict[str, list[dict[str, float]]] = {"idle": [], "training": []}
    with sync_playwright() as playwright, server(workspace.path) as (url, process):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        round_trip(page, url)  # caches and the browser's own compilation
        for _ in range(repetitions):
            rows["idle"].append(round_trip(page, url))
            with training(workspace):
                rows["training"].append(round_trip(page, url))
        memory = process.memory_info().rss / 1e9
        browser.close()
    return {"rows": rows, "memory_gb": memory}


@contextmanager
def training(workspace: Workspace) -> Iterator[None]:
    """Context with a run in progress on the demo, removed afterwards."""
    settings = {"epochs": 100_000, "qubits": 4, "depth": 6}
    run = start_training(workspace, TrainingRequest(demo.DATASET, settings=settings, name="busy"))
    while listing.summary(workspace, run).status.step == 0:
        time.sleep(0.2)
    try:
        yield
    finally:
        queue.stop(workspace, run)
        while listing.summary(workspace, run).active:
            time.sleep(0.2)
        queue.remove(workspace, run)


def memory_with(count: int, width: int) -> float:
    """Gigabytes of the app process after every page was opened on a workspace with many vectors."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as temp:
        path = Path(temp) / "many.npz"
        image = rng.normal(size=(count, width)).astype(np.float32)
        np.savez(path, image=image, text=image + rng.normal(size=image.shape).astype(np.float32))
        with open_workspace(Path(temp) / "workspace") as workspace:
            datasets.store(workspace, path, name="many")
            settings = {"epochs": 2, "probe_size": 20_000, "snapshots": 10}
            run = start_training(workspace, TrainingRequest("many", settings=settings))
            while listing.summary(workspace, run).active:
                time.sleep(0.5)
            with sync_playwright() as playwright, server(workspace.path) as (url, process):
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                round_trip(browser.new_page(viewport={"width": 1440, "height": 900}), url)
                browser.close()
                return process.memory_info().rss / 1e9


def summary(rows: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Median seconds of each action idle and busy, and their ratio round by round."""
    table = {}
    for name in rows["idle"][0]:
        idle, busy = ([row[name] for row in rows[state]] for state in ("idle", "training"))
        ratios = [b / i for b, i in zip(busy, idle, strict=True)]
        table[name] = {
            "idle": statistics.median(idle), "idle_max": max(idle), "training": statistics.median(busy),
            "ratio": statistics.median(ratios), "ratio_max": max(ratios),
        }  # fmt: skip
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--workspace", type=Path, default=Path("workspace"))
    parser.add_argument("--skip-memory", action="store_true")
    options = parser.parse_args()
    with open_workspace(options.workspace) as workspace:
        if not demo.prepared(workspace):
            raise SystemExit("Prepare the demo first: qlatent demo --workspace " + str(options.workspace))
        result: dict[str, Any] = timed(workspace, options.repetitions)
    result["summary"] = summary(result["rows"])
    print(f"{'seconds':<12}{'idle':>8}{'worst':>8}{'training':>10}{'ratio':>8}{'worst':>8}")
    for name, row in result["summary"].items():
        print(
            f"{name:<12}"
            + "".join(f"{value:>{w}.2f}" for value, w in zip(row.values(), (8, 8, 10, 8, 8), strict=True))
        )
    if not options.skip_memory:
        result["memory_gb_20000"] = memory_with(20_000, 512)
        print(f"app process with 20,000 items of 512-d: {result['memory_gb_20000']:.2f} GB")
    if options.out:
        options.out.write_text(json.dumps({"made_by": made_by(), **result}, indent=2) + "\n")


if __name__ == "__main__":
    main()
