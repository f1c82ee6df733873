"""The button "Use in a lesson", and its dialog: what a page shows as the text, or the folder, of a lesson."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from qlatent.errors import InputError, QlatentError
from qlatent.services.lessons import folders
from qlatent.services.lessons.drafts import packing, writing
from qlatent.services.lessons.drafts.drafting import Draft
from qlatent.settings import settings
from qlatent.ui.shell import page, parts
from qlatent.ui.shell.formatting import count, literal, size

Make = Callable[[], Draft]
OPEN = "lesson_draft_open"  # the page whose dialog is open
TITLE = "A lesson of mine"
ABOUT = "A step of a lesson shows students what you see here, live."
TRAINED = " What it needs is trained where the lesson is given, once, with the same settings."


def button(makes: Mapping[str, Make], *, key: str) -> None:
    """Draw the button; `makes` are the figures that can be made of what the page shows now, by their labels.

    One that raises `InputError` says in the dialog why it cannot be a step. On a server of classes there is no button.
    """
    if settings().classes_only:
        return
    if st.button("Use in a lesson", key=f"{key}_lesson", icon=":material/school:"):
        st.session_state[OPEN] = key
    if st.session_state.get(OPEN) == key:  # it stays open when the page is drawn again
        _dialog(makes)


def _closed() -> None:
    st.session_state.pop(OPEN, None)


@st.dialog("Use in a lesson", width="large", icon=":material/school:", on_dismiss=_closed)
def _dialog(makes: Mapping[str, Make]) -> None:
    with page.guarded():
        label = next(iter(makes))
        if len(makes) > 1:
            label = st.segmented_control(
                "Figure", list(makes), default=label, key="lesson_figure", required=True
            )
        try:
            draft = makes[label]()
        except InputError as err:
            st.info(literal(err.remedy, limit=500), title=literal(err.message, limit=500))
            return
        st.caption(ABOUT + (TRAINED if draft.needs else ""))
        for remark in draft.remarks:
            st.info(literal(remark, limit=500), icon=":material/info:")
        title = _folder(draft)
        _texts(draft, title)


def _folder(draft: Draft) -> str:
    """Draw the download of the whole folder, and return the title of the lesson."""
    workspace = page.workspace()
    title = st.text_input("Title of the lesson", TITLE, key="lesson_title", max_chars=120).strip() or TITLE
    text = st.text_area(
        "What the student reads", "What do you see?", key="lesson_text", max_chars=4_000, height=80,
        help="A few sentences in Markdown.",
    )  # fmt: skip
    with_data = _share(draft)
    try:
        name = packing.folder_name(title)
        content = packing.zipped(workspace, draft, title=title, text=text, with_data=with_data)
    except QlatentError as err:
        parts.error_card(err)
        return title
    st.download_button(
        f"Download the folder {name} ({size(len(content))})", content, f"{name}.zip", "application/zip",
        key="lesson_download", type="primary", icon=":material/folder_zip:", on_click="ignore",
    )  # fmt: skip
    where = "the folder of lessons" if page.serves_others() else f"`{folders.own()}`"
    st.caption(
        f"Unpack it into {where}: the lesson is then on the page Learn. Add questions and more steps to `lesson.md`; "
        "`qlatent lessons check` walks them."
    )
    return title


def _share(draft: Draft) -> bool:
    """Draw what becomes of the items, and return whether they go into the folder."""
    if not draft.sources:
        return False
    workspace = page.workspace()
    files = [file for name in draft.sources for file in draft.manifest.data[name].files]
    named = ", ".join(f"`{file}`" for file in files)
    fits = packing.small(workspace, draft)
    items = count(packing.items(workspace, draft), "item")
    share = fits and st.checkbox(
        f"Put the {items} into the folder: I may share them", key="lesson_share",
        help="Texts, labels, columns and vectors, and the pictures if they are small.",
    )  # fmt: skip
    if not share:
        why = "" if fits else "The vectors are too large for a download here. "
        commands = " ".join(
            f"`qlatent export {source.dataset} --out {file}`"
            for source, file in zip(draft.sources.values(), files, strict=True)
        )
        st.caption(
            f":material/attach_file: {why}The folder then lacks {named}: add it before the lesson is used. "
            f"{commands} writes it."
        )
    return bool(share)


def _texts(draft: Draft, title: str) -> None:
    """Draw the parts to be copied into a lesson that is there already."""
    st.markdown("**Or copy it into a lesson of yours**")
    st.caption("The figure, as a block of a step in `lesson.md`:")
    st.code(f"```figure\n{writing.figure_block(draft.figure)}```", language="toml", wrap_lines=True)
    st.caption("The front matter of `lesson.md`, which names what the figure needs:")
    st.code(f"+++\n{writing.front_matter(title, draft)}+++", language="toml", wrap_lines=True)
    trainings = writing.trainings(draft.manifest)
    if trainings:
        st.caption("`trainings.toml` in the lesson's folder, which makes the run again:")
        st.code(trainings, language="toml", wrap_lines=True)
    else:
        st.caption("Nothing else is needed: lessons know this already.")
