"""The app as a process of its own, for benchmarks that visit it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300.0
"""Seconds in which the app has to answer."""


@dataclass(frozen=True)
class Served:
    """The app on a free local port."""

    url: str
    process: psutil.Process

    def cpu(self) -> float:
        """CPU seconds of the app and its children so far, ended children included."""
        own = self.process.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for each in self.process.children(recursive=True):
            try:
                times = each.cpu_times()
            except psutil.NoSuchProcess:  # its time went to its parent
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return float(total)

    def memory(self) -> int:
        """Bytes that the app and its children hold for themselves, in memory."""
        total = 0
        for each in (self.process, *self.process.children(recursive=True)):
            try:
                total += each.memory_full_info().uss
            except psutil.NoSuchProcess:
                continue
        return total


@contextmanager
def served(workspace: Path, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Start the app on a workspace, wait until it answers, and end it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "qlatent.cli", "app", "--headless", "--port", port, "-w", str(workspace)],
        cwd=ROOT, env=os.environ | dict(environment or {}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url, ends = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
    try:
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > ends:
                raise SystemExit("the app did not come up")
            time.sleep(0.1)
        yield Served(url, psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/_stcore/health", timeout=1):
            return True
    except OSError:
        return False
