"""Measure a class of thirty on one server: walking a lesson, trainings, sleeping laptops, closed tabs.

    python benchmarks/classroom.py [--out FILE] [--workspace FOLDER] [--students N] [--tabs N] [--think LOW HIGH]
        [--asleep SECONDS] [--forgotten SECONDS] [--no-train]

One run on loopback, about a quarter of an hour. Most students are websocket sessions without a browser
(`visitor.py`), whose times end when the server has finished; `--tabs` of them are in headless Chromium, whose times end
when the page shows what was asked for. In order:

1. all lessons are prepared in a new workspace; everybody joins, walks the lesson *One qubit, then four* with thinking
   time, moves its sliders and answers;
2. some open their personal links anew; everybody is brought to a step with a trained map;
3. everybody starts a training with one seed, which is computed once, then one with a seed of her own, and reads her
   place in the queue;
4. the teacher asks everyone a question, five laptops go to sleep, the others answer; the five wake after five minutes
   by their personal links, and answer;
5. all tabs are closed; once the server has forgotten them, everybody without a browser opens the personal link anew:
   the memory is that of before, if closed tabs have given theirs back. (A process keeps what it once had.)

`cpu` is the share of one core that the server and its children use meanwhile.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
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
from qlatent.services.runs import listing, queue
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


@contextmanager
def using(app: Served, found: dict[str, Any]) -> Iterator[None]:
    """Note the share of a core and the seconds that a part takes, and the memory after it."""
    cpu, begun = app.cpu(), time.monotonic()
    yield
    took = time.monotonic() - begun
    found |= {"seconds": took, "cpu": (app.cpu() - cpu) / took, "memory": app.memory()}


class Crowd:
    """Students who do the same at the same time; who cannot is noted in `failed` and keeps nobody else."""

    def __init__(self, students: Sequence[Student | InBrowser], failed: list[str]) -> None:
        self.students, self.failed = list(students), failed

    def do(self, what: Callable[[Any], Any]) -> list[Any]:
        """What each student returns, without those who failed."""

        def one(student: Student | InBrowser) -> list[Any]:
            try:
                return [what(student)]
            except Exception as err:  # noqa: BLE001 - whatever it is, the others go on
                self.failed.append(f"student {student.number}: {type(err).__name__}: {err}"[:500])
                return []

        with ThreadPoolExecutor(len(self.students)) as pool:
            return [each for found in pool.map(one, self.students) for each in found]


class Room:
    """A class with its teacher, at the level of services: what her buttons do."""

    def __init__(self, workspace: Workspace, app: Served, lesson: Lesson) -> None:
        self.workspace, self.app = workspace, app
        opened = opening.open_class(
            workspace, name="Benchmark", lesson=lesson.id, step=lesson.steps[0].id, address=app.url
        )
        self.record: ClassRecord = opened.record
        self.secret = opened.secret

    def bring(self, lesson: Lesson, step: Step, crowd: Crowd) -> float:
        """Bring everyone to a step; returns the seconds until the last one sees it."""
        begun = time.monotonic()
        walking.bring(self.workspace, self.record.id, lesson=lesson.id, step=step.id)
        crowd.do(lambda each: each.sees(step.title))
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
    found["failed"] = failed = []
    with Workspace.open(path) as workspace, served(path, {"QLATENT_CLASSES_ONLY": "1"}) as app:
        begun = time.monotonic()
        prepared = preparing.prepare_each(workspace, library().lessons)
        while not (told := preparing.readiness(workspace)).ready:
            preparing.go_on(workspace)
            queue.go_on(workspace)
            time.sleep(0.5)
        found["prepared"] = {"seconds": time.monotonic() - begun, "runs": told.total, "problems": prepared}
        room, watch = Room(workspace, app, lesson), Watch()
        found["memory_before"] = app.memory()
        people = joined(app, room, watch, asked)
        everybody = Crowd(people, failed)
        teacher = Visitor(app.url, page="learn", query=f"class={room.record.code}&teacher={room.secret}")

        found["walk"] = walk = {}
        with using(app, walk):
            everybody.do(lambda each: each.walk(lesson))
        walk |= watch.taken()
        opened = Crowd(people[:5] + people[-asked.tabs :], failed)
        opened.do(lambda each: each.opens_anew(lesson.steps[-1].title))
        found["opened_by_link"] = watch.taken()
        found["brought"] = room.bring(other, mapped, everybody)
        if asked.train:
            found |= trainings(app, workspace, everybody)

        room.bring(lesson, question, everybody)
        room.ask(lesson, question, "first")
        everybody.do(lambda each: each.collected())
        asleep, awake = Crowd(people[:SLEEPERS], failed), Crowd(people[SLEEPERS:], failed)
        asleep.do(lambda each: each.close())
        since = time.monotonic()
        awake.do(lambda each: each.answers(question))
        found["answered_while_asleep"] = room.answered(lesson, question)
        found["memory_most"] = app.memory()
        while time.monotonic() - since < asked.asleep:
            time.sleep(0.5)
        found["present_while_asleep"] = len(presence.of_class(workspace, room.record.id).present)
        watch.taken()
        asleep.do(lambda each: each.opens_anew(question.title))
        found["woken"] = watch.taken()
        asleep.do(lambda each: each.answers(question))
        found["answered"] = room.answered(lesson, question)

        everybody.do(lambda each: each.close())
        teacher.close()
        time.sleep(asked.forgotten)
        found["memory_after_closing"] = app.memory()
        again = Crowd(people[: -asked.tabs or None], failed)
        again.do(lambda each: each.opens_anew(question.title))
        found["memory_of_all_again"] = (
            app.memory()
        )  # no more than before, if closed tabs have given theirs back
        again.do(lambda each: each.close())
    return found


def joined(app: Served, room: Room, watch: Watch, asked: argparse.Namespace) -> list[Any]:
    """The students, each in a session; who cannot join ends the benchmark."""
    code, think, alone = room.record.code, tuple(asked.think), asked.students - asked.tabs
    with ThreadPoolExecutor(alone) as pool:
        without = list(pool.map(lambda n: Student(app.url, code, n, watch, think), range(alone)))
    return [*without, *(InBrowser(app.url, code, alone + n, watch, think) for n in range(asked.tabs))]


def trains(student: Student | InBrowser, *, first: int, apart: int) -> None:
    """Let a student ask for a training with her seed."""
    student.trains(first + apart * student.number)


def trainings(app: Served, workspace: Workspace, crowd: Crowd) -> dict[str, Any]:
    """One training for all, then one for each."""
    found: dict[str, Any] = {"same_settings": {}, "own_settings": {}}
    for name, seed in (
        ("same_settings", lambda each: SHARED_SEED),
        ("own_settings", lambda each: FIRST_SEED + each.number),
    ):
        before, part = trained(workspace), found[name]
        with using(app, part):
            crowd.do(lambda each, seed=seed: each.trains(seed(each)))
            said = crowd.do(lambda each: each.reads_place())
            crowd.do(lambda each: each.until_trained())
        made = [run for key, run in trained(workspace).items() if key not in before]
        part |= {
            "trainings": len(made), "finished": sum(each.state == "finished" for each in made),
            "pages_say": dict(Counter(said)),
        }  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--tabs", type=int, default=2)
    parser.add_argument("--think", type=float, nargs=2, default=(5.0, 20.0))
    parser.add_argument("--asleep", type=float, default=300.0, help="seconds")
    parser.add_argument("--forgotten", type=float, default=FORGOTTEN, help="seconds")
    parser.add_argument("--train", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(options.workspace or Path(folder) / "workspace", options)
    document = json.dumps(figures | {"made_by": made_by()}, indent=1)
    print(document)
    if options.out:
        options.out.write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
