"""Retake docs/explore.png: the page Explore on the demo, with an item picked.

qlatent app --headless --port 8501 &      # on a workspace with the demo
python docs/screenshot.py http://127.0.0.1:8501
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROW = 12  # a pair of shoes

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page.goto(f"{sys.argv[1]}/explore?row={ROW}")
    page.locator(".st-key-explore_map .pm-root[data-drawn]").first.wait_for()
    page.wait_for_timeout(4000)  # thumbnails and tables appear after the map
    page.screenshot(path=Path(__file__).with_name("explore.png"))
    browser.close()
