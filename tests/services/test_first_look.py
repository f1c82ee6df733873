"""The demo's two trainings side by side: which runs they are, what is outlined, and how far kinds are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from qlatent.services import demo, first_look
from qlatent.services.first_look import Side
from qlatent.services.runs import listing, queue
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.made_runs import made, training
from tests.services.run_workspace import add, pairs

OWN, TOWARDS = (each.name for each in demo.TRAININGS)
ITEMS = 60


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("first") / "workspace") as opened:
        for dataset in (demo.DATASET, "other"):
            add(opened, dataset, pairs(ITEMS))
        yield opened


@pytest.fixture
def workspace(stored: Workspace, no_workers: LauncherDouble) -> Iterator[Workspace]:
    yield stored
    for record in stored.catalogue.runs():
        stored.run(record.id).write_status(state="stopped")
        queue.remove(stored, record.id)


def listed(workspace: Workspace) -> list[listing.RunSummary]:
    return listing.list_runs(workspace, "train")


def recorded(
    workspace: Workspace, name: str, frames: list[dict[str, np.ndarray]], *, heldout: np.ndarray
) -> str:
    """A finished training of the demo with these frames of all items."""
    run = made(workspace, training(dataset=demo.DATASET, name=name))
    folder = workspace.run(run)
    inputs = {f"input_{name}": each for name, each in frames[0].items()}
    folder.write_probe({"rows": np.arange(ITEMS), "heldout": heldout, **inputs})
    for step, latents in enumerate(frames, start=1):
        folder.write_snapshot(step, latents)
        folder.append({"type": "snapshot", "step": step, "metrics": {"gap": 0.0}})
    state = folder.write_status(state="finished", step=len(frames), steps=len(frames)).state
    workspace.catalogue.set_queue_state(run, state)
    return run


def test_both_trainings_are_shown_from_the_first_step_of_one(workspace: Workspace) -> None:
    own = made(workspace, training(dataset=demo.DATASET, name=OWN))
    towards = made(workspace, training(dataset=demo.DATASET, name=TOWARDS))
    assert first_look.pair(listed(workspace)) is None  # nothing to see yet
    workspace.run(own).write_status(state="running", step=1, steps=9)
    found = first_look.pair(listed(workspace))
    assert found and [each.id for each in found] == [own, towards]


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_one_training_alone_is_no_pair(workspace: Workspace, state: str) -> None:
    made(workspace, training(dataset=demo.DATASET, name=OWN), state="finished", step=9, steps=9)
    assert first_look.pair(listed(workspace)) is None
    made(workspace, training(dataset=demo.DATASET, name=TOWARDS), state=state, step=0, steps=9)
    assert first_look.pair(listed(workspace)) is None


def test_runs_of_other_datasets_with_these_names_are_not_meant(workspace: Workspace) -> None:
    for name in (OWN, TOWARDS):
        made(workspace, training(dataset="other", name=name), state="finished", step=9, steps=9)
    assert first_look.pair(listed(workspace)) is None


def clouds(*centres: tuple[float, float]) -> np.ndarray:
    """Sixty places, of kinds 0, 1, 2 in turn, each within 0.1 of its kind's centre."""
    rng = np.random.default_rng(1)
    return (np.array(centres * (ITEMS // 3)) + rng.uniform(-0.1, 0.1, (ITEMS, 2))).astype(np.float32)


@pytest.fixture
def side(workspace: Workspace) -> Side:
    """Texts lie where the images of the same kind lie; in the second frame, where those of the next kind lie."""
    corners = ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))
    images, texts = clouds(*corners), clouds(*corners[1:], corners[0])
    heldout = np.arange(ITEMS) % 4 == 0
    run = recorded(
        workspace, OWN, [{"image": images, "text": images}, {"image": images, "text": texts}], heldout=heldout
    )
    found = first_look.side(workspace, listing.summary(workspace, run))
    assert found is not None
    kinds = tuple(("mug", "book", "lamp")[number % 3] for number in range(ITEMS))
    return replace(found, kinds=kinds)


def test_kinds_are_told_by_the_nearest_and_across_modalities(side: Side) -> None:
    before, after = (first_look.told(side, frame) for frame in (0, 1))
    assert (before.nearest, before.across, before.spearman) == (1.0, 1.0, pytest.approx(1.0))
    assert after.across == 0.0  # an image's nearest texts are all of another kind
    assert before.chance == pytest.approx(
        1 / 3
    )  # fifteen of 45 training and five of 15 held-out items of each kind


def test_distances_are_compared_among_held_out_points_of_both_modalities(side: Side) -> None:
    heldout = side.scene.shown.heldout
    before, after = (
        pdist(np.concatenate([each[frame][heldout] for each in side.scene.shown.places.values()]))
        for frame in (0, 1)
    )
    wanted = spearmanr(before, after).statistic  # the vectors are the places of the first frame
    # images and texts coincide in the first frame, and rounding decides the order of equal distances
    assert first_look.told(side, 1).spearman == pytest.approx(wanted, abs=1e-3)
    assert np.isnan(first_look.told(replace(side, inputs={}), 1).spearman)


def test_an_outline_holds_half_of_a_kind_and_lies_around_it(side: Side) -> None:
    around = first_look.outlines(side, 0)
    assert set(around) == {"mug", "book", "lamp"}
    for kind, centre in (("mug", (0.0, 0.0)), ("book", (4.0, 0.0)), ("lamp", (0.0, 4.0))):
        corners = np.concatenate(around[kind])
        assert np.abs(corners - centre).max() < 0.2, kind
    (line, *_) = around["lamp"]
    places = side.scene.positions
    back = places.low + places.step * (first_look.in_units(side, line) + 32768)
    assert back == pytest.approx(line, abs=1e-3)


def test_without_kinds_nothing_is_outlined_or_told(workspace: Workspace, side: Side) -> None:
    plain = first_look.side(workspace, side.run)
    assert plain and set(plain.kinds) == {""}  # the items have no column of that name
    assert first_look.outlines(plain, 0) == {}
    told = first_look.told(plain, 0)
    assert np.isnan([told.nearest, told.across, told.chance]).all()


def test_maps_show_the_frames_that_both_have(side: Side) -> None:
    assert first_look.in_step([side, None]) == 2
    assert first_look.in_step([None, None]) == 0
    cut = first_look.first_frames(side.scene.positions, 1)
    assert cut.values.shape == (1, 2 * ITEMS, 2)


def test_the_most_frequent_kinds_come_first(side: Side) -> None:
    assert first_look.frequent(["b", "a", "c", "c", ""]) == ["c", "a", "b"]
    assert len(first_look.frequent([str(number) for number in range(20)])) == first_look.NAMED
