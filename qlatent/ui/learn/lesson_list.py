"""The list of lessons, with how far this visitor is in each."""

from __future__ import annotations

import streamlit as st

from qlatent.notebooks import writing
from qlatent.services.lessons.library import Library
from qlatent.teaching.lesson import Lesson
from qlatent.ui.learn.progress import Progress
from qlatent.ui.shell import parts
from qlatent.ui.shell.formatting import count, literal

TITLE = ("Learn", "Short lessons in which every claim is something that you do yourself, on trained heads.")
KEPT = (
    "Your answers are kept in this browser tab only: there are no accounts, and reloading the page forgets them. Each "
    "step has a link that reopens it."
)


def draw(found: Library, progress: Progress) -> None:
    """Draw the lessons in their order, then those that cannot be read."""
    parts.title(*TITLE)
    with st.grid(2, min_column_width=340):
        for number, lesson in enumerate(found.lessons, start=1):
            _card(number, lesson, progress)
    for broken in found.broken:
        st.error(
            literal(broken.error.remedy, limit=500) or "The other lessons work.",
            title=f"The lesson {literal(broken.id)} cannot be read: {literal(broken.error.message, limit=500)}",
            icon=":material/broken_image:",
        )
    if not found.lessons and not found.broken:
        parts.empty("No lesson", "The folder of lessons is empty.", icon=":material/school:")
    st.caption(KEPT)


def _card(number: int, lesson: Lesson, progress: Progress) -> None:
    seen, answered = progress.seen(lesson), progress.answered(lesson)
    with st.container(border=True, gap="small", key=f"learn_card_{lesson.id}"):
        st.subheader(f"{number} · {literal(lesson.title)}", anchor=False)
        asked = count(lesson.questions, "question")
        st.caption(f"{lesson.about.minutes} min · {count(len(lesson.steps), 'step')} · {asked}")
        st.markdown("Afterwards you can\n" + "\n".join(f"- {each}" for each in lesson.about.after))
        if seen:
            steps, right = count(len(lesson.steps), "step"), progress.right(lesson)
            st.progress(
                seen / len(lesson.steps),
                text=f"{seen} of {steps} seen · {answered} of {asked} answered, {right} right",
            )
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Go on" if seen else "Start", key=f"learn_open_{lesson.id}", type="primary",
                icon=":material/arrow_forward:", on_click=_open, args=(lesson.id, progress.at(lesson)),
            )  # fmt: skip
            st.download_button(
                "Notebook", data=lambda: writing.text(lesson), file_name=f"{lesson.id}{writing.ENDING}",
                mime=writing.MIME, key=f"learn_notebook_{lesson.id}", icon=":material/download:", type="tertiary",
                help="The same lesson for Jupyter, to run where qlatent is installed.", on_click="ignore",
            )  # fmt: skip
            if seen:
                st.button(
                    "Start over", key=f"learn_over_{lesson.id}", on_click=progress.forget, args=(lesson,),
                    help="Forgets your answers to this lesson.", icon=":material/restart_alt:", type="tertiary",
                )  # fmt: skip


def _open(lesson_id: str, step_id: str) -> None:
    st.query_params.from_dict({"lesson": lesson_id, "step": step_id})
