"""The page Learn: short lessons with live figures and questions, walked alone or in a class."""

from __future__ import annotations

from qlatent.ui.learn import alone
from qlatent.ui.learn.classes import entry, visiting
from qlatent.ui.shell import page

workspace = page.workspace()
if not visiting.draw(workspace):
    listed = "lesson" not in alone.asked()
    if joinable := listed and visiting.joinable(workspace):
        entry.ask_code(workspace)
    alone.draw(workspace)
    if listed and not joinable:
        visiting.hint()
