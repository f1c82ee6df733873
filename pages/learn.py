"""The page Learn: short lessons with live figures and questions."""

from __future__ import annotations

from qlatent.ui.learn import alone
from qlatent.ui.shell import page

alone.draw(page.workspace())
