"""The page Home: the demo's two maps, the newest map of a person's own, and the first step of three people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services import demo
from qlatent.services.runs import queue
from qlatent.services.triage import queues
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.types import Item
from tests.launchers import LauncherDouble
from tests.pages.conftest import Furnished
from tests.services.made_runs import made, training
from tests.services.run_workspace import add

Open = Callable[..., AppTest]
ITEMS, FRAMES = 40, 3
OWN, TOWARDS = (each.name for each in demo.TRAININGS)


def listing_like(number: int) -> Item:
    rng = np.random.default_rng(number)
    vectors = {name: rng.normal(size=8).astype(np.float32) for name in ("image", "text")}
    kind = ("mug", "book")[number % 2]
    return Item(f"item-{number}", text=f"a {kind}", label="home", metadata={"kind": kind}, vectors=vectors)


def frames(workspace: Workspace, run: str, count: int) -> None:
    """Random frames; the vectors before the head are those of the last, so that all its distances are kept."""
    rng = np.random.default_rng(0)
    folder = workspace.run(run)
    latents = [
        {name: rng.normal(size=(ITEMS, 2)).astype("f4") for name in ("image", "text")} for _ in range(count)
    ]
    inputs = {f"input_{name}": each for name, each in latents[-1].items()}
    folder.write_probe({"rows": np.arange(ITEMS), "heldout": np.arange(ITEMS) // 2 % 4 == 0, **inputs})
    for step, each in enumerate(latents, start=1):
        folder.write_snapshot(step, each)
        folder.append({"type": "snapshot", "step": step, "metrics": {"gap": 0.0}})


def of_demo(
    workspace: Workspace, name: str, *, count: int = FRAMES, created: float = 1000.0, state: str = "finished"
) -> str:
    run = made(workspace, training(dataset=demo.DATASET, name=name, created=created))
    if count:
        frames(workspace, run, count)
    status = workspace.run(run).write_status(state=state, step=count, steps=FRAMES)
    workspace.catalogue.set_queue_state(run, status.state)
    return run


@pytest.fixture
def workspace(tmp_path: Path, no_workers: LauncherDouble) -> Workspace:
    opened = open_workspace(tmp_path / "workspace")
    add(opened, demo.DATASET, [listing_like(number) for number in range(ITEMS)])
    return opened


@pytest.fixture
def both(workspace: Workspace) -> tuple[str, str]:
    return of_demo(workspace, OWN), of_demo(workspace, TOWARDS, created=1001.0)


def maps(at: AppTest) -> int:
    return len(at.get("bidi_component"))


def figures(at: AppTest) -> list[str]:
    return [each.value for each in at.markdown if "Spearman" in each.value]


def test_the_demo_opens_on_both_losses_with_their_figures_and_no_other_map(
    opened: Open, workspace: Workspace, both: tuple[str, str]
) -> None:
    at = opened(workspace.path, "home")
    assert not at.error and maps(at) == 2 and not at.get("plotly_chart")
    assert ["**1.00**" in each for each in figures(at)] == [True, True]
    assert all("chance 50%" in each for each in figures(at))  # two kinds, equally frequent
    for colour in ("kind", "modality", "norm"):
        at.segmented_control(key="home_colour").set_value(colour).run()
        assert not at.exception and not at.error and maps(at) == 2


def test_a_newer_run_of_ones_own_is_the_map_shown(
    opened: Open, workspace: Workspace, both: tuple[str, str]
) -> None:
    of_demo(workspace, "mine", created=2000.0)
    at = opened(workspace.path, "home")
    assert at.get("plotly_chart") and at.button(key="home_next").label == "Explore the map"
    assert "home_colour" not in {each.key for each in at.segmented_control}


def test_while_the_second_head_waits_the_first_map_stands_alone(opened: Open, workspace: Workspace) -> None:
    of_demo(workspace, OWN)
    of_demo(workspace, TOWARDS, count=0, created=1001.0, state="queued")
    at = opened(workspace.path, "home")
    assert maps(at) == 1 and any("in the queue" in each.value for each in at.info)


def test_a_head_that_was_interrupted_can_be_resumed_where_its_map_is(
    opened: Open, workspace: Workspace, no_workers: LauncherDouble
) -> None:
    of_demo(workspace, OWN)
    other = of_demo(workspace, TOWARDS, count=2, created=1001.0, state="stopped")
    at = opened(workspace.path, "home")
    assert maps(at) == 2
    at.button(key=f"home_resume_{other}").click().run()
    assert not at.exception and no_workers.launched == [other]


def test_ones_own_training_is_followed_above_the_demo(
    opened: Open, workspace: Workspace, both: tuple[str, str]
) -> None:
    of_demo(workspace, "mine", count=0, created=2000.0, state="queued")
    at = opened(workspace.path, "home")
    assert maps(at) == 2 and at.button(key="home_next").label == "Watch it train"


@pytest.mark.parametrize("state", ["failed", "removed"])
def test_without_one_of_the_two_the_other_is_shown_as_any_run(
    opened: Open, workspace: Workspace, state: str
) -> None:
    of_demo(workspace, OWN)
    other = of_demo(workspace, TOWARDS, count=0, created=1001.0, state="failed")
    if state == "removed":
        queue.remove(workspace, other)
    at = opened(workspace.path, "home")
    assert not at.error and at.get("plotly_chart") and at.button(key="home_next")


def test_a_removed_dataset_leaves_both_maps(
    opened: Open, workspace: Workspace, both: tuple[str, str]
) -> None:
    workspace.items.remove(demo.DATASET)
    at = opened(workspace.path, "home")
    assert not at.error and not at.exception


def test_explore_opens_with_both_maps(opened: Open, workspace: Workspace, both: tuple[str, str]) -> None:
    at = opened(workspace.path, "home")
    at.button(key="home_explore").click().run()
    assert not at.exception and not at.error
    assert "".join(at.query_params["run"]) == both[1]
    assert "".join(at.query_params["explore_beside"]) == f"run-{both[0]}"


def test_the_first_case_is_one_click_away_and_the_queue_is_made_once(
    opened: Open, workspace: Workspace, both: tuple[str, str]
) -> None:
    for _ in range(2):
        at = opened(workspace.path, "home")
        at.button(key="home_triage").click().run()
        assert not at.exception and not at.error
        (made_queue,) = queues.listed(workspace, analyst="somebody")
        assert "".join(at.query_params["queue"]) == made_queue.id
    assert (made_queue.dataset, made_queue.counts.total) == (demo.DATASET, ITEMS)


def test_lessons_are_there_before_any_map(opened: Open, tmp_path: Path, furnished: Furnished) -> None:
    at = opened(tmp_path / "empty", "home")
    assert [at.button(key=f"home_{name}").disabled for name in ("explore", "triage", "learn")] == [
        True,
        True,
        False,
    ]
    at = opened(furnished.workspace.path, "home")
    assert not any(at.button(key=f"home_{name}").disabled for name in ("explore", "triage", "learn"))
    at.button(key="home_learn").click().run()
    assert not at.exception and not at.error
