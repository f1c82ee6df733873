"""Identify the process that wrote a file, and check whether it is alive."""

from __future__ import annotations

import json
import os
import socket
from functools import lru_cache

# The kernel's start time is kept in ticks since boot, and the moment of boot is itself rounded.
_SAME_START_SECONDS = 2.0


@lru_cache(maxsize=1)
def _started_of(pid: int) -> float:
    import psutil

    return float(psutil.Process(pid).create_time())


def this_process() -> dict[str, int | float | str]:
    """This process: its id, its start time (unix s) and the name of the machine."""
    pid = os.getpid()
    return {"pid": pid, "started": _started_of(pid), "host": socket.gethostname()}


def still_there(written: bytes | str | None) -> bool:
    """Whether the process described by the JSON of `this_process` is alive.

    Missing or invalid JSON counts as ended. A process of another machine cannot be checked and counts as alive.
    """
    try:
        owner = json.loads(written or "")
        pid, started, host = int(owner["pid"]), float(owner["started"]), str(owner["host"])
    except (ValueError, KeyError, TypeError):
        return False
    return is_alive(pid, started) if host == socket.gethostname() else True


def is_alive(pid: int | None, started: float | None) -> bool:
    """Whether a process with this id and start time runs on this machine; a zombie does not count."""
    import psutil

    if not pid or started is None:
        return False
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) <= _SAME_START_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # it exists and belongs to another user; waiting is safer than taking over
        return True
