"""What is loaded is frozen once in a process that serves, and never elsewhere."""

from __future__ import annotations

import gc
import sys
from types import ModuleType

import pytest

from qlatent.ui.shell import warm


def test_what_is_loaded_is_frozen_once_where_the_app_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[int] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(len(sys.modules)))
    with warm.settled():
        pass
    assert frozen == []  # nothing is served here
    monkeypatch.setattr(warm, "_frozen", 0)
    for name in ("", "", "qlatent_one_more"):
        with warm.settled():
            if name:
                monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert len(frozen) == 2 and frozen[1] == frozen[0] + 1


def test_what_the_first_visitor_waits_for_can_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(warm, "_frozen", 0)
    monkeypatch.setattr(warm._log, "warning", lambda *_, **__: pytest.fail("a library could not be loaded"))
    warm._load()
    assert set(warm.FIRST) <= set(sys.modules)
