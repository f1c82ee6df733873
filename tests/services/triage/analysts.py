"""Analysts in processes of their own, who note what they were told is stored, and a long queue for them."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

from qlatent.services.triage import casework
from qlatent.store.catalogue.records import CaseRecord, DatasetRecord, QueueRecord, TriageEvent
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.services.triage.analysts", "sqlalchemy", "psycopg", "pydantic"])


def queue(workspace: Workspace, count: int, name: str = "q") -> str:
    """A queue of cases of a dataset without items, since working it reads none."""
    workspace.catalogue.add_dataset(DatasetRecord("none", "None", "files", 1.0, 0))
    rng = random.Random(0)
    cases = [CaseRecord(name, f"i{number:05}", float(number), rng.random()) for number in range(count)]
    record = QueueRecord(name, name, "none", {}, "newest", Policy().document(), "ann", 1.0)
    workspace.catalogue.queues.add(record, cases, TriageEvent(name, 1.0, "ann", "created"))
    return name


def process(path: Path, url: str, work: str, *arguments: object) -> ForkServerProcess:
    """A process that does this work, started."""
    started = CONTEXT.Process(target=_work, args=(path, url, work, arguments), daemon=True)
    started.start()
    return started


def told(notes: Path) -> list[tuple[str, int]]:
    """Items and events that analysts were told are stored."""
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [(item, int(event)) for item, event in (line.split() for line in lines)]


def _work(path: Path, url: str, work: str, arguments: tuple[object, ...]) -> None:
    with Workspace.open(path, database_url=url) as workspace:
        globals()[work](workspace, *arguments)


def decide_cases(
    workspace: Workspace, queue: str, name: str, threads: int, notes: Path, together: Barrier | None = None
) -> None:
    """Decide case after case in several threads until none is left; the first ones once all have one."""
    out = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def one(who: str) -> None:
        wait = together.wait if together is not None else None
        while isinstance(case := casework.next_case(workspace, queue, by=who), casework.Assignment):
            if wait is not None:
                wait(120)
                wait = None
            event = casework.decide(workspace, queue, case.item, code="ok", by=who)
            os.write(out, f"{case.item} {event.id}\n".encode())  # a kill does not take it back

    workers = [threading.Thread(target=one, args=(f"{name}-{number}",)) for number in range(threads)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()


def decide_groups(workspace: Workspace, queue: str, items: list[str], notes: Path) -> None:
    """Decide all items as one group, and undo it, without end."""
    while True:
        notes.touch()
        event, _ = casework.decide_all(workspace, queue, items, code="ok", by="ann")
        casework.undo(workspace, queue, by="ann", event=event.id)


def killed_while_severe(workspace: Workspace, queue: str, item: str, moment: str) -> None:
    """Decide a case as severe and be killed: before it is stored, after it, or while or after pictures are deleted."""
    from qlatent.services.triage import withholding
    from qlatent.store.catalogue.triage_cases import TriageCases
    from qlatent.store.items.pictures import Pictures
    from qlatent.store.items.tables import Tables

    def killed(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    owner, name = {
        "asked": (TriageCases, "decide"),
        "stored": (withholding, "_follow"),
        "deleting": (Tables, "keep_only"),
        "deleted": (Pictures, "_note_removed"),
    }[moment]
    setattr(owner, name, killed)
    casework.decide(workspace, queue, item, code="grave", by="ann")
    withholding.wait(workspace)
