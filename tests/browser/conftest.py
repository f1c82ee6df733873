"""A real server and a real browser: Streamlit on a loopback port of its own, Debian's Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 300_000  # milliseconds; on two busy cores a worker may take a minute to import torch
START_TRIES = 1200  # a tenth of a second each; on busy cores an app needs more than half a minute
ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


@dataclass
class Server:
    """A running app; `restart` is what a person does after a crash."""

    url: str
    workspace: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(workspace: Path, log: Path, *, port: int = 0) -> Server:
    """`qlatent app` on this port, or on a free one, ready to answer."""
    port = port or free_port()
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
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, env=os.environ | {"QLATENT_MAX_RUNS": "1"}
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(START_TRIES):
        try:
            with urllib.request.urlopen(url + "/_stcore/health", timeout=1):
                return Server(url, workspace, process)
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    process.kill()
    process.wait(10)
    raise RuntimeError(f"the app did not come up:\n{log.read_text()[-3000:]}")


def settled(page: Any, chart: str) -> None:
    """Wait until Streamlit runs no script and Plotly has drawn the chart in this container."""
    page.wait_for_function(
        """chart => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
            && document.querySelector(`${chart} .js-plotly-plot`)?._fullLayout !== undefined""",
        arg=chart,
    )


def press(button: Any) -> None:
    """Press a button by the keyboard: while a page is being drawn, a button can move between mouse down and up."""
    button.click(trial=True)  # waits until it is enabled and at rest
    button.press("Enter")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers on workspaces; all are stopped at the end of the test."""
    servers: list[Server] = []

    def start(workspace: Path, *, port: int = 0) -> Server:
        servers.append(start_server(workspace, tmp_path / "server.log", port=port))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; skipped with a message where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A tab; a screenshot of it is kept for whoever looks why a test failed."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    yield tab
    tab.screenshot(path=tmp_path / "last.png")
    context.close()
