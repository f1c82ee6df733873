"""Group decisions on the page Triage by widget key, and the way to them from a selection on Explore."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.selections import collections, links, selections
from qlatent.services.selections.definitions import Cluster, Column, Ids
from qlatent.services.triage import audit, casework, queues, workload
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace
from tests.services.layouts import laid_out

Open = Callable[..., AppTest]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("QLATENT_USER", "ann")
    with shop_workspace.shop(tmp_path / "workspace") as opened:
        queues.create(opened, "shop", name="Flagged", order="oldest", by="ann")
        yield opened


PLUMS = [f"item-{n:02}" for n in range(2, 30, 3)]


def test_a_group_is_looked_at_decided_without_what_is_left_out_and_undone(
    opened: Open, shop: Workspace
) -> None:
    casework.decide(shop, "flagged", "item-02", code="ok", by="bob")
    link = links.to_link(Column(name="label", values=("plum",)))
    at = opened(shop.path, "triage", queue="flagged", triage_section="groups", triage_selection=link)
    assert any("9 open cases of 10 selected items" in each.value for each in at.markdown)
    assert any("1 decided as OK" in each.value for each in at.caption)
    assert at.button(key="triage_group_apply").disabled
    examples = [each.split(" ")[0] for each in at.multiselect(key="triage_group_excluded").options]
    assert sorted(examples) == PLUMS[1:]  # nine items fill the three kinds of examples
    at.multiselect(key="triage_group_excluded").select("item-08").run()
    at.button_group(key="triage_group_code").set_value("violates").run()
    assert at.button(key="triage_group_apply").disabled  # a reason is needed
    at.selectbox(key="triage_group_reason").set_value("repost").run()
    assert at.button(key="triage_group_apply").label == "Decide 8 cases as Violates"
    at.button(key="triage_group_apply").click().run()
    wanted = {item: "violates" for item in PLUMS if item not in ("item-02", "item-08")}
    assert shop.catalogue.cases.decided("flagged") == wanted | {"item-02": "ok"}
    (event,) = audit.recent(shop, "flagged", kind="decided", actor="ann")
    assert (event.reason, event.item_id, event.payload["how"]) == ("repost", "", "column")
    assert event.payload["excluded"] == ["item-08"] and sorted(event.payload["examples"]) == PLUMS[1:]
    assert at.toast[0].value == "8 cases decided as Violates"
    seen = workload.workload(shop, "flagged", by="ann", since=0.0, now=event.time)
    assert (seen.decisions, seen.items, seen.exposures) == (1, 8, 9)
    at.button(key="triage_group_undo").click().run()
    assert shop.catalogue.cases.decided("flagged") == {"item-02": "ok"}
    assert audit.differences(shop, "flagged") == []
    assert "triage_group_undo" not in [each.key for each in at.button]


def test_a_collection_is_a_group(opened: Open, shop: Workspace) -> None:
    at = opened(shop.path, "triage", queue="flagged", triage_section="groups")
    assert "triage_group_collection" not in [each.key for each in at.selectbox]
    kept = collections.create(shop, "shop", Ids(ids=("item-03", "item-04")), name="Two")
    at = opened(shop.path, "triage", queue="flagged", triage_section="groups")
    at.selectbox(key="triage_group_collection").set_value(kept.id).run()
    at.button_group(key="triage_group_code").set_value("ok").run()
    at.button(key="triage_group_apply").click().run()
    assert shop.catalogue.cases.decided("flagged") == {"item-03": "ok", "item-04": "ok"}
    (event,) = audit.recent(shop, "flagged", kind="decided")
    assert event.payload["how"] == "collection"
    at.button(key="triage_group_clear").click().run()
    assert at.query_params.get("triage_selection") is None


def test_a_selection_on_explore_leads_to_the_group(opened: Open, shop: Workspace) -> None:
    link = links.to_link(Column(name="label", values=("plum",)))
    at = opened(shop.path, "explore", dataset="shop", explore_tab="selection", explore_selection=link)
    at.button(key="explore_selected_triage_go").click().run()
    assert not at.exception and not at.error
    assert any("10 open cases of 10 selected items" in each.value for each in at.markdown)
    queues.remove(shop, "flagged", by="ann")
    at = opened(shop.path, "explore", dataset="shop", explore_tab="selection", explore_selection=link)
    assert "explore_selected_triage_go" not in [each.key for each in at.button]


def test_a_cluster_of_a_stored_layout_is_a_group(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QLATENT_USER", "ann")
    workspace = laid_out.classified(tmp_path / "classes")
    queue = queues.create(workspace, "classes", name="All", order="oldest", by="ann").id
    at = opened(workspace.path, "triage", queue=queue, triage_section="groups")
    assert "triage_group_layout" in [each.key for each in at.button]  # where a layout is made
    layout = laid_out.computed(workspace, method="pca")
    at = opened(workspace.path, "triage", queue=queue, triage_section="groups")
    assert "triage_group_cluster" not in [each.key for each in at.selectbox]
    at.selectbox(key="pick_triage_map").set_value(layout.id).run()
    at.selectbox(key="triage_group_cluster").set_value(0).run()
    rows = selections.resolve(workspace, "classes", Cluster(layout=layout.id, number=0))
    assert any(f"{len(rows)} open cases of {len(rows)} selected" in each.value for each in at.markdown)
    at.button_group(key="triage_group_code").set_value("ok").run()
    at.button(key="triage_group_apply").click().run()
    (event,) = audit.recent(workspace, queue, kind="decided")
    assert event.payload["how"] == "cluster" and len(workspace.catalogue.cases.decided(queue)) == len(rows)
