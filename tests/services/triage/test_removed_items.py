"""Queues whose dataset was removed, and decisions on items that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.errors import AbsentError
from qlatent.services import bin
from qlatent.services.datasets import datasets
from qlatent.services.triage import audit, cases, casework, queues
from qlatent.services.triage.remaining import remaining
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy
from tests.services import shop_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path / "workspace") as opened:
        yield opened


def test_a_removed_dataset_leaves_decisions_and_log_and_cannot_be_decided_until_it_is_back(
    workspace: Workspace,
) -> None:
    queue = queues.create(workspace, "shop", name="Flagged", order="newest", by="ann").id
    event = casework.decide(workspace, queue, "item-01", code="ok", by="ann")
    assert audit.decisions(workspace, queue, by="ann")["gone"].tolist() == [False]
    datasets.remove(workspace, "shop")
    assert [each.gone for each in queues.listed(workspace, analyst="ann")] == [True]
    kept = audit.decisions(workspace, queue, by="ann")
    assert kept[["item", "code", "gone"]].to_numpy().tolist() == [["item-01", "ok", True]]
    assert len(audit.log(workspace, queue, by="ann")) == 2
    for act in (
        lambda: casework.next_case(workspace, queue, by="ann"),
        lambda: casework.decide(workspace, queue, "item-02", code="ok", by="ann"),
        lambda: casework.decide_all(workspace, queue, ["item-02"], code="ok", by="ann"),
    ):
        with pytest.raises(AbsentError, match="'shop' of the queue 'Flagged' was removed") as caught:
            act()
        assert "qlatent restore shop" in caught.value.remedy
    assert casework.undo(workspace, queue, by="ann", event=event.id)[1] == ["item-01"]
    bin.restore(workspace, "shop", kind="dataset")
    casework.decide(workspace, queue, "item-02", code="ok", by="ann")
    assert audit.differences(workspace, queue) == []


def test_a_decision_on_an_item_that_is_gone_stays_with_its_id(workspace: Workspace) -> None:
    queue = queues.create(workspace, "shop", name="Flagged", order="newest", by="ann").id
    casework.decide(workspace, queue, "item-29", code="ok", by="ann")
    workspace.items.remove("shop")
    workspace.items.create("shop", [shop_workspace.item(number) for number in range(29)])
    casework.decide(workspace, queue, "item-00", code="ok", by="ann")
    kept = audit.decisions(workspace, queue, by="ann")
    assert kept[["item", "gone"]].to_numpy().tolist() == [["item-29", True], ["item-00", False]]
    rows, ids = queues.case_rows(
        workspace, queues.record(workspace, queue), workspace.catalogue.cases.of(queue)
    )
    assert len(rows) == 29 and "item-29" not in ids


def test_a_removed_queue_is_deleted_after_a_day_and_its_log_stays(workspace: Workspace) -> None:
    queue = queues.create(workspace, "shop", name="Flagged", order="newest", by="ann", now=100.0).id
    queues.remove(workspace, queue, by="ann", now=200.0)
    bin.empty(workspace, now=200.0 + bin.DAY + 1)
    assert bin.content(workspace, "queue") == []
    assert [each.kind for each in workspace.catalogue.triage_events.of(queue)] == ["created", "removed"]


def test_a_case_whose_item_is_gone_comes_to_nobody_until_the_item_is_back(workspace: Workspace) -> None:
    rules = Policy(random_every=0)
    queue = queues.create(workspace, "shop", name="Flagged", order="newest", by="ann", policy=rules).id
    first = casework.next_case(workspace, queue, by="ann")
    assert isinstance(first, casework.Assignment) and first.item == "item-29"  # in use while it goes
    early = casework.decide(workspace, queue, "item-28", code="ok", by="ann")
    workspace.items.remove("shop")
    workspace.items.create("shop", [shop_workspace.item(number) for number in range(28)])
    with pytest.raises(AbsentError, match="'item-29' is no longer in the dataset") as caught:
        casework.decide(workspace, queue, "item-29", code="ok", by="ann")
    assert "Go on with the next" in caught.value.remedy
    following = casework.next_case(workspace, queue, by="ann")
    assert isinstance(following, casework.Assignment) and following.item == "item-27"
    assert casework.undo(workspace, queue, by="ann", event=early.id)[1] == ["item-28"]  # open, and gone
    counts = queues.view(workspace, queue, analyst="ann").counts
    assert (counts.open, counts.decided, counts.gone, counts.total) == (28, 0, 2, 30)
    items = [f"item-{number:02}" for number in range(30)]
    assert len(casework.decide_all(workspace, queue, items, code="ok", by="ann")[1]) == 28
    assert casework.next_case(workspace, queue, by="ann") == casework.Nothing("done", 0)
    assert cases.case(workspace, queue, "item-29").row is None
    workspace.items.remove("shop")
    workspace.items.create("shop", [shop_workspace.item(number) for number in range(30)])
    back = casework.next_case(workspace, queue, by="bob")
    assert isinstance(back, casework.Assignment) and back.item == "item-29"
    assert audit.differences(workspace, queue) == []


def test_a_case_whose_item_is_gone_is_not_among_those_that_may_be_bad(workspace: Workspace) -> None:
    rules = Policy(random_every=0)
    queue = queues.create(workspace, "shop", name="Flagged", order="newest", by="ann", policy=rules).id
    for item in ("item-29", "item-27"):
        casework.decide(workspace, queue, item, code="ok", by="ann")
    workspace.catalogue.cases.mark(queue, gone=["item-29", "item-28"], back=[])
    assert remaining(workspace, queue, workspace.catalogue.cases.of(queue), rules).open == 30 - 2 - 1
