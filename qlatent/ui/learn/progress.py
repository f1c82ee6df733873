"""What a visitor without a class has seen and answered, in this browser tab only."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from qlatent.teaching.answers import Answer, Verdict
from qlatent.teaching.lesson import Lesson, Step

KEY = "learn_progress"
Place = tuple[str, str]  # ids of a lesson and of its step


@dataclass
class Progress:
    """Steps that were seen, and the answers with whether they were right."""

    steps: set[Place] = field(default_factory=set)
    answers: dict[Place, tuple[Answer, bool]] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)  # lesson → step

    def see(self, lesson: Lesson, step: Step) -> None:
        """Remember that a step was opened."""
        self.steps.add((lesson.id, step.id))
        self.last[lesson.id] = step.id

    def take(self, lesson: Lesson, step: Step, answer: Answer, verdict: Verdict) -> None:
        """Remember an answer."""
        self.answers[lesson.id, step.id] = (answer, verdict.right)

    def given(self, lesson: Lesson, step: Step) -> Answer | None:
        """The answer that was given to the question of a step."""
        return self.answers.get((lesson.id, step.id), (None, False))[0]

    def at(self, lesson: Lesson) -> str:
        """The step to go on with."""
        ids = [step.id for step in lesson.steps]
        last = self.last.get(lesson.id, "")
        return last if last in ids else ids[0]

    def seen(self, lesson: Lesson) -> int:
        """How many of the lesson's steps were opened."""
        return sum((lesson.id, step.id) in self.steps for step in lesson.steps)

    def answered(self, lesson: Lesson) -> int:
        """How many of its questions were answered."""
        return sum((lesson.id, step.id) in self.answers for step in lesson.steps)

    def right(self, lesson: Lesson) -> int:
        """How many of these answers were right."""
        return sum(self.answers.get((lesson.id, step.id), (None, False))[1] for step in lesson.steps)

    def forget(self, lesson: Lesson) -> None:
        """Start the lesson over."""
        self.steps = {each for each in self.steps if each[0] != lesson.id}
        self.answers = {each: given for each, given in self.answers.items() if each[0] != lesson.id}
        self.last.pop(lesson.id, None)


def progress() -> Progress:
    """That of this browser tab."""
    found: Progress = st.session_state.setdefault(KEY, Progress())
    return found
