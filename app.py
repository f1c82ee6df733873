"""Starts the app: window, logo, navigation, and the page that the URL names."""

from __future__ import annotations

from qlatent.ui.hardware.badge import badge, banner, ended
from qlatent.ui.shell import page, parts, warm, who

parts.window()
parts.logo()
who.let_in()
chosen = page.navigation({"hardware": ended})
page.notice()
banner()
if chosen.url_path != "hardware":  # it shows them itself
    badge()
with warm.settled(), page.guarded():
    chosen.run()
