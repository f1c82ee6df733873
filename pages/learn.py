"""The page Learn: short lessons with live figures and questions, walked alone or in a class."""

from __future__ import annotations

from qlatent.ui.learn import alone
from qlatent.ui.learn.classes import visiting
from qlatent.ui.shell import page

workspace = page.workspace()
if not visiting.draw(workspace):
    alone.draw(workspace)
    if "lesson" not in alone.asked():
        visiting.invitation(workspace)
