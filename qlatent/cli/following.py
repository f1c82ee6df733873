"""Follows another process: a run until it ends, or the app until it is closed."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import qlatent
from qlatent import network
from qlatent.cli import lines
from qlatent.cli.terminal import Terminal
from qlatent.errors import RunError, UnavailableError
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.store.runs.run_status import ACTIVE, RunStatus

OPEN = """\
Everyone who can reach this machine can read the workspace, and import, train, download and remove in it:
there is no sign-in. Paths on this machine cannot be imported. Connections are not encrypted."""
POLL = 0.25  # seconds between two polls of a run


def follow(workspace: Workspace, run_id: str, *, terminal: Terminal, detach: bool) -> None:
    """Show a run's progress until it ends, then its result; Ctrl-C stops it. A failed run is a `RunError`."""
    if detach:
        view = listing.summary(workspace, run_id)
        terminal.result({"run": run_id, "state": view.state}, f"{run_id}: {view.state}.")
        return
    view = watch(workspace, run_id, terminal=terminal)
    document = lines.run_document(workspace, run_id)
    shown = lines.metric_lines(document["metrics"])
    terminal.result(
        document, f"{run_id}: {view.state} at step {view.status.step} of {view.status.steps}.", *shown
    )


def watch(workspace: Workspace, run_id: str, *, terminal: Terminal) -> RunSummary:
    """The run once it has ended, with a progress bar until then; a failed or interrupted run is a `RunError`."""
    with terminal.progress(f"Run {run_id}") as progress:
        view = _until_ended(workspace, run_id, progress)
    if view.state in ("failed", "interrupted"):
        raise RunError(
            f"Run {run_id} {view.message}.",
            remedy=view.status.remedy or f"`qlatent resume {run_id}` continues it.",
        )
    return view


def _until_ended(workspace: Workspace, run_id: str, progress: Any) -> RunSummary:
    while True:
        try:
            view = listing.summary(workspace, run_id)
            if not view.active:
                return view
            queue.go_on(workspace)
            rate = f"{view.status.rate:.3g} steps/s" if view.status.rate else view.message
            progress(view.status.step, view.status.steps or None, rate)
            time.sleep(POLL)
        except KeyboardInterrupt:
            with contextlib.suppress(RunError):
                queue.stop(workspace, run_id)


def wait(workspace: Workspace, run_id: str, *, seconds: float) -> RunStatus:
    """The status of a run once it has ended, or after `seconds`; reads only the run's folder."""
    until = time.monotonic() + seconds
    folder = workspace.run(run_id)
    while (status := folder.status()).state in ACTIVE and time.monotonic() < until:
        time.sleep(POLL)
    return status


def serve(path: Path, *, port: int, host: str, headless: bool) -> None:
    """Run the app until it is closed; a port in use is an `UnavailableError` that names a free one."""
    launcher = app_file().with_name("serve.py")  # the app and the route of its point maps
    open_workspace(path).close()
    check_port(host, port)
    command = [
        sys.executable, "-m", "qlatent.ui.shell.server", "run", str(launcher), "--server.port", str(port),
        "--server.address", host, "--server.headless", "true" if headless else "false",
    ]  # fmt: skip
    print(
        f"qlatent: http://{host}:{port} (press Ctrl-C to stop)", flush=True
    )  # Streamlit prints nothing itself
    if host not in ("127.0.0.1", "localhost", "::1"):
        print(OPEN, flush=True)
    os.environ["QLATENT_WORKSPACE"] = str(path.resolve())
    if os.name == "posix":  # become the server, so that killing this process ends the app
        os.execv(sys.executable, command)
    with contextlib.suppress(KeyboardInterrupt):
        subprocess.run(command, check=False)


def check_port(host: str, port: int) -> None:
    """Raise `UnavailableError` if nothing can listen on this port, or if the address is not one of this machine."""
    if _is_free(host, port):
        return
    free = next((other for other in range(port + 1, port + 50) if _is_free(host, other)), 0)
    if not free:
        raise UnavailableError(
            f"This machine cannot listen on {host}.",
            remedy=f"Name one of its own addresses: {', '.join(network.addresses())}.",
        )
    raise UnavailableError(
        f"Port {port} is in use.",
        remedy=f"Choose another port, for example --port {free} (or make run PORT={free}).",
    )


def app_file() -> Path:
    """The app's script: at the top of a checkout, or inside a package installed from a wheel."""
    package = Path(qlatent.__file__).resolve().parent
    found = next(
        (each for each in (package.parent / "app.py", package / "front/app.py") if _is_ours(each)), None
    )
    if found is None:
        raise UnavailableError("app.py was not installed with the package.", remedy="Reinstall qlatent.")
    return found


def _is_ours(script: Path) -> bool:
    """Whether an app.py belongs to this project; site-packages may contain another one."""
    return script.is_file() and "qlatent" in script.read_text(encoding="utf-8")


def _is_free(host: str, port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
