"""The page Hardware in a real browser: a job outlives the app, and its result lies on the map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qlatent.hardware.ibm import access
from tests.browser.conftest import PATIENCE, press
from tests.ibm_service.running import StandIn
from tests.services.hardware.executing import furnished

pytestmark = pytest.mark.slow


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in of IBM's service, to which an app that is started now points; no key is installed."""
    running = StandIn()
    monkeypatch.setenv("QLATENT_IBM_URL", running.url)
    for name in (access.KEY_NAME, access.INSTANCE_NAME):
        monkeypatch.delenv(name, raising=False)
    for name in ("RUNNING", "QUEUED"):
        monkeypatch.setenv(f"QLATENT_HARDWARE_POLL_{name}", "0.2")
    yield running
    running.close()


def key(page: Any, name: str, inside: str = "button") -> Any:
    """The widget with this key."""
    return page.locator(f".st-key-{name} {inside}").first


def shown(page: Any, text: str) -> None:
    """Wait for a text; tables hold theirs a second time, where nobody sees it."""
    page.get_by_text(text).filter(visible=True).first.wait_for()


def result(page: Any, said: str) -> None:
    """Wait until the map of a job is drawn, with its way."""
    page.locator(".st-key-hardware_map .pm-root[data-drawn]").wait_for()
    shown(page, said)


def test_a_job_goes_on_while_the_app_is_restarted(
    page: Any, serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    workspace, _ = furnished(tmp_path / "workspace")
    server = serve(workspace.path)
    page.goto(server.url + "/hardware?hardware_count=30")
    press(key(page, "hardware_submit"))
    press(key(page, "hardware_submit_yes"))
    key(page, "hardware_cancel").wait_for()
    link = page.url
    server.stop()
    again = serve(workspace.path)
    page.goto(again.url + "/circuits")
    key(page, "hardware_badge").wait_for()  # as soon as the job has ended
    page.reload()
    press(page.get_by_role("link", name="Hardware (1)"))
    result(page, "Exact → shots. 30 items")
    assert page.url.startswith(again.url + "/hardware?")  # the number is in the title alone
    assert f"hardware_job={link.split('hardware_job=')[1].split('&')[0]}" in page.url
    page.get_by_role("link", name="Hardware (1)").wait_for(state="detached")
    page.goto(link.replace(server.url, again.url))
    result(page, "Exact → shots. 30 items")


def test_a_job_on_ibms_devices_waits_for_its_key_after_a_restart(
    page: Any, serve: Callable[[Path], Any], stand_in: StandIn, tmp_path: Path
) -> None:
    workspace, _ = furnished(tmp_path / "workspace")
    server = serve(workspace.path)
    stand_in.switch("jobs", hold="Queued")
    page.goto(server.url + "/hardware?hardware_kind=device&hardware_count=20&hardware_mitigation=none")
    enter(page, "a-wrong-key-of-forty-characters-and-some-more", "open-instance")
    page.locator("[data-testid=stAlert]", has_text="key").first.wait_for()
    enter(page, stand_in.key, "open-instance")
    press(key(page, "hardware_submit"))
    press(key(page, "hardware_submit_yes"))
    shown(page, "Waiting for the device")
    link, drawn = page.url, page.content()
    server.stop()

    again = serve(workspace.path)
    page.goto(link.replace(server.url, again.url))
    shown(page, "Needs your key")
    enter(page, stand_in.key, "open-instance")
    stand_in.switch("jobs", hold="")
    press(key(page, "hardware_go_on"))
    result(page, "Exact → test_")
    assert len(stand_in.jobs) == 1  # nothing was submitted twice
    page.goto(again.url + "/circuits")
    for text in (drawn, page.content(), link, page.url):
        assert stand_in.key not in text
    kept = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert [each for each in kept if stand_in.key.encode() in each.read_bytes()] == []


VISITORS = ("ada", "bob", "eve")


@pytest.fixture
def visitors(browser: Any, stand_in: StandIn) -> Iterator[dict[str, Any]]:
    """A tab for each visitor in a browser of its own; each has a key, an account and an instance at the service."""
    accounts = {name: str(number) * 32 for number, name in enumerate(VISITORS, start=2)}
    stand_in.switch("keys", keys={secret(name): account for name, account in accounts.items()})
    instances = [{"name": f"instance-of-{name}", "account": account} for name, account in accounts.items()]
    stand_in.switch("instances", instances=instances)
    contexts = [browser.new_context(viewport={"width": 1440, "height": 1000}) for _ in VISITORS]
    tabs = {name: context.new_page() for name, context in zip(VISITORS, contexts, strict=True)}
    for tab in tabs.values():
        tab.set_default_timeout(PATIENCE)
    yield tabs
    for context in contexts:
        context.close()


def secret(name: str) -> str:
    """The key of a visitor."""
    return f"Canary-of-{name}-0123456789-abcdefghijklmnopqrstuvwxyz"


def test_three_visitors_submit_at_once_each_with_an_account_of_their_own(
    visitors: dict[str, Any], serve: Callable[[Path], Any], stand_in: StandIn, tmp_path: Path
) -> None:
    workspace, _ = furnished(tmp_path / "workspace")
    server = serve(workspace.path)
    stand_in.switch("jobs", hold="Queued")
    items = dict(zip(VISITORS, (12, 13, 14), strict=True))
    for name, tab in visitors.items():
        asked = f"hardware_kind=device&hardware_device=test_ring&hardware_count={items[name]}"
        tab.goto(f"{server.url}/hardware?{asked}&hardware_mitigation=none")
    for name, tab in visitors.items():
        enter(tab, secret(name), f"instance-of-{name}")
    for tab in visitors.values():
        press(key(tab, "hardware_submit"))
    for tab in visitors.values():
        press(key(tab, "hardware_submit_yes"))
    for tab in visitors.values():
        shown(tab, "Waiting for the device")
    drawn = {name: tab.content() for name, tab in visitors.items()}
    stand_in.switch("jobs", hold="")
    for name, tab in visitors.items():
        result(tab, f"Exact → test_ring. {items[name]} items")
        drawn[name] += tab.content()
    paid = {job["instance"].split(":")[-3] for job in stand_in.jobs}
    assert paid == {f"instance-of-{name}" for name in VISITORS} and len(stand_in.jobs) == len(VISITORS)
    assert not any(request["key"] for request in stand_in.requests)
    for name, tab in visitors.items():
        tab.goto(f"{server.url}/hardware?hardware_kind=device")  # a new session, without anybody's key
        key(tab, "hardware_key_text", "input").wait_for()
        drawn[name] += tab.content()
        others = [other for other in VISITORS if other != name]
        assert [
            word for word in others if f"instance-of-{word}" in drawn[name] or secret(word) in drawn[name]
        ] == []
    kept = [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    assert [name for name in VISITORS if any(secret(name).encode() in text for text in kept)] == []


def enter(page: Any, text: str, instance: str) -> None:
    """Give a key with its instance to the form, once the page is at rest: it clears the form after each key."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )
    key(page, "hardware_key_text", "input").fill(text)
    key(page, "hardware_key_instance", "input").fill(instance)
    press(key(page, "hardware_key_use"))
