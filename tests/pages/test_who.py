"""Names from sign-in, and the question before somebody else's work is removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from qlatent.services import bin
from qlatent.services.runs import listing
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Column
from qlatent.services.workspaces import Workspace, open_workspace
from tests.pages.conftest import APP, Furnished

SECRETS = {
    "auth": {"redirect_uri": "http://localhost/oauth2callback", "cookie_secret": "x", "client_id": "y"}
}


def signed_in(monkeypatch: pytest.MonkeyPatch, **user: Any) -> None:
    """Replace `st.user`, which only a provider of identities can fill, by a double with these fields."""
    monkeypatch.setattr(st, "user", user)


def shown() -> None:
    import streamlit as st

    from qlatent import actors
    from qlatent.ui.shell import who

    who.let_in()
    st.text(f"{who.name()}/{actors.own_name()}")


def texts(at: AppTest) -> list[str]:
    return [each.value for each in at.text]


def test_sign_in_comes_before_a_typed_name_and_that_before_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QLATENT_USER", "ann")
    from qlatent.settings import settings

    settings.cache_clear()
    assert texts(AppTest.from_function(shown).run()) == ["ann/ann"]
    at = AppTest.from_function(shown)
    at.session_state["triage_name"] = "bob"
    assert texts(at.run()) == ["bob/bob"]
    signed_in(monkeypatch, is_logged_in=True, name="Eve E.", email="eve@example.org")
    assert texts(at.run()) == ["eve@example.org/eve@example.org"]
    settings.cache_clear()


def test_where_sign_in_is_set_up_nothing_else_is_shown_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    at = AppTest.from_file(str(APP))
    at.secrets["auth"] = SECRETS["auth"] | {"google": {"client_id": "z"}}
    signed_in(monkeypatch, is_logged_in=False)
    at.run()
    assert [each.value for each in at.title] == ["Sign in"]
    assert [each.label for each in at.button] == ["Sign in", "Sign in with google"] and not at.exception
    at = AppTest.from_function(shown)
    at.secrets["auth"] = SECRETS["auth"]
    signed_in(monkeypatch, is_logged_in=True, email="eve@example.org")
    assert texts(at.run()) == ["eve@example.org/eve@example.org"]


def test_no_page_that_runs_without_the_app_shows_anything_before_sign_in(
    monkeypatch: pytest.MonkeyPatch, furnished: Furnished, use: Callable[[Path], None]
) -> None:
    use(furnished.workspace.path)
    at = AppTest.from_file(str(APP.parent / "pages" / "triage.py"))
    at.session_state["navigation_declared"] = True
    at.secrets["auth"] = SECRETS["auth"]
    signed_in(monkeypatch, is_logged_in=False)
    at.run()
    assert [each.value for each in at.title] == ["Sign in"] and not at.exception
    assert [each.label for each in at.button] == ["Sign in"]


@pytest.fixture
def own(furnished: Furnished, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the furnished workspace to change."""
    shutil.copytree(furnished.workspace.path, tmp_path / "own")
    with open_workspace(tmp_path / "own") as workspace:
        yield workspace


def test_a_collection_of_somebody_else_is_removed_after_a_question(
    opened: Callable[..., AppTest], own: Workspace, furnished: Furnished
) -> None:
    wanted = Column(name="label", values=("a",))
    theirs = collections.create(own, furnished.pairs, wanted, name="Theirs", owner="**eve**").id
    mine = collections.create(own, furnished.pairs, wanted, name="Mine").id
    at = opened(own.path, "data", dataset=furnished.pairs)
    assert sum("by \\*\\*eve" in each.value for each in at.caption) == 1
    for each in (theirs, mine):
        at.session_state[f"data_kept_{each}"] = True
    at.run()
    at.button(key=f"data_kept_{mine}_remove").click().run()
    assert [each.id for each in collections.listed(own)] == [theirs]
    at.button(key=f"data_kept_{theirs}_remove").click().run()
    assert any("\\*\\*eve\\*\\* made it" in each.value for each in at.warning)
    assert [each.id for each in collections.listed(own)] == [theirs]
    at.button(key="others_remove_yes").click().run()
    assert collections.listed(own) == [] and {each.id for each in bin.content(own)} == {theirs, mine}


def test_a_run_of_somebody_else_says_so_before_it_is_removed(
    opened: Callable[..., AppTest], own: Workspace, furnished: Furnished
) -> None:
    from sqlalchemy import text

    with own.catalogue._database.writing() as connection:
        connection.execute(text("UPDATE runs SET owner = 'eve'"))
    assert listing.summary(own, furnished.run).owner == "eve"
    at = opened(own.path, "train", run=furnished.run)
    at.button(key="run_remove").click().run()
    assert any("eve made it" in each.value for each in at.warning) and not at.exception
