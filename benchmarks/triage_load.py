"""Measure decisions on a long queue of cases, one analyst alone and twenty at once, on SQLite and on PostgreSQL.

    python benchmarks/triage_load.py [--database-url URL] [--out FILE] [--cases N] [--events N] [--decisions N]
                                     [--pause SECONDS]

Goals, with 100,000 cases in the queue: the next case within 0.3 s, a decision on 10,000 cases within 2 s and its undo
as well, 1,000,000 events replayed within 10 s, and of 20 analysts who decide at once (4 processes, 5 threads each) 95 %
of the pairs of next and decide within 0.5 s, with no case decided twice and no event lost.

SQLite lies in a temporary folder; `--database-url` measures an empty PostgreSQL database, too. `cpu` is this process's
time, without that of a database server. `steady`: each analyst looks at a case for `--pause` seconds on average;
`rush`: nobody looks at all.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from qlatent.provenance import made_by
from qlatent.services.triage import audit, casework
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.records import CaseRecord, DatasetRecord, QueueRecord, TriageEvent
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy

PROCESSES, THREADS = 4, 5
GROUP = 10_000
NOW = 1_700_000_000.0


def queue(workspace: Workspace, name: str, cases: int, *, rules: Policy | None = None) -> str:
    """A queue of that many cases of a dataset without items, since working it reads none."""
    if not workspace.catalogue.has_dataset("none"):
        workspace.catalogue.add_dataset(DatasetRecord("none", "None", "files", NOW, 0))
    rng = random.Random(0)
    every = [CaseRecord(name, f"item-{number}", float(number), rng.random()) for number in range(cases)]
    record = QueueRecord(name, name, "none", {}, "newest", (rules or Policy()).document(), "ann", NOW)
    workspace.catalogue.queues.add(record, every, TriageEvent(name, NOW, "ann", "created"))
    return name


def past(workspace: Workspace, name: str, cases: int, events: int) -> None:
    """Write events that decide and undo the first tenth of the cases in turns, as months of work would."""
    tenth = cases // 10
    first = workspace.catalogue.triage_events.last(name, most=1)[0].id + 1

    def values(number: int) -> dict[str, Any]:
        undoes = number % 10 == 9
        item = f"item-{number % tenth}"
        kind, code = ("decided", "ok") if number % 2 else ("reopened", "")
        said = {"kind": kind, "item_id": item, "code": code, "undoes": None}
        if undoes:
            said = {"kind": "undone", "item_id": "", "code": "", "undoes": first + number - 1}
        rest = {
            "time": NOW,
            "actor": f"a{number % 20}" if number % 20 else "ann",
            "reason": "",
            "note": "",
            "payload": {"how": "single"},
        }
        return {"id": first + number, "queue_id": name, **said, **rest}

    for start in range(0, events, 50_000):
        rows = [values(number) for number in range(start, min(start + 50_000, events))]
        items = [{"event_id": row["id"], "item_id": row["item_id"]} for row in rows if row["item_id"]]
        with workspace.catalogue._database.writing() as connection:
            connection.execute(insert(schema.triage_events), rows)
            connection.execute(insert(schema.triage_event_items), items)
            if connection.dialect.name == "postgresql":  # it numbers by itself, from what it gave last
                said = "SELECT setval(pg_get_serial_sequence('triage_events', 'id'), :last)"
                connection.execute(text(said), {"last": rows[-1]["id"]})


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, CPU seconds of this process, and what came back."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = call()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def of_many(pairs: list[tuple[float, float]]) -> dict[str, float]:
    wall = sorted(each for each, _ in pairs)
    cpu = statistics.median(each for _, each in pairs)
    return {"p50": wall[len(wall) // 2], "p95": wall[int(0.95 * len(wall))], "cpu": cpu}


def alone(workspace: Workspace, cases: int, events: int) -> dict[str, Any]:
    """Figures of one analyst on a queue with a long past."""
    name = queue(workspace, "alone", cases)
    found: dict[str, Any] = {}
    _ = timed(lambda: casework.next_case(workspace, name, by="ann"))
    for label in ("next, decide", "next, decide, with a past"):
        nexts, decides = [], []
        for _ in range(200):
            *first, case = timed(lambda: casework.next_case(workspace, name, by="ann"))
            assert isinstance(case, casework.Assignment)
            *then, _event = timed(
                lambda item=case.item: casework.decide(workspace, name, item, code="ok", by="ann")
            )
            nexts.append(tuple(first))
            decides.append(tuple(then))
        found[label.replace(", decide", "", 1)] = of_many(nexts)
        found[label.replace("next, ", "", 1)] = of_many(decides)
        if "past" not in label:
            past(workspace, name, cases, events)
    items = [f"item-{number}" for number in range(cases // 2, cases // 2 + GROUP)]
    for label in ("group", "group again"):
        wall, cpu, (event, done) = timed(
            lambda: casework.decide_all(workspace, name, items, code="ok", by="ann")
        )
        assert len(done) > GROUP - 100  # a few were drawn at random before
        found[label] = {"seconds": wall, "cpu": cpu}
        wall, cpu, (_, undone) = timed(
            lambda number=event.id: casework.undo(workspace, name, by="ann", event=number)
        )
        assert len(undone) == len(done)
        found[f"undo of {label}"] = {"seconds": wall, "cpu": cpu}
    wall, cpu, _ = timed(lambda: workspace.catalogue.cases.counts(name, "ann", now=time.time()))
    found["counts"] = {"seconds": wall, "cpu": cpu}
    return found


def replayed(path: Path, url: str, answers: Any) -> None:
    """Replay the log of the queue `alone` in a process of its own; reports seconds and how much memory that took."""
    with Workspace.open(path, database_url=url) as workspace:
        workspace.catalogue.queues.all()
        before = peak()
        wall, cpu, _ = timed(lambda: audit.differences(workspace, "alone"))
        answers.put({"seconds": wall, "cpu": cpu, "megabytes": peak() - before})


def peak() -> float:
    """The most memory that this process has had so far, in MB, from Linux."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def analysts(
    path: Path, url: str, name: str, process: int, decisions: int, pause: float, answers: Any
) -> None:
    """A process with analysts who decide at once; reports seconds of each pair of next and decide."""
    taken: list[tuple[str, float]] = []

    def work(who: str) -> None:
        rng = random.Random(who)
        for _ in range(decisions):
            time.sleep(pause * rng.uniform(0.5, 1.5))
            begin = time.perf_counter()
            case = casework.next_case(workspace, name, by=who)
            assert isinstance(case, casework.Assignment)
            casework.decide(workspace, name, case.item, code="ok", by=who)
            taken.append((case.item, time.perf_counter() - begin))

    with Workspace.open(path, database_url=url) as workspace:
        workspace.catalogue.queues.all()
        threads = [threading.Thread(target=work, args=(f"p{process}-{number}",)) for number in range(THREADS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        answers.put((taken, time.process_time()))


def together(workspace: Workspace, url: str, cases: int, decisions: int, pause: float) -> dict[str, Any]:
    """Figures of twenty analysts at once, and what was lost or done twice."""
    name = queue(workspace, f"pause-{pause}", cases)
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    started = [
        context.Process(target=analysts, args=(workspace.path, url, name, number, decisions, pause, answers))
        for number in range(PROCESSES)
    ]
    begin = time.perf_counter()
    for each in started:
        each.start()
    parts = [answers.get(timeout=600) for _ in started]
    for each in started:
        each.join()
    taken = [pair for part, _ in parts for pair in part]
    events = workspace.catalogue.triage_events.of(name, kinds=["decided"])
    wall = sorted(seconds for _, seconds in taken)
    return {
        "p50": wall[len(wall) // 2], "p95": wall[int(0.95 * len(wall))], "most": wall[-1],
        "decisions": len(taken), "seconds": time.perf_counter() - begin, "cpu": sum(cpu for _, cpu in parts),
        "twice": len(taken) - len({item for item, _ in taken}),
        "lost": len({item for item, _ in taken} - {event.item_id for event in events}),
        "differences": len(audit.differences(workspace, name)),
    }  # fmt: skip


def measured(folder: Path, url: str, asked: argparse.Namespace) -> dict[str, Any]:
    """All figures on one database."""
    with Workspace.open(folder, database_url=url) as workspace:
        found = alone(workspace, asked.cases, asked.events)
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        process = context.Process(target=replayed, args=(folder, url, answers))
        process.start()
        found["replay"] = answers.get(timeout=600)
        process.join()
        found["steady"] = together(workspace, url, asked.cases, asked.decisions, asked.pause)
        found["rush"] = together(workspace, url, asked.cases, asked.decisions, 0.0)
    return found


def databases(folder: Path, url: str) -> Iterator[tuple[str, str]]:
    yield "sqlite", f"sqlite:///{folder / 'catalogue.db'}"
    if url:
        yield "postgresql", url


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "triage_load.json")
    parser.add_argument("--database-url", default="")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--decisions", type=int, default=50)
    parser.add_argument("--pause", type=float, default=1.0)
    asked = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, url in databases(Path(folder) / "workspace", asked.database_url):
            results[name] = measured(Path(folder) / "workspace", url, asked)
            for what, figures in results[name].items():
                said = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
                print(f"{name:12}{what:28}{said}", flush=True)
    settings = {
        key: value for key, value in vars(asked).items() if key in ("cases", "events", "decisions", "pause")
    }
    document = {"settings": settings, "results": results, **made_by()}
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
