"""The panel of a selection: drawn by a small page, clicked, and looked up in the workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.selections import collections, links
from qlatent.services.selections.definitions import Column, Definition, Ids, Kept, SetOf
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from qlatent.ui.selections.panel import inverted
from tests.services.run_workspace import add

COLOURS, N = ("red", "green", "blue", "blue"), 40


def thing(row: int) -> Item:
    vector = (1 + row) * np.eye(4, dtype=np.float32)[row % 4]
    return Item(
        id=f"thing-{row:02}", text=f"a {COLOURS[row % 4]} thing {row}", label=COLOURS[row % 4],
        metadata={"price": row, "made": f"2024-01-0{1 + row % 5}"}, vectors={"text": vector},
    )  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """Forty items with vectors of growing length, a colour, and a price equal to the row."""
    workspace = Workspace.open(tmp_path_factory.mktemp("workspace"))
    add(workspace, "things", [thing(row) for row in range(N)])
    return workspace, "things"


@pytest.fixture
def opened(
    stored: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., AppTest]]:
    """Open the panel with a selection and an open section."""
    workspace, dataset = stored
    monkeypatch.setenv("QLATENT_WORKSPACE", str(workspace.path))
    monkeypatch.setenv("TESTED_DATASET", dataset)
    settings.cache_clear()

    def at(selection: Definition | None, section: str = "") -> AppTest:
        app = AppTest.from_function(drawn, default_timeout=60)
        if selection is not None:
            app.query_params["explore_selection"] = links.to_link(selection)
        app.query_params["explore_selected"] = section
        app.run()
        assert not app.exception and not app.error, [each.body for each in app.error]
        return app

    yield at
    for each in collections.listed(workspace):
        collections.remove(workspace, each.id)
    settings.cache_clear()


def drawn() -> None:
    import os

    import numpy as np
    import streamlit as st

    from qlatent.ui.selections.panel import panel
    from qlatent.ui.selections.view import View

    st.session_state["navigation_declared"] = True
    rows = np.arange(38, dtype=np.int64)  # two items are not on the map
    dataset = os.environ["TESTED_DATASET"]
    panel("explore", View(dataset=dataset, version=1, encoder="given", modality="text", rows=rows))


def selected(app: AppTest) -> Definition | None:
    link = app.query_params.get("explore_selection")
    return links.from_link(link[0] if isinstance(link, list) else link) if link else None


def opening(app: AppTest) -> list[int]:
    """The rows of the cards, in order."""
    start = "explore_selected_open_"
    return [int(each.key.removeprefix(start)) for each in app.button if (each.key or "").startswith(start)]


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=f"explore_{key}").click().run()
    assert not app.exception
    return app


def test_without_a_selection_it_says_how_to_select(opened: Callable[..., AppTest]) -> None:
    app = opened(None)
    assert any("Draw a lasso" in each.value for each in app.caption)
    assert (
        app.button(key="explore_selected_clear").disabled and app.button(key="explore_selected_undo").disabled
    )


def test_it_says_how_many_are_selected_and_how_many_are_not_on_the_map(
    opened: Callable[..., AppTest],
) -> None:
    app = opened(Column(name="label", values=("blue",)))
    assert "**20 of 40 items selected**" in [each.value for each in app.markdown]
    assert any("2 not on this map" in each.value for each in app.caption)  # rows 38 and 39


def test_invert_clear_undo_and_redo_change_the_url(opened: Callable[..., AppTest]) -> None:
    blue = Column(name="label", values=("blue",))
    app = click(opened(blue), "selected_invert")
    assert selected(app) == SetOf(how="complement", of=(blue,))
    assert selected(click(app, "selected_clear")) is None
    assert selected(click(click(app, "selected_undo"), "selected_undo")) == blue
    assert selected(click(app, "selected_redo")) == SetOf(how="complement", of=(blue,))


def test_inverting_twice_gives_the_selection() -> None:
    one = Ids(ids=("a",))
    assert inverted(inverted(one)) == one


def test_items_are_paged_and_sorted_by_norm_and_open_on_a_click(opened: Callable[..., AppTest]) -> None:
    app = opened(Column(name="price", least=10.0), "items")
    assert opening(app) == list(range(10, 34))
    app.selectbox(key="explore_selected_sort").select("norm").run()
    app.toggle(key="explore_selected_descending").set_value(True).run()
    assert opening(app) == list(range(39, 15, -1))  # the norm of row r is r + 1
    click(app, "selected_open_39")
    assert "39" in app.query_params["row"] and "item" in app.query_params["explore_tab"]


def test_a_click_on_a_value_narrows_the_selection(opened: Callable[..., AppTest]) -> None:
    low = Column(name="price", largest=11.0)
    app = opened(low, "counts")
    assert app.button(key="explore_selected_count_label_0").label == "blue · 6 of 20"
    app.segmented_control(key="explore_selected_count_mode").set_value("intersect").run()
    click(app, "selected_count_label_0")
    assert selected(app) == SetOf(how="intersection", of=(low, Column(name="label", values=("blue",))))
    assert "**6 of 40 items selected**" in [each.value for each in app.markdown]


def test_words_and_columns_set_the_selection_apart(opened: Callable[..., AppTest]) -> None:
    app = opened(Column(name="label", values=("red",)), "apart")
    table = app.dataframe[0].value
    first = table.iloc[0]
    assert (first["Column"], first["What"], first["Inside"], first["Rest"]) == ("label", "red", 10, 0)
    assert any("more frequent here" in each.value for each in app.caption)


def test_values_and_ranges_are_selected_under_filter(opened: Callable[..., AppTest]) -> None:
    app = opened(None, "filter")
    values = app.multiselect(key="explore_selected_by_label")
    assert values.options == ["blue (20)", "green (10)", "red (10)"]
    values.set_value(["red"]).run()
    red = Column(name="label", values=("red",))
    assert selected(click(app, "selected_filter_replace")) == red
    app.selectbox(key="explore_selected_by").select("price").run()
    app.number_input(key="explore_selected_by_price_largest").set_value(8).run()
    click(app, "selected_filter_add")
    assert selected(app) == SetOf(how="union", of=(red, Column(name="price", largest=8.0)))


def test_a_selection_is_kept_added_to_and_offered_as_a_collection(
    opened: Callable[..., AppTest], stored: tuple[Workspace, str]
) -> None:
    app = opened(Column(name="label", values=("red",)), "keep")
    app.text_input(key="explore_selected_name").set_value("Reds")
    click(app, "selected_keep_new")
    (made,) = collections.listed(stored[0])
    assert (made.name, made.count) == ("Reds", 10)
    app = opened(Column(name="price", largest=2.0), "keep")
    click(app, "selected_into_add")
    assert collections.view(stored[0], made.id).count == 12  # rows 1 and 2; row 0 was red
    app = opened(None, "kept")
    assert "**Reds**" in [each.value for each in app.markdown]


def test_a_name_in_use_is_refused_and_nothing_is_kept(
    opened: Callable[..., AppTest], stored: tuple[Workspace, str]
) -> None:
    collections.create(stored[0], stored[1], Column(name="price", least=30.0), name="Dear")
    app = opened(Column(name="price", least=30.0), "keep")
    app.text_input(key="explore_selected_name").set_value("Dear")
    click(app, "selected_keep_new")
    assert len(app.error) == 1 and len(collections.listed(stored[0])) == 1


def test_a_collection_that_is_gone_is_an_error_and_the_panel_stays(
    opened: Callable[..., AppTest], stored: tuple[Workspace, str]
) -> None:
    app = opened(None)
    app.query_params["explore_selection"] = links.to_link(Kept(collection="nowhere"))
    app.run()
    assert len(app.error) == 1 and not app.exception
    click(app, "selection_broken")
    assert selected(app) is None


def test_days_are_selected_up_to_and_with_the_last(opened: Callable[..., AppTest]) -> None:
    app = opened(None, "filter")
    app.selectbox(key="explore_selected_by").select("made").run()
    app.date_input(key="explore_selected_by_made_from").set_value(date(2024, 1, 2)).run()
    app.date_input(key="explore_selected_by_made_to").set_value(date(2024, 1, 3)).run()
    click(app, "selected_filter_replace")
    assert "**16 of 40 items selected**" in [each.value for each in app.markdown]  # two of five days


def test_texts_are_selected_by_words(opened: Callable[..., AppTest]) -> None:
    app = opened(None, "filter")
    app.selectbox(key="explore_selected_by").select("text").run()
    app.text_input(key="explore_selected_by_text").set_value("red 12").run()
    click(app, "selected_filter_replace")
    assert "**1 of 40 items selected**" in [each.value for each in app.markdown]


def test_a_collection_joins_the_selection_is_changed_exported_and_brought_back(
    opened: Callable[..., AppTest], stored: tuple[Workspace, str]
) -> None:
    workspace, dataset = stored
    red = Column(name="label", values=("red",))
    kept = collections.create(workspace, dataset, red, name="Reds")
    app = opened(Column(name="price", largest=3.0), "kept")
    use = f"kept_{kept.id}"
    assert not any((each.key or "").startswith(f"explore_selected_{use}") for each in app.button)
    app.session_state[f"explore_{use}"] = True  # the popover is opened
    app.run()
    click(app, f"selected_{use}_add")
    assert selected(app) == SetOf(
        how="union", of=(Column(name="price", largest=3.0), Kept(collection=kept.id))
    )
    assert "**13 of 40 items selected**" in [
        each.value for each in app.markdown
    ]  # rows 0 to 3, and nine more
    app.session_state[f"explore_{use}"] = True
    app.run()
    app.text_input(key=f"explore_{use}_name").set_value("Ruby")
    click(app, f"{use}_rename")
    assert collections.view(workspace, kept.id).name == "Ruby"
    app.session_state[f"explore_{use}"] = True
    app.run()
    assert app.selectbox(key=f"explore_{use}_form").options[0] == "Table (CSV)"
    click(app, f"{use}_undo")
    assert collections.view(workspace, kept.id).name == "Reds"
