"""Save the first figure of an HTML report as an image for its Markdown version.

python docs/figure.py docs/reports/qssl.html docs/reports/qssl.png
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

source, target = (Path(each).resolve() for each in sys.argv[1:3])
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1100, "height": 900}, color_scheme="light")
    page.goto(source.as_uri())
    figure = page.locator(".js-plotly-plot").first
    figure.locator(".main-svg").first.wait_for()
    figure.screenshot(path=target)
    browser.close()
