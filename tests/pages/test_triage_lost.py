"""The page Triage while its database cannot be written, and when a lease runs out or somebody was quicker."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.triage import casework, queues
from qlatent.settings import settings
from qlatent.store.catalogue import connection, database
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace
from tests.store.conftest import small_disk  # noqa: F401 - a fixture
from tests.store.postgresql import serving

Open = Callable[..., AppTest]
DECIDE = "triage_decide_ok_item-00"


@pytest.fixture(autouse=True)
def ann(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QLATENT_USER", "ann")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path / "workspace") as workspace:
        queues.create(workspace, "shop", name="Q", order="oldest", by="ann")
        yield workspace


def told(at: AppTest) -> str:
    """What the cards of errors say: what is wrong, and what to do."""
    return " ".join(f"{each.proto.title} {each.value}" for each in at.error)


def decided(workspace: Workspace) -> dict[str, str]:
    return workspace.catalogue.cases.decided("q")


def test_a_locked_database_is_told_and_the_next_press_decides(
    opened: Open, shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "OPENING_SECONDS", 0.1)
    monkeypatch.setattr(database, "_BUSY_MILLISECONDS", 100)  # of connections that are opened from here on
    at = opened(shop.path, "triage", queue="q")
    database_file = sqlite3.connect(shop.path / "catalogue.db", isolation_level=None)
    with monkeypatch.context() as patch:
        patch.setattr(connection, "_SHORT_SECONDS", 0.05)
        database_file.execute("BEGIN IMMEDIATE")
        at.button(key=DECIDE).click().run()
        database_file.execute("ROLLBACK")
    database_file.close()
    assert not at.exception and "locked" in told(at)
    assert decided(shop) == {} and not any("OK" in each.value for each in at.toast)
    at.run()
    at.button(key=DECIDE).click().run()
    assert decided(shop) == {"item-00": "ok"} and not at.error


def test_a_full_disk_is_told_and_the_next_press_decides(opened: Open, small_disk: Path) -> None:  # noqa: F811
    with shop_workspace.shop(small_disk / "w") as workspace:
        queues.create(workspace, "shop", name="Q", order="oldest", by="ann")
        at = opened(workspace.path, "triage", queue="q")
        fill = small_disk / "fill"
        subprocess.run(f"cat /dev/zero > {fill}", shell=True, stderr=subprocess.DEVNULL)
        at.run()
        said, before = "", {}
        for _ in range(20):  # some decisions fit into the log that is there
            keys = [str(each.key) for each in at.button if str(each.key).startswith("triage_decide_ok_")]
            if not keys:
                break
            before = decided(workspace)
            at.button(key=keys[0]).click().run()
            if said := told(at):
                break
        assert ("full" in said or "No room" in said) and "ree some space" in said
        assert decided(workspace) == before and not at.exception
        fill.unlink()
        at.run()
        (key,) = [str(each.key) for each in at.button if str(each.key).startswith("triage_decide_ok_")]
        at.button(key=key).click().run()
        assert len(decided(workspace)) == len(before) + 1 and not at.error


def as_the_app_runs_it() -> None:
    import runpy

    import streamlit as st

    from qlatent.ui.shell import page

    st.session_state["navigation_declared"] = True
    with page.guarded():  # as app.py does, which a page that is tested alone runs without
        runpy.run_path("pages/triage.py")


@pytest.mark.slow
def test_a_server_that_stops_is_told_and_the_next_press_decides(
    use: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as server:
        monkeypatch.setenv("QLATENT_DATABASE_URL", server.url)
        settings.cache_clear()
        with shop_workspace.shop(tmp_path / "w") as workspace:
            queues.create(workspace, "shop", name="Q", order="oldest", by="ann")
            use(workspace.path)
            at = AppTest.from_function(as_the_app_runs_it, default_timeout=120)
            at.query_params["queue"] = "q"
            at.run()
            server.stop()
            at.button(key=DECIDE).click().run()
            assert not at.exception and "cannot be used" in told(at) and "running" in told(at)
            server.start()
            assert decided(workspace) == {}
            at.run()
            at.button(key=DECIDE).click().run()
            assert decided(workspace) == {"item-00": "ok"} and not at.error


def test_the_second_of_two_decisions_sees_the_first(opened: Open, shop: Workspace) -> None:
    at = opened(shop.path, "triage", queue="q")
    later = time.time() + 3600
    assert (
        casework.take(shop, "q", "item-00", by="bob", now=later).lease_by == "bob"
    )  # ann's lease has run out
    at.button(key=DECIDE).click().run()
    assert "bob" in told(at) and decided(shop) == {}
    casework.decide(shop, "q", "item-00", code="escalate", by="bob", now=later)
    at.run()
    assert any("Decided as" in each.value for each in at.markdown)
    assert any("by bob" in each.value for each in at.caption)
    assert DECIDE not in [str(each.key) for each in at.button]


def test_an_open_card_renews_its_lease_and_says_when_it_is_lost(opened: Open, shop: Workspace) -> None:
    at = opened(shop.path, "triage", queue="q")
    before = shop.catalogue.cases.one("q", "item-00").lease_until
    assert before is not None
    at.run()  # the fragment that renews runs with the page, and every third of the lease
    after = shop.catalogue.cases.one("q", "item-00")
    assert after.lease_by == "ann" and (after.lease_until or 0) > before
    casework.take(shop, "q", "item-00", by="bob", now=time.time() + 3600)
    at.run()
    assert any("bob has this case" in each.value for each in at.markdown)
