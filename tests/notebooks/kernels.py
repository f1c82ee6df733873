"""A Jupyter kernel for tests, in a process of its own, as an exported lesson meets it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg

OUTPUTS = ("stream", "display_data", "execute_result", "error")
SECONDS = 100


@contextmanager
def kernel(workspace: Path) -> Iterator[BlockingKernelClient]:
    """A kernel whose default workspace is this folder, in the folder beside it."""
    manager = KernelManager(kernel_name="python3")
    environment = os.environ | {"QLATENT_WORKSPACE": str(workspace)}
    environment.pop("QLATENT_LESSONS", None)  # lessons of one's own lie in the workspace, as for everybody
    manager.start_kernel(env=environment, cwd=str(workspace.parent))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def outputs(client: BlockingKernelClient, source: str) -> list[NotebookNode]:
    """What running a cell shows."""
    found: list[NotebookNode] = []

    def hear(message: dict[str, Any]) -> None:
        if message["header"]["msg_type"] in OUTPUTS:
            found.append(output_from_msg(message))

    client.execute_interactive(source, output_hook=hear, timeout=SECONDS)
    return found


def assert_runs(shown: list[NotebookNode], source: str) -> None:
    """No error, and something to see."""
    said = [f"{each.ename}: {each.evalue}" for each in shown if each.output_type == "error"]
    assert not said, f"{source}\n{said}"
    assert shown, source


def text(shown: list[NotebookNode]) -> str:
    """The Markdown of the outputs."""
    return "\n".join(str(each.data.get("text/markdown", "")) for each in shown if "data" in each)
