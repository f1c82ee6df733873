"""Students of a class for `classroom.py`: websocket sessions without a browser, and tabs of headless Chromium."""

from __future__ import annotations

import random
import re
import shutil
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from playwright.sync_api import sync_playwright
from visitor import Visitor

from qlatent.teaching.lesson import Lesson, Step
from qlatent.teaching.questions import ChoiceQuestion, NumberQuestion
from qlatent.ui.learn.asking import option
from qlatent.ui.shell.formatting import literal

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
TAKEN, ENDED = "Your answer is taken", "measured on held-out items, the same for all seeds"
PLACE = re.compile(r"in the queue\. It starts (in about|now)")
PATIENCE = 300.0
BETWEEN = 0.3
"""Seconds between two students who open the link of the class."""


class Watch:
    """Times of the class in seconds, by what was done."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def note(self, what: str, seconds: float) -> None:
        """Keep one time."""
        with self._lock:
            self.times[what].append(seconds)

    def taken(self) -> dict[str, dict[str, float]]:
        """Median, 95th percentile and largest of the times so far, which are forgotten."""
        with self._lock:
            found = {what: spread(values) for what, values in self.times.items()}
            self.times.clear()
        return found


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and largest of times in seconds."""
    ordered = sorted(values)
    return {
        "count": len(ordered), "p50": statistics.median(ordered),
        "p95": ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], "most": ordered[-1],
    }  # fmt: skip


class Student:
    """One websocket session: joins, walks, answers, trains, sleeps and wakes."""

    def __init__(self, url: str, code: str, number: int, watch: Watch, think: tuple[float, float]) -> None:
        self.number, self._watch, self._think = number, watch, think
        self._url, self._rng = url, random.Random(number)
        time.sleep(BETWEEN * number)
        begun = time.monotonic()
        self.visitor = Visitor(url, page="learn", query=f"class={code}")
        self.visitor.until(lambda each: each.has("class_nickname"))
        watch.note("join", time.monotonic() - begun)
        self.visitor.submit("class_join_go", {"class_nickname": f"student {number}"})
        self.visitor.until(lambda each: each.has("learn_next"))

    def walk(self, lesson: Lesson) -> None:
        """Walk all steps: think, move a slider, answer, go on."""
        for step, after in zip(lesson.steps, [*lesson.steps[1:], None], strict=True):
            time.sleep(self._rng.uniform(*self._think))
            for key in (each for each in self.visitor.keys if each.startswith("learn_angle")):
                self._watch.note("slider", self.visitor.slide(key, self._rng.uniform(-3.0, 3.0)))
            if field := self._field(step, ""):
                self._watch.note("answer", self.visitor.submit("learn_answer", field))
            if after is not None:
                begun = time.monotonic()
                self.visitor.press("learn_next")
                self.sees(after.title)
                self._watch.note("step", time.monotonic() - begun)

    def sees(self, title: str) -> None:
        """Wait until a text is on the page."""
        said = literal(title)  # as the page writes it
        self.visitor.until(lambda each: self._says(said) or self._says(title), patience=PATIENCE)

    def collected(self) -> None:
        """Wait until the teacher collects answers."""
        self.visitor.until(lambda each: any(key.endswith("_first") for key in each._widgets))

    def answers(self, step: Step) -> None:
        """Answer a question of choice that the teacher asks everyone, and see that the answer is taken."""
        self.collected()
        self.visitor.submit("learn_answer", self._field(step, "first"))
        self.sees(TAKEN)

    def opens_anew(self, title: str) -> None:
        """Open the personal link in another session, as after a reload, and see the step."""
        query = self.visitor.query
        self.visitor.close()
        begun = time.monotonic()
        self.visitor = Visitor(self._url, page="learn", query=query)
        self.sees(title)
        self._watch.note("opened", time.monotonic() - begun)

    def trains(self, seed: int) -> None:
        """Ask for a training with a seed, and wait until the page shows that it is under way or has ended."""
        self.visitor.until(lambda each: each.has("learn_seed"))
        self.visitor.choose("learn_seed", seed)
        self.visitor.press("learn_train")

    def reads_place(self) -> str:
        """What the page says of the training: "waits" with place and time, "runs" or "ended"."""
        self.visitor.until(lambda each: each.has("learn_cancel") or self._ended())
        if self._ended():
            return "ended"
        return "waits" if any(PLACE.search(text) for text in list(self.visitor.texts)) else "runs"

    def until_trained(self) -> None:
        """Wait until the page shows what came out of the training."""
        self.visitor.until(lambda each: self._ended(), patience=2 * PATIENCE)

    def _ended(self) -> bool:
        """Whether nothing of the student's is under way, and results of several seeds are shown."""
        return not self.visitor.has("learn_cancel") and self._says(ENDED)

    def _says(self, text: str) -> bool:
        return any(text in each for each in self.visitor.texts)

    def close(self) -> None:
        """Close the tab."""
        self.visitor.close()

    def _field(self, step: Step, phase: str) -> dict[str, str]:
        """The form's field and something to answer."""
        name = f"{step.id}_{phase}"
        for key in self.visitor.keys:
            if (
                key.startswith("learn_choice")
                and key.endswith(name)
                and isinstance(step.question, ChoiceQuestion)
            ):
                return {key: option(step.question, self._rng.choice(list(step.question.options)))}
            if (
                key.startswith("learn_number")
                and key.endswith(name)
                and isinstance(step.question, NumberQuestion)
            ):
                return {key: f"{self._rng.uniform(-1.0, 1.0):.2f}"}
        return {}


class InBrowser:
    """A student in a tab of headless Chromium, which has a thread of its own."""

    def __init__(self, url: str, code: str, number: int, watch: Watch, think: tuple[float, float]) -> None:
        self.number, self._watch, self._think = number, watch, think
        self._rng, self._thread = random.Random(number), ThreadPoolExecutor(1)
        self._thread.submit(self._open, url, code).result()

    def _open(self, url: str, code: str) -> None:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        self._tab = self._browser.new_page(viewport={"width": 1280, "height": 720})
        self._tab.set_default_timeout(PATIENCE * 1000)
        begun = time.monotonic()
        self._tab.goto(f"{url}/learn?class={code}")
        name = self._tab.locator(".st-key-class_nickname input")
        name.wait_for()
        self._watch.note("join_in_browser", time.monotonic() - begun)
        name.fill(f"browser {self.number}")
        self._press("class_join_go")
        self._tab.locator(".st-key-learn_next").wait_for()

    def walk(self, lesson: Lesson) -> None:
        """Walk all steps."""
        self._thread.submit(self._walk, lesson).result()

    def _walk(self, lesson: Lesson) -> None:
        for step, after in zip(lesson.steps, [*lesson.steps[1:], None], strict=True):
            self._tab.wait_for_timeout(1000 * self._rng.uniform(*self._think))
            handle = self._tab.locator(".st-key-learn_figure [role=slider]")
            if handle.count() and step.question is not None and step.question.kind == "gate":
                with self._timed("slider_in_browser", ".st-key-learn_question"):
                    handle.first.focus()
                    self._tab.keyboard.press("ArrowRight")
            if after is not None:
                begun = time.monotonic()
                self._press("learn_next")
                self._drawn(after.title, figure=after.figure is not None)
                self._watch.note("step_in_browser", time.monotonic() - begun)

    def opens_anew(self, title: str) -> None:
        """Reload the personal link, and see the step."""

        def do() -> None:
            begun = time.monotonic()
            self._tab.goto(self._tab.url)
            self._drawn(title, figure=False)
            self._watch.note("opened_in_browser", time.monotonic() - begun)

        self._thread.submit(do).result()

    def trains(self, seed: int) -> None:
        """Ask for a training with a seed."""

        def do() -> None:
            field = self._tab.locator(".st-key-learn_seed input")
            field.fill(str(seed))
            field.press("Enter")
            self._tab.get_by_role("button", name=f"Train seed {seed} yourself").wait_for()
            self._press("learn_train")

        self._thread.submit(do).result()

    def reads_place(self) -> str:
        """What the page says of the training: "waits" with place and time, "runs" or "ended"."""

        def do() -> str:
            self._tab.wait_for_timeout(3000)  # the press is being answered
            said = self._tab.locator("body").inner_text()
            under_way = self._tab.locator(".st-key-learn_cancel").count()
            return "ended" if not under_way else "waits" if PLACE.search(said) else "runs"

        return self._thread.submit(do).result()

    def until_trained(self) -> None:
        """Wait until the page shows what came out of the training."""

        def do() -> None:
            self._tab.locator(".st-key-learn_cancel").wait_for(state="detached", timeout=2000 * PATIENCE)
            self._tab.get_by_text(ENDED).first.wait_for()

        self._thread.submit(do).result()

    def _drawn(self, title: str, *, figure: bool) -> None:
        """Wait until the step of this title is drawn, with its figure if it has one."""
        self._tab.locator(".st-key-learn_header").get_by_text(title).wait_for()
        if figure:
            self._tab.locator(
                ".st-key-learn_figure :is(canvas, svg, iframe, .js-plotly-plot)"
            ).first.wait_for()

    @contextmanager
    def _timed(self, what: str, inside: str) -> Iterator[None]:
        """Note the seconds until a part of the page has changed."""
        part = self._tab.locator(inside).first
        before, begun = part.inner_text(), time.monotonic()
        yield
        self._tab.wait_for_function(
            "([where, before]) => document.querySelector(where)?.innerText !== before", arg=[inside, before]
        )
        self._watch.note(what, time.monotonic() - begun)

    def sees(self, title: str) -> None:
        """Wait until a text is on the page."""
        self._thread.submit(lambda: self._tab.get_by_text(title).first.wait_for()).result()

    def collected(self) -> None:
        """Wait until the page collects answers: `answers` does it."""

    def answers(self, step: Step) -> None:
        """Answer a question of choice that the teacher asks everyone, and see that the answer is taken."""

        def do() -> None:
            radio = self._tab.locator(".st-key-learn_question").get_by_role("radio").nth(0)
            radio.wait_for(state="attached")
            radio.check(force=True)
            self._press("learn_answer")
            self._tab.get_by_text(TAKEN).wait_for()

        self._thread.submit(do).result()

    def close(self) -> None:
        """Close the browser."""

        def do() -> None:
            self._browser.close()
            self._playwright.stop()

        self._thread.submit(do).result()
        self._thread.shutdown()

    def _press(self, key: str) -> None:
        button = self._tab.locator(f".st-key-{key} button").first
        button.focus()
        self._tab.keyboard.press("Enter")
