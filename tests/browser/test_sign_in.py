"""Signing in through a provider of identities: a stand-in for one, a real server, and a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qlatent.services.triage import people, queues
from qlatent.store.workspace import Workspace
from tests.browser import conftest
from tests.browser.conftest import press
from tests.browser.identity_provider import provider
from tests.services import shop_workspace

pytestmark = pytest.mark.slow


def secrets(app: str, identity: str) -> str:
    """The file that docs/teams.md describes."""
    return f"""[auth]
redirect_uri = "{app}/oauth2callback"
cookie_secret = "a long random text of forty characters or more"
client_id = "qlatent"
client_secret = "of the stand-in"
server_metadata_url = "{identity}/.well-known/openid-configuration"
"""


def test_decisions_stand_under_the_name_from_sign_in(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(conftest.ROOT))
    with shop_workspace.shop(tmp_path / "workspace") as workspace:
        queues.create(workspace, "shop", name="Q", order="oldest", by="boss@example.org")
    port = conftest.free_port()
    monkeypatch.setattr(conftest, "free_port", lambda: port)
    monkeypatch.setattr(conftest, "ROOT", tmp_path)  # where the app starts
    (tmp_path / ".streamlit").mkdir()
    with provider({"email": "eve@example.org", "name": "Eve"}) as identity:
        file = tmp_path / ".streamlit" / "secrets.toml"
        file.write_text(secrets(f"http://127.0.0.1:{port}", identity), encoding="utf-8")
        server = conftest.start_server(tmp_path / "workspace", tmp_path / "server.log")
        try:
            page.goto(f"{server.url}/triage?queue=q")
            press(page.get_by_role("button", name="Sign in"))
            page.wait_for_function(
                "url => location.href === url", arg=f"{server.url}/"
            )  # back from the provider
            page.get_by_role("link", name="Triage").wait_for()
            page.goto(f"{server.url}/triage?queue=q")
            press(page.locator(".st-key-triage_decide_ok_item-00 button"))
            page.locator(".st-key-triage_decide_ok_item-01 button").wait_for()
            with Workspace.open(tmp_path / "workspace") as workspace:
                (event,) = workspace.catalogue.triage_events.of("q", kinds=["decided"])
                assert (event.actor, event.item_id) == ("eve@example.org", "item-00")
                people.permit(
                    workspace, "boss@example.org", sorted(people.PERMISSIONS), by="boss@example.org"
                )
            page.reload()
            page.get_by_text("may not decide cases").first.wait_for()
            press(page.get_by_role("button", name="You are"))
            press(page.get_by_role("button", name="Sign out"))
            page.get_by_role("button", name="Sign in").wait_for()
        finally:
            page.screenshot(path=tmp_path / "shot.png")
            server.stop()
