"""Queues, cases and events, on SQLite and PostgreSQL: who gets which case, and what undoing leaves."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from qlatent.errors import StoreError
from qlatent.store.catalogue import triage_order
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import CaseRecord, QueueRecord, TriageEvent
from qlatent.store.catalogue.taken import TakenError
from qlatent.triage.replay import replay


def queue(catalogue: Catalogue, count: int, name: str = "q") -> None:
    draws = [((7 * number) % count) / count for number in range(count)]
    cases = [CaseRecord(name, f"i{number}", float(number), draws[number]) for number in range(count)]
    record = QueueRecord(name, name, "shop", {}, "newest", {}, "ann", 1.0)
    catalogue.queues.add(record, cases, TriageEvent(name, 1.0, "ann", "created"))


def decided(item: str, code: str, *, by: str = "ann", time: float = 2.0) -> TriageEvent:
    return TriageEvent("q", time, by, "decided", item, code)


def undo(catalogue: Catalogue, event: TriageEvent, *, by: str = "ann") -> list[str]:
    return catalogue.cases.undo(TriageEvent("q", 9.0, by, "undone", undoes=event.id))


def agrees(catalogue: Catalogue) -> bool:
    said = replay(catalogue.triage_events.rows("q"))
    return all(each.code == said.get(each.item_id, ("", 0))[0] for each in catalogue.cases.of("q"))


def test_cases_come_in_order_and_nobody_else_gets_a_leased_one(catalogue: Catalogue) -> None:
    queue(catalogue, 5)
    cases = catalogue.cases
    first = cases.take("q", "ann", now=10.0, until=70.0)
    again = cases.take("q", "ann", now=20.0, until=80.0)
    other = cases.take("q", "bob", now=20.0, until=80.0)
    assert first and again and other
    assert (first.item_id, again.item_id, again.lease_until, other.item_id) == ("i0", "i0", 80.0, "i1")
    expired = cases.take("q", "bea", now=81.0, until=141.0)
    assert expired and expired.item_id == "i0"
    with pytest.raises(TakenError, match="bea has it at present; your decision on 'i0' is not stored"):
        cases.decide(decided("i0", "ok"), now=82.0)
    assert not cases.renew("q", "i0", "ann", until=200.0) and cases.renew("q", "i0", "bea", until=200.0)
    assert cases.counts("q", "bob", now=90.0).others == 1


def test_random_draws_are_a_prefix_of_the_draws(catalogue: Catalogue) -> None:
    queue(catalogue, 10)
    taken = catalogue.cases.take("q", "ann", now=1.0, until=2.0, drawn=True)
    assert taken and taken.item_id == "i0"  # draw 0.0
    catalogue.cases.decide(decided("i0", "ok"), now=1.0)
    following = catalogue.cases.take("q", "ann", now=1.0, until=2.0, drawn=True)
    assert following and following.item_id == "i3"  # (7 · 3) % 10 = 1
    later = cases_at_random(catalogue)
    assert later == [("i3", "decided", True), ("i6", "skipped", True), ("i9", "skipped", False)]


def cases_at_random(catalogue: Catalogue) -> list[tuple[str, str, bool]]:
    """Decide and skip the next two, of which one is taken back; says what counts for the estimate."""
    cases = catalogue.cases
    assert cases.first_drawn("q", "ann", now=1.0) == "i3"
    first = replace(decided("i3", "ok"), payload={"drawn": True})
    undo(catalogue, cases.decide(first, now=1.0))
    assert cases.first_drawn("q", "ann", now=1.0) == "i3"
    cases.decide(decided("i3", "ok"), now=1.0)
    for item, payload in (("i6", {"drawn": True}), ("i9", {}), ("i2", {})):
        event = cases.skip(TriageEvent("q", 1.0, "ann", "skipped", item, payload=payload), now=1.0)
    undo(catalogue, event)
    assert cases.first_drawn("q", "ann", now=1.0) == "i2"  # (7 · 2) % 10 = 4; i6 and i9 have 2 and 3
    return [(item, kind, random) for _, kind, item, random in catalogue.triage_events.looked_at("q")]


def test_an_order_is_changed_in_short_transactions_and_the_next_cases_first(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(catalogue, 7)
    monkeypatch.setattr(triage_order, "AT_ONCE", 2)
    wanted = ["i6", "i2", "i4", "i0", "i5"]
    seen: list[list[str]] = []

    def look(_: float) -> None:
        seen.append([each.item_id for each in catalogue.cases.of("q")])

    monkeypatch.setattr(triage_order.time, "sleep", look)
    catalogue.cases.bring_forward("q", wanted)
    assert seen == [
        ["i6", "i2", "i0", "i1", "i3", "i4", "i5"],
        ["i6", "i2", "i4", "i0", "i1", "i3", "i5"],
    ]
    assert [each.item_id for each in catalogue.cases.of("q")] == [*wanted, "i1", "i3"]
    catalogue.cases.bring_forward("q", [])


def test_a_skip_is_of_one_analyst_and_is_taken_back(catalogue: Catalogue) -> None:
    queue(catalogue, 1)
    cases = catalogue.cases
    skip = cases.skip(TriageEvent("q", 1.0, "ann", "skipped", "i0"), now=1.0)
    assert (
        cases.take("q", "ann", now=1.0, until=9.0) is None and cases.counts("q", "ann", now=1.0).skipped == 1
    )
    other = cases.take("q", "bob", now=1.0, until=2.0)
    assert other and other.item_id == "i0"
    asked = cases.take("q", "ann", now=3.0, until=4.0, skipped=True)
    assert asked and asked.item_id == "i0"
    assert undo(catalogue, skip) == ["i0"]
    assert cases.counts("q", "ann", now=5.0).skipped == 0


def test_undoing_restores_what_the_events_before_say(catalogue: Catalogue) -> None:
    queue(catalogue, 4)
    cases = catalogue.cases
    one = cases.decide(decided("i1", "ok"), now=2.0)
    with pytest.raises(TakenError, match="ann decided it as 'ok'"):
        cases.decide(decided("i1", "violates", by="bob"), now=3.0)
    cases.reopen(TriageEvent("q", 4.0, "bob", "reopened", "i1"))
    group, done = cases.decide_all(
        TriageEvent("q", 5.0, "bob", "decided", "", "violates"), ["i0", "i1", "x"], now=5.0
    )
    assert (
        done == ["i0", "i1"]
        and cases.decided("q") == {"i0": "violates", "i1": "violates"}
        and agrees(catalogue)
    )
    assert undo(catalogue, group) == ["i0", "i1"]
    assert cases.decided("q") == {} and agrees(catalogue)
    reopened = catalogue.triage_events.of("q", kinds=["reopened"])[0]
    undo(catalogue, reopened)
    assert (
        cases.decided("q") == {"i1": "ok"} and cases.one("q", "i1").event_id == one.id and agrees(catalogue)
    )
    undo(catalogue, one)
    assert cases.decided("q") == {} and agrees(catalogue)
    with pytest.raises(StoreError, match="undone already"):
        undo(catalogue, one)
    kinds = [event.kind for event in catalogue.triage_events.of_item("q", "i1")]
    assert kinds == ["decided", "reopened", "decided", "undone", "undone", "undone"]


def test_an_undone_older_decision_leaves_a_newer_one(catalogue: Catalogue) -> None:
    queue(catalogue, 1)
    older = catalogue.cases.decide(decided("i0", "ok"), now=1.0)
    catalogue.cases.reopen(TriageEvent("q", 2.0, "ann", "reopened", "i0"))
    catalogue.cases.decide(decided("i0", "violates"), now=3.0)
    undo(catalogue, older)
    assert catalogue.cases.decided("q") == {"i0": "violates"} and agrees(catalogue)


def test_taking_back_an_older_step_leaves_a_case_with_whoever_has_it_now(catalogue: Catalogue) -> None:
    queue(catalogue, 1)
    cases = catalogue.cases
    first = cases.decide(decided("i0", "ok"), now=1.0)
    cases.reopen(TriageEvent("q", 2.0, "ann", "reopened", "i0"))
    cases.pass_on(
        TriageEvent("q", 3.0, "ann", "handed", "i0", payload={"to": "bob"}), to="bob", lease="handed", now=3.0
    )
    handed = catalogue.triage_events.of("q", kinds=["handed"])[0]
    taken = cases.take("q", "bob", now=4.0, until=9.0)
    assert taken and taken.item_id == "i0"
    assert undo(catalogue, handed) == undo(catalogue, first) == ["i0"]
    assert cases.one("q", "i0").lease_by == "bob" and cases.take("q", "eve", now=5.0, until=9.0) is None


def test_a_held_case_waits_and_a_handed_one_comes_first(catalogue: Catalogue) -> None:
    queue(catalogue, 3)
    cases = catalogue.cases
    cases.pass_on(TriageEvent("q", 1.0, "ann", "held", "i0"), to="ann", lease="held", now=1.0)
    cases.pass_on(TriageEvent("q", 1.0, "ann", "handed", "i2"), to="bob", lease="handed", now=1.0)
    mine, his = cases.take("q", "ann", now=1e6, until=2e6), cases.take("q", "bob", now=1e6, until=2e6)
    assert mine and his and (mine.item_id, his.item_id) == ("i1", "i2")
    assert [each.item_id for each in cases.leased("q", "ann")] == ["i0"]
    cases.decide(decided("i0", "ok"), now=1e6)
    assert cases.decided("q") == {"i0": "ok"} and cases.leased("q", "ann") == []


def test_of_many_at_once_nobody_gets_the_same_case_and_no_event_is_lost(catalogue: Catalogue) -> None:
    queue(catalogue, 60)
    seen: dict[str, list[str]] = {}

    def work(name: str) -> None:
        while (case := catalogue.cases.take("q", name, now=1.0, until=99.0)) is not None:
            seen.setdefault(name, []).append(case.item_id)
            catalogue.cases.decide(decided(case.item_id, "ok", by=name), now=1.0)

    workers = [threading.Thread(target=work, args=(f"a{number}",)) for number in range(6)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    taken = [item for items in seen.values() for item in items]
    assert sorted(taken) == sorted(f"i{number}" for number in range(60))
    assert len(catalogue.triage_events.of("q", kinds=["decided"])) == 60 and agrees(catalogue)


def test_a_removed_queue_is_in_the_bin_and_keeps_its_events(catalogue: Catalogue) -> None:
    queue(catalogue, 2)
    catalogue.bin.put("queue", "q", now=5.0)
    assert catalogue.queues.all() == [] and [each.kind for each in catalogue.bin.content()] == ["queue"]
    catalogue.bin.empty("queue", "q", before=6.0)
    assert [event.kind for event in catalogue.triage_events.of("q")] == ["created"]
