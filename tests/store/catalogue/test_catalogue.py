from collections.abc import Callable

import pytest

from qlatent.errors import StoreError
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import DatasetRecord, HeadRecord, ImportRecord, RunRecord

SHOP = DatasetRecord("shop", "My shop", "files", 10.5, 3, ("image", "text"), "ü")


def run(number: int, state: str = "queued") -> RunRecord:
    return RunRecord(f"r{number}", "train", f"run {number}", None, float(number), state)


def test_datasets_come_back_oldest_first(catalogue: Catalogue) -> None:
    older = DatasetRecord("old", "Old", "text", 1.0, 2)
    assert catalogue.add_dataset(SHOP) == SHOP
    catalogue.add_dataset(older)
    assert catalogue.datasets() == [older, SHOP]
    assert catalogue.dataset("shop") == SHOP


def test_a_dataset_can_be_changed(catalogue: Catalogue) -> None:
    catalogue.add_dataset(SHOP)
    changed = catalogue.update_dataset("shop", rows=9, modalities=("text",))
    assert changed == catalogue.dataset("shop")
    assert (changed.rows, changed.modalities, changed.name) == (9, ("text",), "My shop")


def test_taken_and_unknown_ids_are_named(catalogue: Catalogue) -> None:
    catalogue.add_dataset(SHOP)
    with pytest.raises(StoreError, match="dataset 'shop' cannot be recorded"):
        catalogue.add_dataset(SHOP)
    with pytest.raises(StoreError, match="There is no dataset 'x'"):
        catalogue.dataset("x")
    with pytest.raises(StoreError, match="There is no run 'x'"):
        catalogue.run("x")
    with pytest.raises(StoreError, match="There is no head 'x'"):
        catalogue.head("x")
    with pytest.raises(StoreError, match="There is no run 'x'"):
        catalogue.set_queue_state("x", "queued")
    with pytest.raises(StoreError, match=r"the import of 'f\.csv' cannot be recorded"):
        catalogue.add_import(ImportRecord("x", "f.csv", "hash", 1, 0, 1.0))


def test_imports_are_found_by_their_hash(catalogue: Catalogue) -> None:
    catalogue.add_dataset(SHOP)
    catalogue.add_dataset(DatasetRecord("other", "Other", "files", 1.0, 3))
    first = catalogue.add_import(
        ImportRecord("shop", "a.csv", "h1", 3, 1, 2.0, {"id": "sku", "n": [1]}, "x.csv")
    )
    second = catalogue.add_import(ImportRecord("other", "a.csv", "h1", 3, 1, 3.0))
    assert first.id != second.id
    assert catalogue.find_import("h1") == first
    assert catalogue.find_import("h1", dataset="other") == second
    assert catalogue.find_import("h2") is None
    assert catalogue.imports("shop") == [first]


def test_removing_a_dataset_takes_its_imports_and_leaves_runs_and_heads(catalogue: Catalogue) -> None:
    catalogue.add_dataset(SHOP)
    catalogue.add_import(ImportRecord("shop", "a.csv", "h1", 3, 1, 2.0))
    catalogue.add_run(RunRecord("r1", "train", "one", "shop", 1.0))
    head = catalogue.add_head(HeadRecord("h1", "one", "r1", "acqua", 2.0, "trained", "shop"))
    assert catalogue.heads() == [head]
    catalogue.remove_dataset("shop")
    assert catalogue.find_import("h1") is None
    assert catalogue.run("r1").dataset_id is None
    catalogue.remove_run("r1")
    assert catalogue.head("h1") == HeadRecord("h1", "one", None, "acqua", 2.0, "trained", None)
    catalogue.remove_head("h1")
    assert catalogue.heads() == []


def test_runs_can_be_listed_by_kind(catalogue: Catalogue) -> None:
    catalogue.add_run(run(2))
    catalogue.add_run(RunRecord("r1", "encode", "enc", None, 1.0))
    assert [record.id for record in catalogue.runs()] == ["r1", "r2"]
    assert [record.id for record in catalogue.runs("train")] == ["r2"]


# --- the queue --------------------------------------------------------------------------------------------


def test_the_oldest_queued_run_is_claimed_up_to_the_limit(catalogue: Catalogue) -> None:
    for number in (3, 1, 2):
        catalogue.add_run(run(number))
    assert catalogue.claim_run(2, lambda run_id: True, now=50.0) == "r1"
    assert catalogue.run("r1") == RunRecord("r1", "train", "run 1", None, 1.0, "running", 50.0)
    assert catalogue.claim_run(2, lambda run_id: True) == "r2"
    assert catalogue.claim_run(2, lambda run_id: True) is None
    assert catalogue.run("r3").queue_state == "queued"


def test_runs_whose_worker_is_dead_do_not_count(catalogue: Catalogue) -> None:
    for number in (1, 2, 3):
        catalogue.add_run(run(number))
    catalogue.claim_run(1, lambda run_id: True)
    asked: list[str] = []

    def alive(run_id: str) -> bool:
        asked.append(run_id)
        return False

    assert catalogue.claim_run(1, alive) == "r2"
    assert asked == ["r1"]


def test_no_run_is_claimed_from_an_empty_queue(catalogue: Catalogue) -> None:
    catalogue.add_run(run(1, "stopped"))
    assert catalogue.claim_run(1, lambda run_id: True) is None


def test_a_run_that_is_queued_again_is_not_claimed_any_more(catalogue: Catalogue) -> None:
    catalogue.add_run(run(1))
    catalogue.claim_run(1, lambda run_id: True)
    catalogue.set_queue_state("r1", "queued")
    assert catalogue.run("r1").claimed is None


def test_the_catalogue_can_be_read_while_a_claim_is_decided(catalogue: Catalogue) -> None:
    catalogue.add_run(run(1))
    catalogue.add_run(run(2))
    catalogue.claim_run(1, lambda run_id: True)
    assert catalogue.claim_run(1, lambda run_id: catalogue.run(run_id).claimed is None) == "r2"


def test_an_error_while_claiming_changes_nothing(catalogue: Catalogue) -> None:
    catalogue.add_run(run(1))
    catalogue.add_run(run(2))
    catalogue.claim_run(1, lambda run_id: True)
    with pytest.raises(ZeroDivisionError):
        catalogue.claim_run(1, lambda run_id: 1 // 0)
    assert catalogue.claim_run(2, lambda run_id: True) == "r2"


@pytest.mark.slow
def test_processes_that_claim_at_once_never_exceed_the_limit(
    url: str, catalogue: Catalogue, another_process: Callable[..., object]
) -> None:
    script = """
import sys, time
from qlatent.store.catalogue.catalogue import Catalogue
catalogue, claimed = Catalogue(sys.argv[1]), []
print("ready", flush=True)
sys.stdin.readline()
while any(run.queue_state == "queued" for run in catalogue.runs()):
    run_id = catalogue.claim_run(2, lambda run_id: True)
    running = [run.id for run in catalogue.runs() if run.queue_state == "running"]
    assert len(running) <= 2, running
    if run_id is not None:
        assert run_id in running
        claimed.append(run_id)
        time.sleep(0.005)
        catalogue.set_queue_state(run_id, "finished")
print(" ".join(claimed), flush=True)
"""
    for number in range(30):
        catalogue.add_run(run(number))
    processes = [another_process(script, url) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"  # type: ignore[attr-defined]
    for process in processes:
        process.stdin.write("go\n")  # type: ignore[attr-defined]
        process.stdin.flush()  # type: ignore[attr-defined]
    claimed = [process.stdout.readline().split() for process in processes]  # type: ignore[attr-defined]
    assert [process.wait(60) for process in processes] == [0] * 4  # type: ignore[attr-defined]
    assert sorted(run_id for each in claimed for run_id in each) == sorted(
        f"r{number}" for number in range(30)
    )


def test_a_removed_record_is_not_listed_and_can_be_restored(catalogue: Catalogue) -> None:
    catalogue.add_dataset(SHOP)
    catalogue.add_run(RunRecord("r", "train", "run", "shop", 1.0), token="wish")
    assert catalogue.add_run(RunRecord("r2", "train", "run", "shop", 1.0), token="wish").id == "r"
    assert catalogue.bin.put("dataset", "shop", now=5.0, used=lambda run: run == "r") == ["r"]
    assert catalogue.bin.put("dataset", "shop", now=5.0) == []
    assert (catalogue.datasets(), catalogue.run("r").dataset_id) == ([], None)
    assert catalogue.has_dataset("shop")
    with pytest.raises(StoreError, match="There is no dataset 'shop'"):
        catalogue.add_run(RunRecord("r3", "train", "run", "shop", 1.0))
    assert not catalogue.bin.empty("dataset", "shop", before=5.0)
    catalogue.bin.take_back("dataset", "shop")
    assert (catalogue.datasets(), catalogue.run("r").dataset_id) == ([SHOP], "shop")
    catalogue.bin.put("run", "r", now=6.0)
    assert catalogue.claim_run(1, lambda _: False) is None
    assert [(each.kind, each.id) for each in catalogue.bin.content()] == [("run", "r")]
    assert catalogue.bin.empty("run", "r", before=7.0)
    with pytest.raises(StoreError, match="There is no run 'r'"):
        catalogue.bin.take_back("run", "r")
