"""Walking lessons alone: the place stands in the URL, answers are kept in this browser tab."""

from __future__ import annotations

import time
from functools import partial

import streamlit as st

from qlatent.errors import InputError
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import Workspace
from qlatent.teaching.lesson import Lesson, Step
from qlatent.ui.learn import lesson_list, links, trainer
from qlatent.ui.learn import step as steps
from qlatent.ui.learn.asking import Asking
from qlatent.ui.learn.links import Standing
from qlatent.ui.learn.progress import progress
from qlatent.ui.shell import parts
from qlatent.ui.shell.url_state import MOMENT_SECONDS

WRITTEN = "learn_written"  # queries that this session wrote, with when: the browser may be a moment behind
REMEMBERED = 8


def asked() -> dict[str, str]:
    """What the URL says."""
    return st.query_params.to_dict()


def draw(workspace: Workspace) -> None:
    """The list of lessons, or the step that the URL names."""
    said = asked()
    if "lesson" not in said:
        lesson_list.draw(library(), progress())
        return
    try:
        lesson = library().lesson(said["lesson"])
        step, standing = links.read(lesson, said)
    except InputError as err:
        parts.error_card(err)
        with st.container(horizontal=True, gap="small"):
            st.button("All lessons", key="learn_all", icon=":material/school:", on_click=_leave)
        return
    if not _own(said):
        _stand(lesson, step, said, standing)
    progress().see(lesson, step)
    st.button("All lessons", key="learn_all", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
    moved = partial(_write, lesson, step)
    asking = Asking(given=progress().given(lesson, step), take=partial(progress().take, lesson, step))
    steps.draw(
        workspace, lesson, step, asking=asking, trainer=trainer.alone(), go=partial(_go, lesson), moved=moved
    )
    moved(steps.standing_of(lesson, step))


def _own(asked: dict[str, str]) -> bool:
    """Whether this session wrote the query last, or a moment ago: then it knows how the step stands now."""
    written = st.session_state.get(WRITTEN, [])
    now = time.monotonic()
    return any(
        asked == query and (query is written[-1][0] or now - when < MOMENT_SECONDS) for query, when in written
    )


def _stand(lesson: Lesson, step: Step, asked: dict[str, str], standing: Standing) -> None:
    """Let the step stand as the link says; a link to the step alone lets it stand as it was left."""
    if not set(asked) <= set(links.PLACE):
        steps.keep(lesson, step, standing)


def _write(lesson: Lesson, step: Step, standing: Standing) -> None:
    """Write the step as it stands into the URL."""
    query = links.query(lesson, step, standing)
    written = st.session_state.setdefault(WRITTEN, [])
    if not written or written[-1][0] != query:
        written[:] = [*written[1 - REMEMBERED :], (query, time.monotonic())]
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def _go(lesson: Lesson, step_id: str) -> None:
    st.query_params.from_dict({"lesson": lesson.id, "step": step_id})


def _leave() -> None:
    st.query_params.clear()
