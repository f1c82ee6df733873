"""Working a queue: permissions, policies, random cases, undoing, and the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.errors import ConfigError, InputError
from qlatent.services.selections.definitions import Column
from qlatent.services.triage import audit, casework, people, queues
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy, read
from tests.services import shop_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path / "workspace") as opened:
        yield opened


def made(workspace: Workspace, **changes: object) -> str:
    values: dict[str, object] = {
        "name": "Flagged",
        "order": "column:price",
        "by": "ann",
        "now": 100.0,
    } | changes
    return queues.create(workspace, "shop", **values).id  # type: ignore[arg-type]


def test_a_queue_holds_what_meets_its_conditions_in_its_order(workspace: Workspace) -> None:
    queue = made(workspace, definition=Column(name="price", least=12))
    prices = {f"item-{n:02}": n / 2 for n in range(30) if n % 5 and n / 2 >= 12}
    cases = [each.item_id for each in workspace.catalogue.cases.of(queue)]
    assert cases == sorted(prices, key=lambda item: -prices[item])
    newest = made(workspace, name="New", order="newest")
    assert workspace.catalogue.cases.of(newest)[0].item_id == "item-29"
    assert [each.id for each in queues.listed(workspace, analyst="ann")] == ["flagged", "new"]
    with pytest.raises(InputError, match="already a queue 'New'"):
        made(workspace, name="New")
    with pytest.raises(InputError, match="would be empty"):
        made(workspace, name="None", definition=Column(name="price", least=1e6))
    with pytest.raises(InputError, match="no column of numbers or dates"):
        made(workspace, name="Label", order="column:label")
    queues.reorder(workspace, "flagged", order="oldest", by="ann")
    assert workspace.catalogue.cases.of(queue)[0].item_id == "item-24"


def test_every_nth_case_is_drawn_at_random(workspace: Workspace) -> None:
    queue = made(workspace, policy=Policy(random_every=3))
    whys = []
    for _ in range(6):
        case = casework.next_case(workspace, queue, by="ann", now=100.0)
        assert isinstance(case, casework.Assignment)
        whys.append(case.why)
        casework.decide(workspace, queue, case.item, code="ok", by="ann", now=100.0)
    assert whys == ["order", "order", "random"] * 2


def test_decisions_need_what_the_policy_says(workspace: Workspace) -> None:
    queue = made(workspace)
    with pytest.raises(InputError, match="'violates' needs a reason"):
        casework.decide(workspace, queue, "item-01", code="violates", by="ann")
    with pytest.raises(InputError, match="'burn' is not a decision of this queue"):
        casework.decide(workspace, queue, "item-01", code="burn", by="ann")
    with pytest.raises(InputError, match="'dull' is not a reason"):
        casework.decide(workspace, queue, "item-01", code="ok", reason="dull", by="ann")
    casework.decide(workspace, queue, "item-01", code="violates", reason="repost", by="ann")
    queues.configure(workspace, queue, read({"decisions": [
        {"code": "bad", "label": "Bad", "key": "1", "kind": "bad"},
        {"code": "fine", "label": "Fine", "key": "2", "kind": "good"},
    ]}), by="ann")  # fmt: skip
    with pytest.raises(
        InputError, match="'ok' is not a decision of this queue at present; they are bad, fine"
    ):
        casework.decide(workspace, queue, "item-02", code="ok", by="ann")
    assert workspace.catalogue.cases.decided(queue) == {
        "item-01": "violates"
    }  # kept, though it is configured no more


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"keys": {"skip": "1"}}, "two actions have the same key"),
        ({"keys": {"skip": "C"}}, "belongs to the app"),
        ({"keys": {"jump": "j"}}, "no action 'jump'"),
        ({"reasons": []}, "needs a reason, but there are no reasons"),
        ({"speed": 3}, "speed: Extra inputs"),
    ],
)
def test_a_wrong_policy_says_what_is_wrong(document: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(document)


def test_an_action_without_a_key_keeps_its_usual_one() -> None:
    assert read({"keys": {"skip": "x"}}).keys == Policy().keys | {"skip": "x"}


def test_undo_takes_back_the_last_step_also_a_skip(workspace: Workspace) -> None:
    queue = made(workspace)
    casework.decide(workspace, queue, "item-01", code="ok", by="ann")
    casework.skip(workspace, queue, "item-02", by="ann")
    assert casework.undo(workspace, queue, by="ann")[0].kind == "skipped"
    assert casework.undo(workspace, queue, by="ann")[1] == ["item-01"]
    with pytest.raises(InputError, match="ann has done nothing in this queue that can be undone"):
        casework.undo(workspace, queue, by="ann")
    assert audit.differences(workspace, queue) == []


def test_the_ends_of_a_queue_are_told_apart(workspace: Workspace) -> None:
    queue = made(workspace, definition=Column(name="label", values=("pear",)))
    items = [each.item_id for each in workspace.catalogue.cases.of(queue)]
    casework.decide_all(workspace, queue, items[2:], code="ok", by="ann")
    assert isinstance(casework.next_case(workspace, queue, by="bob", now=10.0), casework.Assignment)
    casework.skip(workspace, queue, items[1], by="ann", now=10.0)
    assert casework.next_case(workspace, queue, by="ann", now=10.0) == casework.Nothing("skipped", 1)
    casework.decide(workspace, queue, items[1], code="ok", by="ann", now=10.0)
    assert casework.next_case(workspace, queue, by="ann", now=10.0) == casework.Nothing("others", 1)
    casework.decide(workspace, queue, items[0], code="ok", by="bob", now=10.0)
    assert casework.next_case(workspace, queue, by="ann", now=10.0) == casework.Nothing("done", 0)


def test_permissions_are_by_name_and_nobody_locks_everybody_out(workspace: Workspace) -> None:
    queue = made(workspace)
    people.permit(workspace, "bob", ("decide",), by="ann")
    assert people.permitted(workspace, "ann") == ("decide", "configure", "export")
    casework.decide(workspace, queue, "item-01", code="ok", by="bob")
    with pytest.raises(InputError, match="bob may not write decisions, logs"):
        audit.log(workspace, queue, by="bob")
    with pytest.raises(InputError, match=r"eve may not decide cases.*ann can give the permission"):
        casework.next_case(workspace, queue, by="eve")
    with pytest.raises(InputError, match="Without ann nobody could configure"):
        people.permit(workspace, "ann", ("decide",), by="ann")
    event = casework.decide(workspace, queue, "item-02", code="ok", by="ann")
    with pytest.raises(InputError, match="bob may not make, change"):
        casework.undo(workspace, queue, by="bob", event=event.id)


def test_the_log_names_everything_that_happened(workspace: Workspace) -> None:
    queue = made(workspace)
    casework.decide(
        workspace, queue, "item-01", code="violates", reason="repost", note="=1+1", by="ann", now=100.0
    )
    group, _ = casework.decide_all(workspace, queue, ["item-02", "item-03"], code="ok", by="bob", now=101.5)
    casework.undo(workspace, queue, by="bob", now=102.0)
    log = audit.log(workspace, queue, by="ann")
    assert list(log["kind"]) == ["created", "decided", "decided", "undone"]
    assert log["items"].tolist() == [[], ["item-01"], ["item-02", "item-03"], []]
    assert log["time"][1] == "1970-01-01T00:01:40.000+00:00" and log["undoes"][3] == group.id
    kept = audit.decisions(workspace, queue, by="ann")
    assert kept[["item", "code", "reason", "note", "by"]].to_numpy().tolist() == [
        ["item-01", "violates", "repost", "=1+1", "ann"]
    ]
    assert [event.kind for event in audit.history(workspace, queue, "item-02")] == ["decided", "undone"]
