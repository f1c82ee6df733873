"""Starts the app: window, logo, navigation, and the page that the URL names."""

from __future__ import annotations

from qlatent.settings import settings
from qlatent.ui.hardware.badge import badge, banner, ended
from qlatent.ui.shell import page, parts, warm, who

parts.window()
parts.logo()
if settings().classes_only:  # students sign in with nothing but a nickname, and have no devices
    chosen = page.navigation()
    page.notice()
else:
    chosen = page.navigation({"hardware": ended}, shown=who.may_enter())
    who.let_in()  # the navigation is known by now, so that its button runs this script again, and no page
    page.notice()
    banner()
    if chosen.url_path != "hardware":  # it shows them itself
        badge()
with warm.settled(), page.guarded():
    chosen.run()
