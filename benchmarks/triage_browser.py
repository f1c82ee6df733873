"""Measure in a real browser what the page Triage takes from a key to the next case, with a long queue.

    python benchmarks/triage_browser.py [--cases N] [--width D] [--decisions N] [--workspace FOLDER] [--out FILE]

Goal: the next case within 0.3 s of a decision, with 100,000 cases. `cpu` are CPU seconds of the server from the key
until it rests again, `wall` seconds from the key until the next case is on screen, in headless Chromium on this
machine: where other processes use the cores, `wall` is theirs, too, and its least value says most. `first` is the first
visit of a server that started some seconds before. The queue is that of `triage_queue.py`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from serving import Served, served
from triage_queue import QUEUE, made

from qlatent.provenance import made_by

CHROMIUM = "/usr/bin/chromium"
WARM, REST = 5, 700  # ms after which the server has done what follows a run
RESTS = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
FIND = """() => {
    const inside = (root) => [...root.querySelectorAll("*")].map((each) =>
        each.matches(".keys[data-case]") ? each : each.shadowRoot && inside(each.shadowRoot)).find(Boolean);
    let line;
    window.onScreen = () => (line = line?.isConnected ? line : inside(document)).dataset.case;
}"""
PRESS = """async () => {
    const before = onScreen(), start = performance.now();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "2", bubbles: true }));
    while (onScreen() === before) await new Promise((done) => setTimeout(done, 4));
    return (performance.now() - start) / 1000;
}"""


def visited(app: Served, decisions: int) -> dict[str, Any]:
    """The first visit, and CPU and wall seconds of decisions after it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        before, begun = app.cpu(), time.perf_counter()
        tab.goto(f"{app.url}/triage?queue={QUEUE}")
        tab.locator('.st-key-triage_keys .keys[data-case^="item"]').wait_for(
            state="attached", timeout=300_000
        )
        found: dict[str, Any] = {"first": {"cpu": app.cpu() - before, "wall": time.perf_counter() - begun}}
        tab.wait_for_timeout(10_000)  # the map is drawn
        tab.evaluate(FIND)
        figures = []
        for _ in range(WARM + decisions):
            before = app.cpu()
            wall = tab.evaluate(PRESS)
            tab.wait_for_function(RESTS)
            tab.wait_for_timeout(REST)
            figures.append((app.cpu() - before, wall))
        browser.close()
    used, waited = zip(*figures[WARM:], strict=True)
    found["decision"] = {
        "cpu": statistics.median(used), "cpu_worst": max(used), "wall": statistics.median(waited),
        "wall_least": min(waited), "wall_worst": max(waited),
    }  # fmt: skip
    return found


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
        made(path, asked.cases, asked.width).close()
        with served(path, {"QLATENT_USER": "ann", "QLATENT_LEARN_BESIDE": "false"}) as app:
            time.sleep(8)  # it loads what a first visitor needs
            found = visited(app, asked.decisions)
    result = {"cases": asked.cases, "width": asked.width, "made_by": made_by(), **found}
    text = json.dumps(result, indent=1)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
