"""`python -m qlatent.hardware.qiskit_worker`: serves requests of `qiskit_process`, one JSON line each. Torch-free.

Qiskit is imported in the main thread, which lives as long as the process. The process exits immediately when the pipe
from its parent closes.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

from qlatent.circuits.circuit import Circuit
from qlatent.errors import QlatentError


def main() -> int:
    """Serves requests until the input ends; returns exit code 0."""
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # output of libraries must not mix with the replies
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        replies.write(json.dumps(_reply(requests.get())).encode() + b"\n")


def _listen(requests: SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)  # the parent is gone, and the main thread may be inside a library


def _reply(line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line)
        return {"result": _TASKS[asked["task"]](**asked["arguments"])}
    except QlatentError as err:
        return {"error": type(err).__name__, "message": err.message, "remedy": err.remedy}
    except Exception:  # noqa: BLE001  (a bug: the parent raises it with this traceback)
        return {"bug": traceback.format_exc()}


def _qasm3(circuit: str, inputs: list[float] | None) -> str:
    from qlatent.circuits.bridges import to_qiskit

    return to_qiskit.qasm3(Circuit.from_json(circuit), inputs)


def _qpy(circuit: str, inputs: list[float] | None) -> str:
    from qlatent.circuits.bridges import to_qiskit

    return base64.b64encode(to_qiskit.qpy(Circuit.from_json(circuit), inputs)).decode()


def _devices() -> list[str]:
    from qlatent.hardware import snapshots

    return list(snapshots.names())


def _noise(name: str) -> Mapping[str, float]:
    from qlatent.hardware import snapshots

    return dataclasses.asdict(snapshots.noise(name))


_TASKS: dict[str, Callable[..., Any]] = {"qasm3": _qasm3, "qpy": _qpy, "devices": _devices, "noise": _noise}


if __name__ == "__main__":
    sys.exit(main())
