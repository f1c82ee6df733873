"""The page Explore as a hand finds its parts: the map, what stands in the address, and waiting for what happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

SETTLED = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
PATIENCE = 60  # seconds
PATH = ((-120, -90), (90, -100), (110, 60), (-20, 10), (-130, 80))  # of a lasso, in pixels from the middle


def found(page: Any, name: str) -> Any:
    """A part of the map by its class, on the page or in a saved file."""
    return page.locator(f".{name}").first


def url(page: Any) -> dict[str, str]:
    """What stands in the address."""
    address = page.evaluate("location.href")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def until(happened: Callable[[], Any], *, seconds: float = PATIENCE) -> Any:
    """What `happened` returns once it is true."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if result := happened():
            return result
        time.sleep(0.1)
    raise AssertionError("nothing happened")


def opened(page: Any) -> None:
    """Wait until the map is drawn and no script runs."""
    found(page, "pm-root[data-drawn]").wait_for()
    page.wait_for_function(SETTLED)


def picture(page: Any) -> str:
    """The drawn points, without what is drawn over them."""
    return str(found(page, "pm-plain").evaluate("canvas => canvas.toDataURL()"))


def middle(page: Any) -> tuple[float, float]:
    """Where the middle of the map is."""
    box = found(page, "pm-stage").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def hover(page: Any) -> Any:
    """The card of a point that is found by moving along a line through the middle, as a hand would look for one."""
    (x, y), card, at = middle(page), found(page, "pm-card"), 0
    while not card.is_visible():
        at += 6
        page.mouse.move(x - 100 + at, y + at / 5)
        page.wait_for_timeout(200)
        assert at < 240
    return card


def lasso(page: Any) -> None:
    """Draw a lasso around the middle."""
    found(page, "pm-lasso").click()
    x, y = middle(page)
    (first, *others) = PATH
    page.mouse.move(x + first[0], y + first[1])
    page.mouse.down()
    for across, down in others:
        page.mouse.move(x + across, y + down, steps=4)
    page.mouse.up()


def selected(page: Any) -> int:
    """How many points the map says are selected; 0 where it speaks of all."""
    words = found(page, "pm-status").inner_text().split(" of ")
    return int(words[0].replace(",", "")) if len(words) > 1 else 0


def played(page: Any) -> None:
    """Press play and wait until the last frame is reached again."""
    now = found(page, "pm-now")
    last = now.inner_text()
    found(page, "pm-play").click()
    until(lambda: now.inner_text() != last)
    until(lambda: now.inner_text() == last)
