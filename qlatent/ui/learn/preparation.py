"""The data of a lesson, made when it is opened for the first time in a workspace."""

from __future__ import annotations

import time

import streamlit as st

from qlatent.services.lessons import preparing, ready
from qlatent.services.lessons.library import library
from qlatent.services.lessons.preparing import Readiness
from qlatent.services.runs import queue
from qlatent.services.workspaces import Workspace
from qlatent.settings import settings
from qlatent.teaching.lesson import Lesson
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import count, duration, literal

ASKED = "learn_preparing"  # lessons whose data this session has asked for, with when and how much there was


def prepared(workspace: Workspace, lesson: Lesson) -> bool:
    """Whether all that the lesson needs is there."""
    return not lesson.about.needs or ready.is_ready(workspace, lesson)


def draw(lesson: Lesson) -> None:
    """Start what is missing, and follow it until the lesson can begin."""
    asked = st.session_state.setdefault(ASKED, {})
    if lesson.id not in asked:
        with st.spinner("Storing the data of this lesson…"):
            preparing.prepare(page.workspace(), lesson.about.needs)
        asked[lesson.id] = None
    queue.go_on(page.workspace())  # a killed worker cannot start the next run
    _followed(lesson.id)


@st.fragment(run_every=1.0)
def _followed(lesson_id: str) -> None:
    with page.guarded():
        workspace, lesson = page.workspace(), library().lesson(lesson_id)
        preparing.go_on(workspace, lesson.about.needs)
        found = preparing.readiness(workspace, lesson.about.needs)
        if found.ready:
            st.rerun(scope="app")
        with st.container(border=True, gap="small", key="learn_preparing"):
            st.markdown("**:material/hourglass_top: Preparing this lesson**")
            st.caption(
                f"It needs {count(found.total, _kind(lesson))}, which are done once, here, and then kept. You can stay "
                "or come back later."
            )
            st.progress(found.done / found.total, text=_told(lesson, found))
            for line in found.failed:
                st.error(literal(line, limit=500), icon=":material/error:")
            _buttons(workspace, lesson, found)


def _buttons(workspace: Workspace, lesson: Lesson, found: Readiness) -> None:
    """What has failed or was stopped is tried again; what goes on can be stopped, but not what a class waits for."""
    if found.failed or not found.active:
        name = "Try again" if found.failed else "Go on"
        if st.button(name, key="learn_retry", type="primary", icon=":material/refresh:"):
            preparing.prepare(workspace, lesson.about.needs)
    elif not settings().classes_only and st.button("Stop", key="learn_stop", icon=":material/stop_circle:"):
        preparing.stop(workspace, lesson.about.needs)


def _kind(lesson: Lesson) -> str:
    """What a lesson needs, as one word: trainings, or also jobs on devices and encodings."""
    return "training" if preparing.only_trainings(lesson.about.needs) else "run"


def _told(lesson: Lesson, found: Readiness) -> str:
    """How far it is, and how long it takes at the pace of this session so far."""
    asked = st.session_state[ASKED]
    if asked.get(lesson.id) is None:
        asked[lesson.id] = (time.monotonic(), found.done)
    began, before = asked[lesson.id]
    text = f"{found.finished} of {count(found.total, _kind(lesson))} finished"
    if found.done > before and not found.failed:
        left = (time.monotonic() - began) / (found.done - before) * (found.total - found.done)
        text += f" · about {duration(left)} left"
    return text
