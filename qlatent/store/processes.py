"""Which process wrote something, and whether it is still there."""

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
    """Who we are: process id, start time (unix s) and the name of the machine."""
    pid = os.getpid()
    return {"pid": pid, "started": _started_of(pid), "host": socket.gethostname()}


def still_there(written: bytes | str | None) -> bool:
    """Whether the process that `this_process` once described, as JSON, is alive.

    Nothing or nonsense counts as gone. A process of another machine cannot be seen: it counts as alive.
    """
    try:
        owner = json.loads(written or "")
        pid, started, host = int(owner["pid"]), float(owner["started"]), str(owner["host"])
    except (ValueError, KeyError, TypeError):
        return False
    return is_alive(pid, started) if host == socket.gethostname() else True


def is_alive(pid: int | None, started: float | None) -> bool:
    """Whether a process with this id AND start time runs on this machine; a zombie does not count."""
    import psutil

    if not pid or started is None:
        return False
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) <= _SAME_START_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # it exists and belongs to somebody else: better to wait than to take over
        return True
