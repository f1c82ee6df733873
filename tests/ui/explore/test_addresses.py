"""The table of what Explore keeps in the URL is complete, and a view is exactly that."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest
import streamlit as st

import qlatent
from qlatent.ui.explore import addresses

UI = Path(qlatent.__file__).parent / "ui"
PANELS = ("explore", "layouts", "search", "selections")
"""The folders whose choices stand in the URL of Explore."""
KEEPERS = {"get", "put", "number", "switch", "tabs"}  # of url_state, with the name first
NAMING = {"page", "asking.page", "shelf.page"}


def names_in(path: Path) -> set[str]:
    """The names that a module gives to `url_state`, with `explore` for the page."""
    module = importlib.import_module(
        ".".join(["qlatent", *path.relative_to(UI.parent).with_suffix("").parts])
    )
    found = set()
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            if ast.unparse(call.func.value) != "url_state":
                continue
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            first = call.args[0] if call.func.attr in KEEPERS and call.args else None
            where = named.get("name") if call.func.attr == "pick" else first
            if where is not None and (name := evaluated(where, module)):
                found.add(name)
    return found


def evaluated(expression: ast.expr, module: ModuleType) -> str:
    """The name, or "" where it is passed on from a caller that is looked at itself."""
    for part in ast.walk(expression):
        if isinstance(part, ast.FormattedValue) and ast.unparse(part.value) in NAMING:
            part.value = ast.Constant("explore")
    code = compile(ast.Expression(ast.fix_missing_locations(expression)), "name", "eval")
    try:
        return str(eval(code, {**vars(module), "page": "explore"}))
    except NameError:
        return ""


def test_every_choice_that_a_panel_keeps_in_the_url_is_in_the_table() -> None:
    found: set[str] = set()
    for folder in PANELS:
        for path in sorted((UI / folder).glob("*.py")):
            found |= names_in(path)
    kept = {name for name in found if name.startswith("explore")}
    assert len(kept) > 15 and addresses.CAMERA in kept and "explore_search_by" in kept
    assert kept <= set(addresses.CHOICES), kept - set(addresses.CHOICES)
    of_data = {"data_row", "section"}  # the search stands on that page, too
    assert found - kept - of_data <= {"run", "dataset", addresses.ROW, "explore"}


def test_a_view_is_opened_again_whatever_was_chosen_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(
        st, "query_params", {"run": "r1", addresses.COLOUR: "label", addresses.LAYOUT: "r2", "by": "x"}
    )
    view = addresses.view()
    assert view == {"run": "r1", addresses.COLOUR: "label", addresses.LAYOUT: "r2"}
    assert addresses.named(view) == [("run", "r1"), ("layout", "r2")]
    st.query_params.clear()
    st.query_params.update({"dataset": "shop", **dict.fromkeys(addresses.CHOICES, "other"), "by": "x"})
    addresses.open_view(view)
    assert dict(st.query_params) == {**view, "by": "x"}
