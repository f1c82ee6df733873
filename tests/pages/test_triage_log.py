"""The section Log of the page Triage by widget key, and the score and the estimate beside a case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.triage import casework, learning, people, queues
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace

Open = Callable[..., AppTest]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("QLATENT_USER", "ann")
    with shop_workspace.shop(tmp_path / "workspace") as opened:
        queues.create(opened, "shop", name="Flagged", order="risk", by="ann")
        yield opened


def choose(at: AppTest, event: int) -> None:
    """Choose an event as a click on its row does."""
    at.session_state["triage_log_chosen"] = event
    at.run()


def case(at: AppTest) -> str:
    value = at.query_params["case"]
    return value if isinstance(value, str) else value[0]


def shown(at: AppTest) -> list[int]:
    (table,) = [each.value for each in at.dataframe if "Event" in each.value]
    return [int(each) for each in table["Event"]]


def test_the_log_is_filtered_paged_and_undone_from(opened: Open, shop: Workspace) -> None:
    casework.decide_all(shop, "flagged", ["item-01", "item-02"], code="ok", by="ann", shown={"how": "lasso"})
    casework.decide(shop, "flagged", "item-03", code="ok", by="bob", note="<b>=1")
    at = opened(shop.path, "triage", queue="flagged", triage_section="log")
    assert shown(at) == [3, 2, 1]
    (table,) = [each.value for each in at.dataframe]
    assert table["What"].tolist() == ["decided", "decided a group (lasso)", "created"]
    assert table["Items"].tolist() == ["item-03", "2 cases", "30 cases"] and table["Note"][0] == "<b>=1"
    at.selectbox(key="triage_log_actor").set_value("bob").run()
    assert shown(at) == [3]
    choose(at, 3)
    assert any("bob decided as OK" in each.value for each in at.markdown)
    assert "triage_log_undo" in [each.key for each in at.button]
    at.button(key="triage_log_reopen").click().run()
    assert shop.catalogue.cases.decided("flagged") == {"item-01": "ok", "item-02": "ok"}
    at.selectbox(key="triage_log_actor").set_value(None).run()
    at.text_input(key="triage_log_item").set_value("item-02").run()
    assert shown(at) == [2]
    choose(at, 2)
    assert "triage_log_open" not in [
        each.key for each in at.button
    ]  # of a group each member is opened by itself
    at.button(key="triage_log_undo").click().run()
    assert shop.catalogue.cases.decided("flagged") == {} and at.toast[0].value == "Event 2 undone\\: 2 cases"
    assert at.button(key="triage_log_other").label == "Show event 5"
    at.button(key="triage_log_other").click().run()
    assert any("ann undid event 2" in each.value for each in at.markdown)
    choose(at, 3)
    at.button(key="triage_log_open").click().run()
    assert case(at) == "item-03" and at.query_params.get("triage_section") is None
    for _ in range(100):
        casework.note(shop, "flagged", "item-05", text="again", by="ann")
    at = opened(shop.path, "triage", queue="flagged", triage_section="log")
    assert len(shown(at)) == 100
    at.button(key="triage_log_older").click().run()
    assert shown(at) == [5, 4, 3, 2, 1]
    at.button(key="triage_log_newer").click().run()
    assert len(shown(at)) == 100


def test_files_need_the_permission(opened: Open, shop: Workspace) -> None:
    at = opened(shop.path, "triage", queue="flagged", triage_section="log")
    assert {each.key for each in at.get("download_button")} >= {
        f"triage_download_{what}_{kind}" for what in ("decisions", "log") for kind in ("csv", "jsonl", "parquet")
    }  # fmt: skip
    people.permit(shop, "bob", tuple(people.PERMISSIONS), by="ann")
    people.permit(shop, "ann", ("decide",), by="bob")
    at = opened(shop.path, "triage", queue="flagged", triage_section="log")
    assert not at.get("download_button") and any("ann may not write" in each.value for each in at.caption)


def test_a_score_is_hidden_until_the_first_decision_and_says_what_it_is_made_of(
    opened: Open, shop: Workspace
) -> None:
    for number in (2, 5):
        casework.decide(shop, "flagged", f"item-{number:02}", code="violates", reason="repost", by="ann")
    casework.decide(shop, "flagged", "item-00", code="ok", by="ann")
    learning.learn(shop, "flagged")
    found = learning.score(shop, "flagged", "item-08")
    assert found is not None
    at = opened(shop.path, "triage", queue="flagged", case="item-08")
    assert any("score is hidden" in each.value for each in at.caption)
    assert not any("**Risk" in each.value for each in at.markdown)
    assert not any(told.startswith("Decided items most") for told in (each.value for each in at.caption))
    assert any("unknown before 10 random cases" in each.value for each in at.caption)
    casework.decide(shop, "flagged", "item-08", code="ok", by="ann")
    at = opened(shop.path, "triage", queue="flagged", case="item-08")
    assert any(f"**Risk {found.risk:.0%}**" in each.value for each in at.markdown)
    assert any("learned from 3 decisions, a rank" in each.value for each in at.caption)
    assert any(told.startswith("Decided items most") for told in (each.value for each in at.caption))
    tiles = next(each for each in at.get("bidi_component") if "triage_nearest" in each.proto.id)
    assert "raises it by" in tiles.proto.json and "a blue small plum number 2" in tiles.proto.json
    policy = queues.policy(shop, "flagged").model_copy(update={"score_hidden": False})
    queues.configure(shop, "flagged", policy, by="ann")
    at = opened(shop.path, "triage", queue="flagged", case="item-11")
    assert any("**Risk" in each.value for each in at.markdown)
