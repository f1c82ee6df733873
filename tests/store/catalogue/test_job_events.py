"""Events of hardware jobs are only ever added, and two writers cannot both add the same; budgets by account."""

from __future__ import annotations

import pytest

from qlatent.errors import StoreError
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import JobEvent, RunRecord


def event(job: str, kind: str, *, number: int = 0, time: float = 1.0) -> JobEvent:
    return JobEvent(job, number, time, kind, {"said": kind})


def test_events_are_numbered_by_job_and_survive_a_restart(url: str) -> None:
    first = Catalogue(url)
    kept = [first.job_events.append(event("a", kind)) for kind in ("created", "attempt", "submitted")]
    other = first.job_events.append(event("b", "created", time=5.0))
    first.close()
    again = Catalogue(url)
    assert [each.number for each in kept] == [1, 2, 3] and other.number == 1
    assert again.job_events.of("a") == kept and again.job_events.of("unknown") == []
    assert again.job_events.of_all(["a", "b", "c"]) == {"a": kept, "b": [other], "c": []}
    assert again.job_events.of_kinds(["created"]) == [kept[0], other]
    assert again.job_events.of_kinds(["created"], since=2.0) == [other]
    again.close()


def test_of_two_writers_with_one_number_the_second_is_refused(catalogue: Catalogue) -> None:
    catalogue.job_events.append(event("a", "created"))
    catalogue.job_events.append(event("a", "attempt", number=2))
    with pytest.raises(StoreError, match="Another process has written event 2 of job a"):
        catalogue.job_events.append(event("a", "attempt", number=2))
    assert [each.kind for each in catalogue.job_events.of("a")] == ["created", "attempt"]


def test_events_outlive_their_run(catalogue: Catalogue) -> None:
    catalogue.add_run(RunRecord("a", "hardware", "Job", None, 1.0))
    catalogue.job_events.append(event("a", "submitted"))
    catalogue.remove_run("a")
    assert [each.kind for each in catalogue.job_events.of("a")] == ["submitted"]


def test_a_budget_is_set_changed_and_removed(catalogue: Catalogue) -> None:
    events = catalogue.job_events
    assert events.budget("account") is None
    events.set_budget("account", 120.0, now=1.0)
    events.set_budget("account", 60.0, now=2.0)
    events.set_budget("other", 5.0, now=2.0)
    assert (events.budget("account"), events.budget("other")) == (60.0, 5.0)
    events.set_budget("account", None, now=3.0)
    assert events.budget("account") is None


def test_runs_beside_the_others_neither_wait_nor_count(catalogue: Catalogue) -> None:
    for number, name in enumerate(("training", "job", "second job", "later")):
        catalogue.add_run(RunRecord(name, "train", name, None, float(number)))
    jobs = ("job", "second job")

    def claimed() -> str | None:
        return catalogue.claim_run(1, lambda _: True, beside=jobs)

    assert [claimed() for _ in range(4)] == ["training", "job", "second job", None]
    catalogue.set_queue_state("training", "finished")
    assert claimed() == "later"  # though two jobs are running
