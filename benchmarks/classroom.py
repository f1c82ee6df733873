"""Measure a class of thirty on one server: walking a lesson, trainings, sleeping laptops, closed tabs.

    python benchmarks/classroom.py [--out FILE] [--workspace FOLDER] [--students N] [--tabs N] [--think LOW HIGH]
        [--asleep SECONDS] [--seeds N]

One run on loopback, about twelve minutes. Most students are websocket sessions without a browser (`visitor.py`), whose
times end when the server has finished; `--tabs` of them are in headless Chromium, whose times end when the page shows
what was asked for. In order:

1. everybody joins, walks the lesson *One qubit, then four* with thinking time, moves its sliders and answers;
2. the teacher asks everyone one question, five laptops go to sleep, the others answer;
3. everybody is brought to a step with a trained map and starts a training with one seed, which is computed once;
4. everybody starts a training with a seed of her own; each reads her place in the queue;
5. the five laptops wake after five minutes by their personal links, and answer;
6. all tabs are closed, and the memory is read again once the server has forgotten them.

`cpu` is the share of one core that the server and its children use meanwhile.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving import Served, served
from students import InBrowser, Student, Watch
from visitor import Visitor

from qlatent.provenance import made_by
from qlatent.services.classes import answering, opening, presence, walking
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.lessons import preparing
from qlatent.services.lessons.library import library
from qlatent.services.runs import listing
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import MapFigure
from qlatent.teaching.lesson import Lesson, Step
from qlatent.teaching.questions import ChoiceQuestion

WALKED, TRAINED = "03-qubits", "02-one-form"
SLEEPERS = 5
FORGOTTEN = (
    120.0 + 40.0
)  # seconds after which the server has forgotten a closed tab: its setting, and its sweep
SHARED_SEED, FIRST_SEED = 1, 100


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and largest of times in seconds."""
    if not values:
        return {"count": 0}
    ordered = sorted(values)
    return {
        "count": len(ordered), "p50": statistics.median(ordered),
        "p95": ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], "most": ordered[-1],
    }  # fmt: skip


@contextmanager
def using(app: Served, found: dict[str, Any]) -> Iterator[None]:
    """Note the share of a core and the seconds that a part takes, and the memory after it."""
    cpu, begun = app.cpu(), time.monotonic()
    yield
    took = time.monotonic() - begun
    found |= {"seconds": took, "cpu": (app.cpu() - cpu) / took, "memory": app.memory()}


def everybody(students: Sequence[Any], do: Callable[[Any], Any]) -> list[Any]:
    """Let all students do the same at the same time."""
    with ThreadPoolExecutor(len(students)) as pool:
        return list(pool.map(do, students))


class Room:
    """A class with its teacher, at the level of services: what her buttons do."""

    def __init__(self, workspace: Workspace, app: Served, lesson: Lesson) -> None:
        self.workspace, self.app = workspace, app
        opened = opening.open_class(
            workspace, name="Benchmark", lesson=lesson.id, step=lesson.steps[0].id, address=app.url
        )
        self.record: ClassRecord = opened.record
        self.secret = opened.secret

    def bring(self, lesson: Lesson, step: Step, students: Sequence[Student | InBrowser]) -> float:
        """Bring everyone to a step; returns the seconds until the last one sees it."""
        begun = time.monotonic()
        walking.bring(self.workspace, self.record.id, lesson=lesson.id, step=step.id)
        everybody(students, lambda each: each.sees(step.title))
        return time.monotonic() - begun

    def ask(self, lesson: Lesson, step: Step, phase: walking.Phase) -> None:
        """Ask the class a question, or go on with it."""
        walking.set_phase(self.workspace, self.record.id, lesson=lesson.id, step=step.id, to=phase)

    def answered(self, lesson: Lesson, step: Step) -> int:
        """Students whose answer in the first round is stored."""
        found = answering.tallies(self.workspace, self.record.id, lesson=lesson.id, step=step.id)
        return found[1].answered if 1 in found else 0


def trained(workspace: Workspace) -> dict[str, Any]:
    """The trainings that the workspace has, by id."""
    return {each.id: each for each in listing.list_runs(workspace, "train")}


def measured(path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All figures of one class."""
    lesson, other = library().lesson(WALKED), library().lesson(TRAINED)
    question = next(each for each in lesson.steps if isinstance(each.question, ChoiceQuestion))
    mapped = next(each for each in other.steps if isinstance(each.figure, MapFigure))
    found: dict[str, Any] = {"students": asked.students, "in_browsers": asked.tabs, "think": asked.think}
    with Workspace.open(path) as workspace:
        needs = (*lesson.about.needs, *other.about.needs)
        with served(path, {"QLATENT_CLASSES_ONLY": "1"}) as app:
            preparing.prepare(workspace, needs)
            while not preparing.readiness(workspace, needs).ready:
                time.sleep(0.5)
            room = Room(workspace, app, lesson)
            found["memory_before"] = app.memory()
            watch = Watch()
            code, think = room.record.code, tuple(asked.think)
            students = everybody(
                range(asked.students - asked.tabs), lambda n: Student(app.url, code, n, watch, think)
            )
            browsers = [InBrowser(app.url, code, asked.students + n, watch, think) for n in range(asked.tabs)]
            room_full: list[Any] = [*students, *browsers]
            teacher = Visitor(app.url, page="learn", query=f"class={code}&teacher={room.secret}")
            found["walk"] = walk = {}
            with using(app, walk):
                everybody(room_full, lambda each: each.walk(lesson))
            walk |= {name: spread(values) for name, values in watch.times.items()}
            found["first_step"] = spread([each.opens_anew(lesson.steps[-1].title) for each in students[:10]])
            found["brought"] = room.bring(lesson, question, room_full)

            room.ask(lesson, question, "first")
            sleepers, awake = students[:SLEEPERS], [*students[SLEEPERS:], *browsers]
            everybody(awake, lambda each: each.collected())
            asleep_since = time.monotonic()
            for each in sleepers:
                each.close()
            everybody(awake, lambda each: each.answers(question))
            found["answered_meanwhile"] = room.answered(lesson, question)
            if asked.seeds:
                found |= trainings(app, workspace, room, other, mapped, students[SLEEPERS:], asked.seeds)
            while time.monotonic() - asleep_since < asked.asleep:
                time.sleep(0.5)
            found["present_before_waking"] = len(presence.of_class(workspace, room.record.id).present)
            woken = [each.opens_anew("") for each in sleepers]
            room.bring(lesson, question, sleepers)
            everybody(sleepers, lambda each: each.answers(question))
            found["woken"] = spread(woken)
            found["answered"] = room.answered(lesson, question)
            found["memory_most"] = max(walk["memory"], app.memory())
            for each in (*room_full, teacher):
                each.close()
            time.sleep(FORGOTTEN if asked.seeds else 0)
            found["memory_after_closing"] = app.memory()
            found["failed"] = [each.failed for each in room_full if each.failed]
    return found


def trainings(
    app: Served,
    workspace: Workspace,
    room: Room,
    lesson: Lesson,
    step: Step,
    students: Sequence[Student],
    seeds: int,
) -> dict[str, Any]:
    """One training for all, then one for each."""
    room.bring(lesson, step, students)
    before = trained(workspace)
    same: dict[str, Any] = {}
    with using(app, same):
        everybody(students, lambda each: each.trains(SHARED_SEED))
        everybody(students, lambda each: each.until_trained())
    same |= {"students": len(students), "trainings": len(trained(workspace)) - len(before)}
    before = trained(workspace)
    each_own: dict[str, Any] = {}
    first = list(students)[:seeds]
    with using(app, each_own):
        for student in first:
            student.trains(FIRST_SEED + student.number)
        read = everybody(first, lambda each: each.reads_place())
        everybody(first, lambda each: each.until_trained())
    made = [run for key, run in trained(workspace).items() if key not in before]
    each_own |= {
        "students": len(first), "trainings": len(made), "not_finished": sum(each.state != "finished" for each in made),
        "read_place_and_time": sum(read),
    }  # fmt: skip
    return {"same_settings": same, "own_settings": each_own}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--tabs", type=int, default=2)
    parser.add_argument("--think", type=float, nargs=2, default=(5.0, 20.0))
    parser.add_argument("--asleep", type=float, default=300.0)
    parser.add_argument(
        "--seeds", type=int, default=30, help="students with a training of their own; 0 for none"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(options.workspace or Path(folder) / "workspace", options)
    document = json.dumps(figures | {"made_by": made_by()}, indent=1)
    print(document)
    if options.out:
        options.out.write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
