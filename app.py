"""The frame of the app: settings, workspace, navigation. Everything else is in `pages/` and `qlatent/`."""

from __future__ import annotations

from qlatent.ui.shell import frame, parts

parts.window()
parts.logo()
page = frame.navigation()
frame.notice()
with frame.guarded():
    page.run()
