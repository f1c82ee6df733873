"""What a job will take, before it is submitted: in this process's main thread, else in one that keeps Qiskit loaded.

Qiskit must not be imported in a thread that ends (`hardware/README.md`), and the threads of a web server do.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.companion import Companion
from qlatent.hardware.work import Estimate, RunOptions
from qlatent.services.hardware import budget, cache, plans, prepared, requests, runners, usage
from qlatent.services.hardware.requests import Checked, HardwareRequest
from qlatent.services.selections import definitions
from qlatent.store.workspace import Workspace

_companion = Companion("qlatent.services.hardware.planning_worker", name="estimates of jobs", patience=300.0)
_NOTHING = Estimate(0.0, 0, 0, 0, 0, 0, 0, 0.0)


def estimate(workspace: Workspace, request: HardwareRequest) -> dict[str, Any]:
    """The estimate of a job as JSON values: those of `Estimate`, and what stands beside them.

    `items` are executed, `left_out` have no usable vector, `unknown` ids are not in the dataset, and `known` items have
    been measured by earlier jobs and are not paid again; `overlap` is the smallest of recompiled circuits. `budget` has
    the seconds used and left of an account, and `account` is that of `plans`, on remote devices. Raises what
    `requests.check` and the device's runner raise.
    """
    if threading.current_thread() is threading.main_thread():
        return estimated(workspace, requests.check(workspace, request), broker=request.broker)
    found: dict[str, Any] = _companion.ask(
        "estimate", {"path": str(workspace.path), "request": document(request)}
    )
    return found


def estimated(workspace: Workspace, checked: Checked, *, broker: str = "") -> dict[str, Any]:
    """The estimate of a checked request; call it in a process's main thread."""
    spec = checked.spec
    made = prepared.prepare(workspace, spec)
    runner = runners.opened(spec, folder=None, broker=broker)
    context = cache.context(made, spec.options, runner)
    known = cache.known(workspace, made, context, calibration=runner.calibration())
    rest = np.setdiff1d(np.arange(len(made.ids)), known.items if known else [])
    found = runner.estimate(made.work(spec.options, rest)) if len(rest) else _NOTHING
    told: dict[str, Any] = {
        "head": spec.head_id, "dataset": spec.dataset, "device": spec.runs_on, "modality": spec.modality,
        "items": len(made.ids), "left_out": checked.left_out, "unknown": checked.unknown,
        "known": len(made.ids) - len(rest), "shots": spec.options.shots, "mitigation": spec.options.mitigation,
        "remote": runner.remote, **asdict(found),
    }  # fmt: skip
    if made.overlaps:
        told["overlap"] = min(made.overlaps)
    if account := runner.account or spec.account:
        usage.settle(workspace, runner, now=time.time())
        held = budget.budget(workspace, account, now=time.time())
        told["budget"] = {"account": account, "used": held.used, "limit": held.limit, "left": held.left}
    if runner.remote:
        told["account"] = plans.account(broker).document()
    return told


def document(request: HardwareRequest) -> dict[str, Any]:
    """A request as JSON values; `request_of` reads it back."""
    kept = None if request.definition is None else definitions.written(request.definition)
    return asdict(replace(request, definition=None)) | {"definition": kept}


def request_of(document: dict[str, Any]) -> HardwareRequest:
    """The request that a document holds."""
    kept = document["definition"]
    values = document | {
        "options": RunOptions(**document["options"]),
        "definition": None if kept is None else definitions.read(kept),
    }
    return HardwareRequest(**values)


def in_companion(path: str, request: dict[str, Any]) -> dict[str, Any]:
    """The estimate for a request that came from another process; NaN is null."""
    with Workspace.open(Path(path), create=False) as workspace:
        found = estimate(workspace, request_of(request))
    return {key: None if value != value else value for key, value in found.items()}
