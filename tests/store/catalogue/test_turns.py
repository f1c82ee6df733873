"""Whose run starts next: by hand, for small queues."""

from __future__ import annotations

from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import RunRecord
from qlatent.store.catalogue.turns import in_turn


def test_owners_take_turns_and_keep_the_order_of_their_own_runs() -> None:
    waiting = [("a1", "ada"), ("a2", "ada"), ("a3", "ada"), ("b1", "bo"), ("b2", "bo"), ("c1", "cy")]
    assert list(in_turn(waiting, served={})) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_was_served_longest_ago_is_next_and_who_has_one_running_waits() -> None:
    waiting = [("a1", "ada"), ("b1", "bo"), ("c1", "cy")]
    assert list(in_turn(waiting, served={"ada": 30.0, "bo": 20.0})) == ["c1", "b1", "a1"]
    assert list(in_turn(waiting, served={"ada": 1.0, "bo": 2.0, "cy": 3.0}, running=["ada"])) == [
        "b1",
        "c1",
        "a1",
    ]


def test_runs_of_one_owner_start_in_order() -> None:
    assert list(in_turn([(str(each), "") for each in range(4)], served={"": 5.0})) == ["0", "1", "2", "3"]


def test_the_catalogue_gives_the_turn_to_another_owner(catalogue: Catalogue) -> None:
    for number, owner in enumerate(["ada", "ada", "ada", "bo"]):
        catalogue.add_run(RunRecord(f"r{number}", "train", "", None, float(number), owner=owner))
    claimed = [catalogue.claim_run(9, lambda _: False, now=10.0 + each) for each in range(4)]
    assert claimed == ["r0", "r3", "r1", "r2"]
