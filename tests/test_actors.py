"""In whose name things are made."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Iterator

import pytest

from qlatent import actors
from qlatent.settings import settings


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("QLATENT_USER", raising=False)
    settings.cache_clear()
    yield
    actors.act_as("")
    settings.cache_clear()


def test_a_name_set_in_the_thread_comes_before_the_setting_and_that_before_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "account")
    assert actors.own_name() == "account"
    monkeypatch.setenv("QLATENT_USER", " ann ")
    settings.cache_clear()
    assert actors.own_name() == "ann"
    actors.act_as("bob")
    assert actors.own_name() == "bob" and actors.others("bob") == "" and actors.others("ann") == "ann"
    assert actors.others("") == ""
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(actors.own_name()))
    thread.start()
    thread.join()
    assert found == ["ann"]


def test_an_account_without_a_name_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert actors.own_name() == ""
