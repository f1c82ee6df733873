"""Names, order and queue positions of runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qlatent.services.runs import naming
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.naming import Waiting
from qlatent.services.runs.specs import Configs, VectorTraining
from qlatent.store.runs.run_status import RunStatus

NOON = 1_700_000_000.0


def run(
    number: int, *, name: str = "CLIP-ACQUA on Pairs", status: dict[str, Any] | None = None, **spec: Any
) -> RunSummary:
    state = RunStatus(**(status or {"state": "finished"}))
    made = VectorTraining(**{
        "name": name, "created": NOON + number, "dataset": "pairs", "dataset_version": 1, "encoder": "given",
        "modalities": (), "head": "acqua", "objective": "acqua", "settings": {}, "configs": configs(), **spec,
    })  # fmt: skip
    part_of = spec.get("part_of") or ("an experiment" if spec.get("panel") else "")
    view = RunSummary(
        f"r{number}", name, "train", "pairs", "acqua", state, NOON + number, Path("nowhere"), part_of
    )
    vars(view)["spec"] = made  # as if it had been read from the folder
    return view


def configs(**training: Any) -> Configs:
    return Configs(training={"epochs": 300, "seed": 0} | training, head={"depth": 6, "seed": 0}, objective={})


def test_a_name_of_its_own_stays() -> None:
    assert naming.names([run(1, name="a"), run(2, name="b")]) == {"r1": "a", "r2": "b"}


def test_equal_names_are_told_apart_by_what_was_chosen() -> None:
    views = [run(1, configs=configs()), run(2, configs=configs(seed=3)), run(3, configs=configs(epochs=5))]
    assert naming.names(views) == {
        "r1": "CLIP-ACQUA on Pairs · epochs 300, seed 0",
        "r2": "CLIP-ACQUA on Pairs · epochs 300, seed 3",
        "r3": "CLIP-ACQUA on Pairs · epochs 5, seed 0",
    }


def test_equal_runs_are_told_apart_by_when_they_were_started() -> None:
    named = naming.names([run(1, configs=configs()), run(2, configs=configs()), run(2, name="other")])
    assert len(set(named.values())) == 2 and all(":" in name for name in list(named.values())[:1])
    same_second = [
        run(1, configs=configs()),
        RunSummary(**{**_fields(run(1, configs=configs())), "id": "r9"}),
    ]
    assert len(set(naming.names(same_second).values())) == 2


def _fields(view: RunSummary) -> dict[str, Any]:
    return {name: getattr(view, name) for name in view.__dataclass_fields__}


def test_runs_of_experiments_come_behind_a_persons_own() -> None:
    views = [run(3, panel=True), run(2), run(1, part_of="a table")]
    assert [each.id for each in naming.own_first(views)] == ["r2", "r3", "r1"]


def test_a_queued_run_has_a_position_and_an_estimated_start() -> None:
    going = run(1, status={"state": "running", "seconds_left": 90.0})
    queued = [run(number, status={"state": "queued"}) for number in (2, 3)]
    took = {"state": "finished", "process_started": NOON, "heartbeat": NOON + 60}
    views = [going, *queued, run(9, status=took)]
    assert naming.waiting(views, "r2", workers=1) == Waiting(1, 90.0)
    assert naming.waiting(views, "r3", workers=1) == Waiting(2, 150.0)
    assert naming.waiting(views, "r3", workers=2) == Waiting(2, 60.0)  # beside the one that runs


def test_a_run_that_does_not_know_its_time_yet_is_taken_for_a_usual_one() -> None:
    took = {"state": "finished", "process_started": NOON, "heartbeat": NOON + 60}
    loading = replace(run(1, status={"state": "running"}), claimed=NOON)
    views = [loading, run(2, status={"state": "queued"}), run(9, status=took)]
    assert naming.waiting(views, "r2", workers=1, now=NOON + 20) == Waiting(1, 40.0)
    assert naming.waiting(views, "r2", workers=1, now=NOON + 90) == Waiting(1, 0.0)


def test_unknown_times_are_not_guessed() -> None:
    views = [run(1, status={"state": "running"}), run(2, status={"state": "queued"})]
    assert naming.waiting(views, "r2", workers=1) == Waiting(1, None)
