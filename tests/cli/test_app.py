"""`qlatent app` as a person starts it: with a browser, without a question, and with the route of the point maps."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_app_answers_without_asking_anything_first(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "qlatent.cli",
        "app",
        "--port",
        str(port),
        "-w",
        str(tmp_path / "workspace"),
    ]
    home = os.environ | {"HOME": str(tmp_path), "BROWSER": "true"}  # a new user; `true` stands for a browser
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=home, stdout=subprocess.PIPE)
    try:
        answer = b""
        for _ in range(600):
            assert process.poll() is None, "the app ended by itself"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as reply:
                    answer = reply.read()
                break
            except OSError:
                time.sleep(0.1)
        assert answer == b"ok"
        with pytest.raises(urllib.error.HTTPError) as refused:  # the page would answer 200
            urllib.request.urlopen(f"http://127.0.0.1:{port}/points/blob/unknown", timeout=10)
        with refused.value as answered:
            assert answered.code == 404
    finally:
        process.kill()
        said, _ = process.communicate()
    assert said.decode().strip() == f"qlatent: http://127.0.0.1:{port} (press Ctrl-C to stop)"
