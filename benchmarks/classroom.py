"""Measure a class of thirty on one server: steps, a slider, "bring everyone here", and memory.

    python benchmarks/classroom.py [--out FILE] [--workspace FOLDER] [--students N] [--steps N] [--think LOW HIGH]

Thirty websocket sessions on loopback join a class and walk a lesson with thinking time (`visitor.py`; no browser draws,
so times are those of server and connection). Goals on two cores: a step within 1.5 s and a slider within 0.5 s (95 % of
presses), everybody on the teacher's step within 3 s, and at most 2 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from visitor import Visitor

from qlatent.provenance import made_by
from qlatent.services.classes import opening, walking
from qlatent.services.lessons import preparing
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import open_workspace
from qlatent.teaching.figures import CircuitFigure

ROOT = Path(__file__).resolve().parents[1]
LESSON = "03-qubits"


@contextmanager
def server(workspace: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A server of classes on a free local port, as `qlatent class serve` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "qlatent.cli",
        "app",
        "--headless",
        "--port",
        str(port),
        "-w",
        str(workspace),
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"QLATENT_CLASSES_ONLY": "1"})
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def walk(
    url: str, code: str, number: int, steps: int, think: tuple[float, float], told: dict[str, list[float]]
) -> Visitor:
    """Join, and walk some steps of the lesson; the times go to `told`."""
    rng = random.Random(number)
    visitor = Visitor(url, page="learn", query=f"class={code}")
    visitor.until(lambda each: each.has("class_nickname"))
    visitor.submit("class_join_go", {"class_nickname": f"student {number}"})
    visitor.until(lambda each: each.has("learn_next"))
    for _ in range(steps):
        time.sleep(rng.uniform(*think))
        if slider := next((key for key in visitor.keys if key.startswith("learn_angle")), ""):
            told["slider"].append(visitor.slide(slider, rng.uniform(-3.0, 3.0)))
        told["step"].append(visitor.press("learn_next"))
    return visitor


def share(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and largest of times in seconds."""
    if not values:
        return {}
    ordered = sorted(values)
    return {
        "count": len(ordered), "p50": statistics.median(ordered),
        "p95": ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], "most": ordered[-1],
    }  # fmt: skip


def measured(workspace: Path, students: int, steps: int, think: tuple[float, float]) -> dict[str, Any]:
    """All figures of one class."""
    lesson = library().lesson(LESSON)
    with open_workspace(workspace) as opened, server(workspace) as (url, process):
        preparing.prepare(opened, lesson.about.needs)
        while not preparing.readiness(opened, lesson.about.needs).ready:
            time.sleep(0.5)
        made = opening.open_class(
            opened, name="Benchmark", lesson=lesson.id, step=lesson.steps[0].id, address=url
        )
        told: dict[str, list[float]] = {"step": [], "slider": []}
        visitors: list[Visitor] = []

        def one(number: int) -> None:
            visitors.append(walk(url, made.record.code, number, steps, think, told))

        before, began = process.cpu_times(), time.monotonic()
        threads = [threading.Thread(target=one, args=(number,)) for number in range(students)]
        for each in threads:
            each.start()
            time.sleep(0.3)
        for each in threads:
            each.join()
        took, after = time.monotonic() - began, process.cpu_times()
        last, there = lesson.steps[-1], f"step {len(lesson.steps)} of {len(lesson.steps)}"
        pressed = time.monotonic()
        walking.bring(opened, made.record.id, lesson=lesson.id, step=last.id)
        brought = []
        for visitor in visitors:
            visitor.until(lambda each: any(there in text for text in each.texts))
            brought.append(time.monotonic() - pressed)
        memory = process.memory_full_info().uss + sum(
            each.memory_full_info().uss for each in process.children(recursive=True)
        )
        for visitor in visitors:
            visitor.close()
        return {
            "students": students, "joined": len(visitors), "think": think, "step": share(told["step"]),
            "slider": share(told["slider"]),
            "everyone_brought": max(brought), "memory_bytes": memory,
            "server_cpu_share": (after.user + after.system - before.user - before.system) / took,
            "circuit_steps": sum(isinstance(each.figure, CircuitFigure) for each in lesson.steps),
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--think", type=float, nargs=2, default=(5.0, 20.0))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(
            options.workspace or Path(folder) / "workspace",
            options.students,
            options.steps,
            tuple(options.think),
        )
    document = json.dumps(figures | {"made_by": made_by()}, indent=2)
    print(document)
    if options.out:
        options.out.write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
