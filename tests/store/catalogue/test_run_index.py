"""The run index of the catalogue, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qlatent.errors import StoreError
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import IndexEntry, RunRecord


def record(number: int, kind: str = "train") -> RunRecord:
    return RunRecord(f"r{number}", kind, f"run {number}", None, float(number))


def entry(number: int, state: str = "queued", seen: int = 1_800_000_000_000_000_000) -> IndexEntry:
    return IndexEntry(f"r{number}", state, "acqua", "a table", {"state": state, "step": 3}, seen)


def test_a_run_is_listed_with_its_entry_and_without_one(catalogue: Catalogue) -> None:
    catalogue.add_run(record(2))
    catalogue.add_run(record(1, "encode"), entry=entry(1))
    assert catalogue.run_index.runs() == [(record(1, "encode"), entry(1)), (record(2), None)]
    assert catalogue.run_index.runs("train") == [(record(2), None)]
    assert catalogue.run_index.run("r1") == (record(1, "encode"), entry(1))
    with pytest.raises(StoreError, match="There is no run 'r9'"):
        catalogue.run_index.run("r9")


def test_an_entry_is_replaced_unless_somebody_changed_it_since_it_was_read(catalogue: Catalogue) -> None:
    catalogue.add_run(record(1), entry=entry(1, seen=5))
    catalogue.run_index.write([entry(1, "finished", seen=6)], read={"r1": 5})
    assert catalogue.run_index.run("r1")[1] == entry(1, "finished", seen=6)
    catalogue.run_index.write([entry(1, "stopped", seen=7)], read={"r1": 5})
    assert catalogue.run_index.run("r1")[1] == entry(1, "finished", seen=6)


def test_an_entry_is_added_where_there_was_none_and_only_there(catalogue: Catalogue) -> None:
    catalogue.add_run(record(1))
    catalogue.run_index.write([entry(1), entry(9)], read={"r1": None, "r9": None})  # r9 was deleted meanwhile
    assert [each.run_id for _, each in catalogue.run_index.runs() if each] == ["r1"]
    catalogue.run_index.write([entry(1, "failed")], read={"r1": None})
    assert catalogue.run_index.run("r1")[1] == entry(1)


def test_a_run_that_is_queued_again_is_active_at_once_whatever_is_written_late(catalogue: Catalogue) -> None:
    catalogue.add_run(record(1), entry=entry(1, "stopped", seen=5))
    catalogue.set_queue_state("r1", "stopped")
    assert catalogue.run_index.run("r1")[1] == entry(1, "stopped", seen=5)
    catalogue.set_queue_state("r1", "queued")
    (_, first) = catalogue.run_index.run("r1")
    assert first is not None and (first.state, first.seen < 0) == ("queued", True)
    catalogue.run_index.write([entry(1, "stopped", seen=5)], read={"r1": 5})
    assert catalogue.run_index.run("r1")[1] == first
    catalogue.set_queue_state("r1", "queued")
    (_, second) = catalogue.run_index.run("r1")
    assert second is not None and second.seen != first.seen


def test_a_key_stays_when_the_state_changes(catalogue: Catalogue) -> None:
    catalogue.add_run(record(1), entry=entry(1, seen=5))
    catalogue.run_index.write_keys({"r1": "abc", "r9": "nobody's"})
    catalogue.run_index.write([entry(1, "finished", seen=6)], read={"r1": 5})
    assert catalogue.run_index.run("r1")[1] == replace(entry(1, "finished", seen=6), training_key="abc")


def test_entries_are_deleted_with_their_runs_or_alone(catalogue: Catalogue) -> None:
    for number in (1, 2, 3):
        catalogue.add_run(record(number), entry=entry(number))
    catalogue.remove_run("r1")
    catalogue.run_index.forget(["r2"])
    assert [bool(each) for _, each in catalogue.run_index.runs()] == [False, True]
    catalogue.run_index.clear()
    assert [bool(each) for _, each in catalogue.run_index.runs()] == [False, False]


def test_a_removed_run_is_not_listed_and_comes_back_with_its_entry(catalogue: Catalogue) -> None:
    catalogue.add_run(record(1), entry=entry(1))
    catalogue.bin.put("run", "r1")
    assert catalogue.run_index.runs() == []
    catalogue.bin.take_back("run", "r1")
    assert catalogue.run_index.runs() == [(record(1), entry(1))]


def test_the_first_of_two_equal_requests_keeps_its_entry(catalogue: Catalogue) -> None:
    catalogue.add_run(record(1), token="wish", entry=entry(1))
    catalogue.add_run(record(2), token="wish", entry=entry(2))
    assert catalogue.run_index.runs() == [(record(1), entry(1))]
