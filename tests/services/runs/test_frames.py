"""The evolution of a run, against its recorded frames."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qlatent.errors import InputError
from qlatent.layout.plane import align, plane
from qlatent.services.runs.frames import evolution, frame_steps, item_detail
from qlatent.services.runs.specs import Configs, VectorTraining
from qlatent.store.catalogue.records import RunRecord
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from tests.services.run_workspace import add, pairs

STEPS = [0, 1, 3, 10]
COUNT, PROBE = 40, 30


def record(workspace, *, size=4, steps=STEPS, probe=PROBE, name="run"):
    """A run folder as a worker writes it, with random frames."""
    rng = np.random.default_rng(size)
    spec = VectorTraining(
        id=name, name=name, created=1.0, dataset="pairs", dataset_version=workspace.items.version("pairs"),
        encoder="given", modalities=("image", "text"), head="acqua", objective="acqua", settings={},
        configs=Configs(head={}, objective={}, training={}),
    )  # fmt: skip
    folder = RunFolder.create(workspace.runs_path / name, spec.document())
    workspace.catalogue.add_run(RunRecord(name, "train", name, "pairs", time.time()))
    rows = np.sort(rng.permutation(COUNT)[:probe]) if probe <= COUNT else np.arange(probe) % COUNT
    inputs = {f"input_{m}": rng.normal(size=(probe, 8)).astype("f4") for m in ("image", "text")}
    folder.write_probe({"rows": rows, "heldout": rows % 5 == 0, **inputs})
    for number, step in enumerate(steps):
        latents = {m: (rng.normal(size=(probe, size)) * (1 + number)).astype("f4") for m in ("image", "text")}
        folder.write_snapshot(step, latents)
        folder.append({"type": "snapshot", "step": step, "metrics": {"spearman": 0.1 * number, "odd": None}})
    return folder


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with Workspace.open(tmp_path_factory.mktemp("evolution") / "workspace") as workspace:
        add(workspace, "pairs", pairs(COUNT))
        for size in (2, 3, 4):
            record(workspace, size=size, name=f"run{size}")
        yield workspace


def frames(folder):
    return [folder.snapshot(step) for step in STEPS]


def joint(arrays):
    return np.concatenate([arrays["image"], arrays["text"]])


@pytest.mark.parametrize("basis", ["pooled", "last"])
def test_frames_are_aligned_together_and_drawn_in_one_plane(workspace, basis):
    got = evolution(workspace, "run4", basis=basis)
    aligned, residuals = align([joint(frame) for frame in frames(workspace.run("run4"))])
    flat = plane(aligned, basis)
    assert got.modalities == ("image", "text")
    for number, frame in enumerate(aligned):
        both = np.concatenate([got.places["image"][number], got.places["text"][number]])
        np.testing.assert_allclose(both, flat.project(frame), atol=1e-5)
    np.testing.assert_array_equal(got.steps, STEPS)
    np.testing.assert_allclose(got.honesty["explained_variance"], flat.explained)
    np.testing.assert_allclose(got.honesty["procrustes_residual"], residuals)
    assert got.places["image"].dtype == np.float32
    assert not got.raw


def test_norms_are_those_of_the_latents_and_their_range_is_that_of_the_run(workspace):
    got = evolution(workspace, "run4")
    wanted = np.array([np.linalg.norm(joint(frame), axis=1) for frame in frames(workspace.run("run4"))])
    np.testing.assert_allclose(
        np.concatenate([got.norms["image"], got.norms["text"]], axis=1), wanted, rtol=1e-6
    )
    assert got.norm_range == pytest.approx(tuple(np.percentile(wanted, [1, 99])), rel=1e-5)


def test_two_dimensions_are_drawn_raw(workspace):
    got = evolution(workspace, "run2")
    for number, frame in enumerate(frames(workspace.run("run2"))):
        np.testing.assert_array_equal(got.places["text"][number], frame["text"])
    assert got.raw


def test_three_dimensions_are_drawn_raw_in_space_and_aligned_on_a_plane(workspace):
    got = evolution(workspace, "run3", dimensions=3)
    for number, frame in enumerate(frames(workspace.run("run3"))):
        np.testing.assert_array_equal(got.places["image"][number], frame["image"])
    assert got.raw
    np.testing.assert_allclose(got.honesty["explained_variance"], 1.0)
    flat = evolution(workspace, "run3")
    assert flat.places["image"].shape == (len(STEPS), PROBE, 2)
    assert not flat.raw


def test_in_space_more_of_the_variance_is_drawn_than_on_the_plane(workspace):
    flat, space = evolution(workspace, "run4"), evolution(workspace, "run4", dimensions=3)
    assert space.places["image"].shape == (len(STEPS), PROBE, 3)
    np.testing.assert_allclose(space.places["image"][..., :2], flat.places["image"], atol=1e-5)
    assert (space.honesty["explained_variance"] > flat.honesty["explained_variance"]).all()


def test_what_the_worker_measured_stands_beside_each_frame(workspace):
    got = evolution(workspace, "run4")
    np.testing.assert_allclose(got.honesty["spearman"], [0.0, 0.1, 0.2, 0.3])
    assert np.isnan(got.honesty["odd"]).all()


def test_items_stand_in_the_order_of_the_points(workspace):
    got = evolution(workspace, "run4")
    table = workspace.items.table("pairs", columns=["id", "label"]).to_pylist()
    assert got.ids == [table[row]["id"] for row in got.rows]
    assert got.labels == [table[row]["label"] for row in got.rows]
    np.testing.assert_array_equal(got.heldout, got.rows % 5 == 0)
    assert (got.total, len(got.rows)) == (COUNT, PROBE)


def test_earlier_frames_can_be_had_alone(workspace):
    got = evolution(workspace, "run4", upto_frame=1)
    np.testing.assert_array_equal(got.steps, STEPS[:2])
    assert got.places["image"].shape[0] == len(got.honesty["spearman"]) == 2


def test_a_run_without_a_frame_says_so(workspace):
    record(workspace, steps=[], name="empty")
    with pytest.raises(InputError, match="recorded no frame yet"):
        evolution(workspace, "empty")


def test_neighbours_before_and_after_are_the_nearest_of_the_same_modality(workspace):
    folder = workspace.run("run4")
    probe, latents = folder.probe(), folder.snapshot(STEPS[2])
    place = 7
    got = item_detail(workspace, "run4", int(probe["rows"][place]), 2, k=5)
    for name in ("image", "text"):
        for points, found in ((probe[f"input_{name}"], got.before[name]), (latents[name], got.after[name])):
            distances = cdist(points[place : place + 1].astype(float), points.astype(float))[0]
            order = [each for each in np.argsort(distances) if each != place][:5]
            assert [each.row for each in found] == list(probe["rows"][order])
            assert [each.distance for each in found] == pytest.approx(list(distances[order]))
        both = {each.row for each in got.before[name]} & {each.row for each in got.after[name]}
        for each in got.before[name] + got.after[name]:
            assert each.shared == (each.row in both)
            assert each.id == f"item-{each.row:03}"


def test_an_item_has_its_words_norms_and_pair_distance(workspace):
    folder = workspace.run("run4")
    probe, latents = folder.probe(), folder.snapshot(STEPS[-1])
    got = item_detail(workspace, "run4", int(probe["rows"][3]), 3)
    assert (got.id, got.text) == (f"item-{got.row:03}", f"text {got.row}")
    assert got.step == 10
    assert got.norms["text"] == pytest.approx(np.linalg.norm(latents["text"][3]))
    assert got.pair_distance == pytest.approx(
        (
            np.linalg.norm(probe["input_image"][3] - probe["input_text"][3]),
            np.linalg.norm(latents["image"][3] - latents["text"][3]),
        )
    )


def test_a_row_or_frame_that_is_not_drawn_is_refused(workspace):
    absent = next(row for row in range(COUNT) if row not in workspace.run("run4").probe()["rows"])
    with pytest.raises(InputError, match=f"Row {absent} is not on the map"):
        item_detail(workspace, "run4", absent, 0)
    assert frame_steps(workspace, "run4") == STEPS
    with pytest.raises(InputError, match="no frame 4; it has 4"):
        item_detail(workspace, "run4", int(workspace.run("run4").probe()["rows"][0]), 4)


def test_a_run_outlives_its_dataset(tmp_path):
    with Workspace.open(tmp_path / "workspace") as workspace:
        add(workspace, "pairs", pairs(COUNT))
        record(workspace)
        workspace.items.remove("pairs")
        got = evolution(workspace, "run")
        assert got.ids[0] == f"row {got.rows[0]}"
        assert got.total == PROBE
