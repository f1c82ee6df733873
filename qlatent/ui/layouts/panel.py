"""The panel beside a map that lays its points out anew, and reads it."""

from __future__ import annotations

import streamlit as st

from qlatent.services.layouts import layouts
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import Layout
from qlatent.ui.layouts.chosen import choose, undo_removal
from qlatent.ui.layouts.form import form
from qlatent.ui.layouts.kept import Frame
from qlatent.ui.layouts.reading import read
from qlatent.ui.layouts.unfinished import unfinished
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page as shell


def panel(page: str, view: View) -> None:
    """Draw the layouts of what the map shows, what is read on the chosen one, and a form for a new one."""
    found = of_view(view)
    undo_removal(page)
    unfinished(page, [each for each in found if each.state != "finished"])
    choose(page, view, [each for each in found if each.state == "finished"])
    if view.scene is not None:
        read(page, view, Frame(view.name, view.scene, view.shown))
    with st.expander("New layout", icon=":material/add:", expanded=not found, key=f"{page}_layout_new"):
        form(page, view)


def of_view(view: View) -> list[RunSummary]:
    """The layouts of a run's latents, or of a dataset's vectors by the encoder of the map; newest first."""
    listed = layouts.listed(shell.workspace(), view.run or view.dataset)
    return [
        each
        for each in listed
        if isinstance(each.spec, Layout) and (view.run or each.encoder == view.encoder)
    ]
