"""A stand-in in a process of its own, and the switches that a test sets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.ibm_service import settings

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 150.0


class StandIn:
    """Starts the process; `url` is its address. `close` ends it."""

    def __init__(self) -> None:
        paths = [str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ibm_service"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().decode().strip()
        self.key, self.crn = settings.KEY, settings.Instance().crn

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def switch(self, what: str, **document: Any) -> dict[str, Any]:
        """Sends `POST /admin/{what}`; the reply."""
        request = Request(f"{self.url}/admin/{what}", json.dumps(document).encode(), method="POST")
        with urlopen(request, timeout=_PATIENCE) as reply:
            return dict(json.load(reply))

    def fault(self, path: str, **fault: Any) -> None:
        """The next requests that match meet this fault (see `settings.Fault`); earlier faults are forgotten."""
        self.switch("faults", faults=[{"path": path, **fault}])

    def settle(self) -> None:
        """Returns as soon as no job can go on."""
        self.switch("settle")

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The requests since the last reset."""
        return list(self.switch("log")["requests"])

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The jobs that were created, with what was sent."""
        return list(self.switch("submitted")["jobs"])
