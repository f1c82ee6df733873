"""Second opinions and golden items, previews of groups, and the workload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.services.triage import casework, groups, queues, reviews, workload
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy
from tests.services import shop_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path / "workspace") as opened:
        yield opened


def made(workspace: Workspace, **policy: object) -> str:
    rules = Policy(random_every=0, **policy)  # type: ignore[arg-type]
    return queues.create(workspace, "shop", name="Q", order="oldest", by="ann", policy=rules).id


def work(workspace: Workspace, queue: str, by: str, code: str) -> casework.Assignment:
    case = casework.next_case(workspace, queue, by=by, now=10.0)
    assert isinstance(case, casework.Assignment)
    store = reviews.review if case.why in ("second", "golden") else casework.decide
    store(workspace, queue, case.item, code=code, by=by, now=10.0)
    return case


def test_a_share_of_the_cases_is_decided_again_by_somebody_else(workspace: Workspace) -> None:
    queue = made(workspace, review_share=0.5)
    for _ in range(4):
        work(workspace, queue, "ann", "ok")  # nobody else has decided anything
    whys = [work(workspace, queue, "bob", "unsure").why for _ in range(6)]
    assert whys == ["order", "order", "second", "order", "order", "second"]
    found = reviews.pairs(workspace, queue)
    assert [(each.first, each.second, each.first_by, each.second_by) for each in found] == [
        ("ok", "unsure", "ann", "bob")
    ] * 2
    assert len({each.item for each in found}) == 2
    assert set(workspace.catalogue.cases.decided(queue).values()) == {"ok", "unsure"}
    assert all(workspace.catalogue.cases.one(queue, each.item).code == "ok" for each in found)


def test_golden_items_come_unmarked_to_everybody_but_their_maker(workspace: Workspace) -> None:
    queue = made(workspace, review_share=1.0)
    reviews.set_golden(workspace, queue, "item-29", code="violates", by="ann")
    assert work(workspace, queue, "bob", "ok").item == "item-00"
    asked = work(workspace, queue, "bob", "ok")
    assert (asked.item, asked.why) == ("item-29", "golden")
    assert work(workspace, queue, "bob", "ok").why == "order"
    assert reviews.golden_answers(workspace, queue) == [reviews.Pair("item-29", "violates", "ok", "", "bob")]
    assert reviews.pairs(workspace, queue) == []
    assert "item-29" not in workspace.catalogue.cases.decided(queue)


def test_nobody_else_gets_a_golden_item_while_somebody_is_asked(workspace: Workspace) -> None:
    queue = made(workspace, review_share=1.0)
    reviews.set_golden(workspace, queue, "item-02", code="violates", by="ann")
    for name in ("bob", "eve"):
        work(workspace, queue, name, "ok")  # item-00 and item-01
    asked = casework.next_case(workspace, queue, by="bob", now=10.0)
    assert isinstance(asked, casework.Assignment) and (asked.item, asked.why) == ("item-02", "golden")
    assert workspace.catalogue.cases.one(queue, "item-02").lease_by == "bob"
    other = casework.next_case(workspace, queue, by="eve", now=10.0)
    assert isinstance(other, casework.Assignment) and (other.item, other.why) == ("item-00", "second")
    fresh = casework.next_case(workspace, queue, by="kim", now=10.0)
    assert isinstance(fresh, casework.Assignment) and (fresh.item, fresh.why) == ("item-03", "order")
    reviews.review(workspace, queue, "item-02", code="ok", by="bob", now=10.0)
    reviews.review(workspace, queue, "item-00", code="ok", by="eve", now=10.0)
    work(workspace, queue, "eve", "ok")
    last = casework.next_case(workspace, queue, by="eve", now=10.0)
    assert isinstance(last, casework.Assignment) and (last.item, last.why) == ("item-02", "golden")


def test_a_second_opinion_that_is_taken_back_is_asked_for_again(workspace: Workspace) -> None:
    queue = made(workspace, review_share=1.0)
    reviews.set_golden(workspace, queue, "item-29", code="violates", by="ann")
    work(workspace, queue, "ann", "ok")
    work(workspace, queue, "bob", "ok")
    for why, code in (("golden", "ok"), ("second", "unsure")):
        first = work(workspace, queue, "bob", code)
        assert first.why == why
        assert casework.undo(workspace, queue, by="bob")[1] == [first.item]
        again = work(workspace, queue, "bob", code)
        assert (again.item, again.why) == (first.item, why)
        work(workspace, queue, "bob", "ok")
    assert workspace.catalogue.cases.decided(queue)["item-00"] == "ok"


def test_a_preview_tells_what_can_be_decided(workspace: Workspace) -> None:
    queue = made(workspace)
    casework.decide(workspace, queue, "item-01", code="ok", by="ann")
    casework.take(workspace, queue, "item-02", by="bob", now=10.0)
    items = [f"item-{number:02}" for number in range(25)] + ["lost"]
    found = groups.preview(workspace, queue, items, by="ann", seed=0, now=11.0)
    assert (len(found.open), found.decided, found.others, found.outside) == (23, {"ok": 1}, 1, 1)
    shown = [*found.boundary, *found.random, *found.different]
    assert len(shown) == len(set(shown)) == 18 and set(shown) <= set(found.open)


def test_the_workload_counts_items_seen_and_the_time_since_a_break(workspace: Workspace) -> None:
    queue = made(workspace)
    for number, moment in enumerate((0.0, 1000.0, 1060.0, 1120.0)):
        casework.decide(workspace, queue, f"item-{number:02}", code="ok", by="ann", now=moment)
    casework.decide_all(
        workspace, queue, ["item-10", "item-11", "item-12"], code="ok", by="ann", now=1180.0,
        shown={"examples": ["item-10", "item-11"]},
    )  # fmt: skip
    casework.skip(workspace, queue, "item-20", by="ann", now=1240.0)
    found = workload.workload(workspace, queue, by="ann", since=500.0, now=1300.0)
    assert (found.decisions, found.items, found.exposures) == (4, 6, 6)
    assert found.per_hour == pytest.approx(3 / 240 * 3600) and found.minutes == pytest.approx(5.0)
    assert workload.workload(workspace, queue, by="ann", since=0.0, now=9000.0).minutes == 0.0
    assert workload.workload(workspace, queue, by="bob", since=0.0, now=9000.0).per_hour is None
