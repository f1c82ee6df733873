"""The page Triage by widget key: making a queue, deciding, undoing, its ends, and its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.selections import links
from qlatent.services.selections.definitions import Ids
from qlatent.services.triage import audit, casework, people, queues
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace

Open = Callable[..., AppTest]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("QLATENT_USER", "ann")
    with shop_workspace.shop(tmp_path / "workspace", images=True) as opened:
        yield opened


def made(workspace: Workspace, **changes: object) -> str:
    values: dict[str, object] = {"name": "Flagged", "order": "oldest", "by": "ann"} | changes
    return queues.create(workspace, "shop", **values).id  # type: ignore[arg-type]


def decided(workspace: Workspace, queue: str) -> dict[str, str]:
    return workspace.catalogue.cases.decided(queue)


def test_a_queue_is_made_and_its_first_case_is_there(opened: Open, shop: Workspace) -> None:
    at = opened(shop.path, "triage")
    assert at.button(key="triage_create").disabled is False
    at.button(key="triage_create").click().run()
    assert not at.exception and not at.error
    (view,) = queues.listed(shop, analyst="ann")
    assert (view.name, view.order, view.counts.total) == ("Review of Shop", "risk", 30)
    assert at.query_params["queue"] == view.id and at.query_params["case"] == "item-29"
    assert at.button(key="triage_decide_violates_item-29")


def test_a_decision_goes_on_and_is_taken_back(opened: Open, shop: Workspace) -> None:
    queue = made(shop)
    at = opened(shop.path, "triage", queue=queue)
    at.button(key="triage_decide_ok_item-00").click().run()
    assert decided(shop, queue) == {"item-00": "ok"}
    assert at.toast[0].value == "OK · item\\-00 · undo with z"
    assert at.query_params["case"] == "item-01"
    at.button(key="triage_skip_item-01").click().run()
    assert at.query_params["case"] == "item-02"
    at.button(key=undo(at)).click().run()  # takes back the skip
    assert at.query_params["case"] == "item-01"
    at.button(key=undo(at)).click().run()
    assert at.query_params["case"] == "item-00" and decided(shop, queue) == {}
    assert audit.differences(shop, queue) == []


def undo(at: AppTest) -> str:
    """The key of the button that undoes; it changes with everything that was done."""
    (key,) = [str(each.key) for each in at.button if str(each.key).startswith("triage_undo_")]
    return key


def test_a_reason_is_asked_for_and_the_note_is_stored_with_the_decision(
    opened: Open, shop: Workspace
) -> None:
    queue = made(shop)
    at = opened(shop.path, "triage", queue=queue)
    at.text_area(key="triage_note_item-00").set_value("=see *this*").run()
    at.button(key="triage_decide_violates_item-00").click().run()
    assert decided(shop, queue) == {}
    at.button(key="triage_back_item-00").click().run()
    at.button(key="triage_decide_violates_item-00").click().run()
    at.button(key="triage_reason_counterfeit_item-00").click().run()
    (event,) = [each for each in audit.history(shop, queue, "item-00") if each.kind == "decided"]
    assert (event.code, event.reason, event.note, event.actor) == (
        "violates",
        "counterfeit",
        "=see *this*",
        "ann",
    )
    assert event.payload["why"] == "Comes by: Oldest first" and len(event.payload["neighbours"]) == 6


def test_an_action_for_another_case_than_the_one_on_screen_does_nothing(
    opened: Open, shop: Workspace
) -> None:
    """What a second press of a key sends before the next case is on screen."""
    queue = made(shop)
    at = opened(shop.path, "triage", queue=queue)
    at.button(key="triage_decide_ok_item-00").click().run()
    from qlatent.ui.triage import acting

    assert at.session_state[acting.ON_SCREEN] == f"{queue}/item-01"
    at.session_state[acting.ON_SCREEN] = f"{queue}/item-05"
    at.button(key="triage_decide_ok_item-01").click().run()
    assert decided(shop, queue) == {"item-00": "ok"}


def test_a_case_that_somebody_else_decided_meanwhile_says_so_and_stays(opened: Open, shop: Workspace) -> None:
    queue = made(shop)
    at = opened(shop.path, "triage", queue=queue)
    casework.take(shop, queue, "item-00", by="bob", now=1e12)  # ann's lease ran out
    casework.decide(shop, queue, "item-00", code="violates", reason="repost", by="bob", now=1e12)
    at.button(key="triage_decide_ok_item-00").click().run()
    assert "bob decided it as" in at.error[0].title or "bob decided it as" in at.error[0].value
    assert at.query_params["case"] == "item-00" and not at.toast
    assert decided(shop, queue) == {"item-00": "violates"}
    at.button(key="triage_reopen_item-00").click().run()
    assert decided(shop, queue) == {}
    at.button(key="triage_decide_ok_item-00").click().run()
    assert decided(shop, queue) == {"item-00": "ok"}


def test_a_link_opens_its_case_decided_or_not(opened: Open, shop: Workspace) -> None:
    queue = made(shop)
    casework.decide(shop, queue, "item-05", code="ok", by="bob")
    at = opened(shop.path, "triage", queue=queue, case="item-05")
    assert any("by bob" in each.value for each in at.caption)
    at.button(key="triage_next").click().run()
    assert at.query_params["case"] == "item-00"
    assert opened(shop.path, "triage", queue=queue, case="item-07").button(key="triage_decide_ok_item-07")
    casework.take(shop, queue, "item-08", by="bob")
    at = opened(shop.path, "triage", queue=queue, case="item-08")
    assert any("bob has this case" in each.value.replace("\\", "") for each in at.markdown)
    assert not [each for each in at.button if "decide" in str(each.key)]


def test_the_ends_of_a_queue_differ(opened: Open, shop: Workspace) -> None:
    from qlatent.services.selections.definitions import Ids

    queue = made(shop, definition=Ids(ids=("item-01", "item-02")))
    at = opened(shop.path, "triage", queue=queue)
    at.button(key="triage_skip_item-01").click().run()
    at.button(key="triage_hold_item-02").click().run()
    assert any("You skipped the rest" in each.value for each in at.markdown)
    at.button(key="triage_take_skipped").click().run()
    at.button(key="triage_decide_ok_item-01").click().run()
    assert any("put aside for you" in each.value for each in at.markdown)
    at.button(key="triage_aside_release_item-02").click().run()
    casework.hold(shop, queue, "item-02", by="ann")
    casework.hand(shop, queue, "item-02", to="bob", by="ann")
    at = opened(shop.path, "triage", queue=queue)
    assert any("Colleagues have the rest" in each.value for each in at.markdown)
    casework.decide(shop, queue, "item-02", code="ok", by="bob")
    at.button(key="triage_again").click().run()
    assert any("Every case is decided" in each.value for each in at.markdown)


def test_settings_are_checked_and_stored(opened: Open, shop: Workspace) -> None:
    queue = made(shop)
    at = opened(shop.path, "triage", queue=queue, triage_section="settings")
    assert any(f"qlatent triage simulate shop --queue {queue}" in each.value for each in at.caption)
    key = f"triage_policy_{queue}"
    at.text_input(key=f"{key}_key_skip").set_value("1")
    at.button(key=f"{key}_save").click().run()
    assert "two actions have the same key" in at.error[0].title + at.error[0].value
    at.text_input(key=f"{key}_key_skip").set_value("x")
    at.number_input(key=f"{key}_lease").set_value(20.0)
    at.text_area(key=f"{key}_text").set_value("No <b>weapons</b>")
    at.button(key=f"{key}_save").click().run()
    assert not at.error
    policy = queues.policy(shop, queue)
    assert (policy.keys["skip"], policy.lease_minutes, policy.text) == ("x", 20.0, "No <b>weapons</b>")
    at.text_input(key="triage_permit_name").set_value("bob").run()
    at.button(key="triage_permit").click().run()
    assert people.permitted(shop, "bob") == ("decide",)


def test_a_name_and_its_wish_are_kept(opened: Open, shop: Workspace) -> None:
    queue = made(shop)
    at = opened(shop.path, "triage", queue=queue)
    at.text_input(key="triage_you_name").set_value("eve").run()
    at.toggle(key="triage_you_blur").set_value(False).run()
    assert people.personal(shop, "eve") == {"blur": False} and people.personal(shop, "ann") == {}
    at.button(key="triage_decide_ok_item-01").click().run()  # ann has item-00
    assert audit.history(shop, queue, "item-01")[0].actor == "eve"


def test_a_severe_decision_asks_first_and_deletes_the_pictures(opened: Open, shop: Workspace) -> None:
    policy = queues.read_policy(
        {"decisions": [
            {"code": "grave", "label": "Grave", "key": "1", "kind": "bad", "severe": True},
            {"code": "ok", "label": "OK", "key": "2", "kind": "good"},
        ]}
    )  # fmt: skip
    queue = made(shop, policy=policy)
    at = opened(shop.path, "triage", queue=queue)
    at.button(key="triage_decide_grave_item-00").click().run()
    assert (
        decided(shop, queue) == {}
        and "Undoing brings back the decision but not the pictures" in at.warning[0].value
    )
    at.button(key="triage_back_item-00").click().run()
    at.button(key="triage_decide_grave_item-00").click().run()
    at.button(key="triage_confirm_grave_item-00").click().run()
    assert decided(shop, queue) == {"item-00": "grave"} and at.query_params["case"] == "item-01"
    assert len(shop.items.withheld.hashes()) == 1
    at = opened(shop.path, "triage", queue=queue, case="item-00")
    assert [each.value for each in at.info] == ["Picture not kept (flagged severe)"]
    at.button(key=undo(at)).click().run()
    assert any("import the file" in each.value for each in at.info) and not shop.items.withheld.hashes()
    # for many at once
    link = links.to_link(Ids(ids=("item-03", "item-04")))
    at = opened(shop.path, "triage", queue=queue, triage_section="groups", triage_selection=link)
    at.button_group(key="triage_group_code").set_value("grave").run()
    assert at.button(key="triage_group_apply").disabled
    at.checkbox(key="triage_group_delete").check().run()
    at.button(key="triage_group_apply").click().run()
    assert decided(shop, queue) == {"item-03": "grave", "item-04": "grave"}


def test_a_queue_of_some_items_is_counted_before_it_is_made(opened: Open, shop: Workspace) -> None:
    from qlatent.services.datasets import roles

    roles.set_role(shop, "shop", "fresh", roles.HIDDEN)
    at = opened(shop.path, "triage")
    at.segmented_control(key="triage_which").set_value("filter").run()
    assert at.button(key="triage_create").disabled
    assert "fresh" not in at.multiselect(key="triage_columns_shop").options
    at.multiselect(key="triage_columns_shop").set_value(["price"]).run()
    at.number_input(key="triage_filter_shop_price_least").set_value(12.0).run()
    expected = [f"item-{n:02}" for n in range(30) if n % 5 and n / 2 >= 12]
    assert any(each.value == f"**{len(expected)} cases**" for each in at.markdown)
    at.button(key="triage_create").click().run()
    (view,) = queues.listed(shop, analyst="ann")
    assert sorted(each.item_id for each in shop.catalogue.cases.of(view.id)) == expected


def test_a_queue_whose_dataset_was_removed_says_so_and_leads_to_its_log(
    opened: Open, shop: Workspace
) -> None:
    from qlatent.services.datasets import datasets

    queue = made(shop)
    casework.decide(shop, queue, "item-00", code="ok", by="ann")
    datasets.remove(shop, "shop")
    at = opened(shop.path, "triage")
    assert at.button(key=f"triage_open_{queue}").label == "Look at it"
    at.button(key=f"triage_open_{queue}").click().run()
    assert any("dataset of this queue was removed" in each.value for each in at.markdown)
    assert not at.error and not at.exception
    at.button(key="triage_gone_log").click().run()
    assert [each.value["What"].tolist() for each in at.dataframe] == [["decided", "created"]]
    at.session_state["triage_log_chosen"] = audit.recent(shop, queue, kind="decided")[0].id
    at.run()
    assert any("1 item no longer there: item\\-00" in each.value for each in at.caption)
    for section in ("reviews", "people", "settings"):
        at = opened(shop.path, "triage", queue=queue, triage_section=section)
        assert not at.error and not at.exception
