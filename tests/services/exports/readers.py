"""Read what was exported with the tools themselves, in a process of their own.

TensorBoard is in `requirements-dev.txt`. embedding-atlas and FiftyOne are not, since they bring what the app cannot
have beside it; their tests are skipped unless QLATENT_READERS names folders that have them, joined like PATH (`pip
install --target FOLDER fiftyone`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDERS = [folder for folder in os.environ.get("QLATENT_READERS", "").split(os.pathsep) if folder]


def read_by(tool: str, code: str, *arguments: Path) -> Any:
    """The JSON that `code` prints in a process that can import `tool`; skipped where it is not installed."""
    folder = next((each for each in [*FOLDERS, *sys.path] if each and Path(each, tool).is_dir()), None)
    if folder is None:
        pytest.skip(f"{tool} is not here; QLATENT_READERS names a folder that has it")
    environment = {**os.environ, "PYTHONPATH": folder, "HOME": str(arguments[0].parent)}
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.strip().splitlines()[-1])
