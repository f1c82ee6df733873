"""The evolution of a run, against its recorded frames."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from qlatent.errors import InputError
from qlatent.layout.plane import align, plane
from qlatent.metrics.geometry.honesty import honesty
from qlatent.services.runs.frames import Drawing, evolution, norm_range, outline
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


VIEWS = {
    "image": lambda frame: frame["image"],
    "text": lambda frame: frame["text"],
    "both": joint,
    "laid": lambda frame: joint({name: each - each.mean(axis=0) for name, each in frame.items()}),
}


@pytest.mark.parametrize("basis", ["pooled", "last"])
@pytest.mark.parametrize("view", list(VIEWS))
def test_frames_are_aligned_and_drawn_in_the_plane_of_what_is_shown(workspace, view, basis):
    got = evolution(workspace, "run4", Drawing(view, basis))
    stacked = [VIEWS[view](frame).astype(float) for frame in frames(workspace.run("run4"))]
    found = align(stacked)
    aligned = [frame @ turn for frame, turn in zip(stacked, found.rotations, strict=True)]
    flat = plane(aligned, basis)
    assert (got.view, got.modalities) == (view, ("image", "text") if view in ("both", "laid") else (view,))
    for number, frame in enumerate(aligned):
        drawn = np.concatenate([each[number] for each in got.places.values()])
        np.testing.assert_allclose(drawn, flat.project(frame), atol=1e-4)
    np.testing.assert_array_equal(got.steps, STEPS)
    np.testing.assert_allclose(got.honesty["explained_variance"], flat.explained, rtol=1e-5)
    np.testing.assert_allclose(got.honesty["procrustes_residual"], found.residuals, atol=2e-3)
    assert got.places[got.modalities[0]].dtype == np.float32
    assert not got.raw


def test_what_is_fitted_holds_nearly_all_points_of_the_last_frame_and_the_whole_box_all(workspace):
    got = evolution(workspace, "run4", Drawing("both"))
    last = np.concatenate([each[-1] for each in got.places.values()])
    everything = np.concatenate([each.reshape(-1, 2) for each in got.places.values()])
    inside = ((last >= got.extent[:, 0]) & (last <= got.extent[:, 1])).all(axis=1)
    assert inside.mean() > 0.9
    np.testing.assert_allclose(got.whole, np.column_stack([everything.min(axis=0), everything.max(axis=0)]))


def test_norms_are_those_of_the_latents_and_their_range_is_that_of_the_run_and_the_modality(workspace):
    got = evolution(workspace, "run4", Drawing("text"))
    for name in ("image", "text"):
        wanted = np.array([np.linalg.norm(frame[name], axis=1) for frame in frames(workspace.run("run4"))])
        np.testing.assert_allclose(got.norms[name], wanted, rtol=1e-6)
        assert got.norm_ranges[name] == pytest.approx(tuple(np.percentile(wanted, [1, 99])), rel=1e-5)


def apart(workspace, name, *, far):
    """A run whose texts are `far` from its images, and the same in the inputs."""
    folder = record(workspace, name=name, steps=[])
    rng = np.random.default_rng(1)
    for step in (0, 5):
        image = rng.normal(size=(PROBE, 4)).astype("f4")
        folder.write_snapshot(step, {"image": image, "text": image + np.float32([far, 0, 0, 0])})
    return folder


def test_a_gap_that_would_hide_the_structure_is_closed_by_default_and_a_small_one_is_not(workspace):
    apart(workspace, "far", far=30.0)
    apart(workspace, "near", far=0.2)
    assert outline(workspace, "far").default == evolution(workspace, "far").view == "laid"
    assert outline(workspace, "near").default == evolution(workspace, "near").view == "both"
    assert (
        outline(workspace, "far").views
        == evolution(workspace, "far").views
        == ("image", "text", "both", "laid")
    )
    seen, hidden = evolution(workspace, "far"), evolution(workspace, "far", Drawing("both"))
    sizes = [
        np.ptp(each.places["image"][-1], axis=0).max() / np.ptp(each.extent, axis=1).max()
        for each in (seen, hidden)
    ]
    assert sizes[0] > 0.6 > 0.25 > sizes[1]


def test_an_unknown_view_is_refused(workspace):
    with pytest.raises(InputError, match="A map of image and text has no view 'vector'"):
        evolution(workspace, "run4", Drawing("vector"))


def test_latents_that_are_not_finite_are_left_out_and_counted(workspace):
    folder = record(workspace, name="spoilt", steps=[])
    rng = np.random.default_rng(2)
    clean = [{m: rng.normal(size=(PROBE, 4)).astype("f4") for m in ("image", "text")} for _ in range(2)]
    for step, frame in enumerate(clean):
        spoilt = {name: each.copy() for name, each in frame.items()}
        if step:
            spoilt["image"][3, 1], spoilt["text"][8] = np.inf, np.nan
        folder.write_snapshot(step, spoilt)
    got = evolution(workspace, "spoilt", Drawing("both"))
    np.testing.assert_array_equal(got.left_out, [0, 2])
    assert np.isnan(got.places["image"][1, 3]).all() and np.isnan(got.norms["image"][1, 3])
    assert np.isfinite(np.delete(got.places["image"][1], 3, axis=0)).all()
    assert np.isfinite(
        [*got.norm_ranges["image"], got.extent.sum(), got.honesty["explained_variance"][1]]
    ).all()
    np.testing.assert_array_equal(evolution(workspace, "spoilt", Drawing("text")).left_out, [0, 1])


def test_a_frame_without_any_finite_latent_leaves_the_others_as_they_are(workspace):
    folder = record(workspace, name="diverged", steps=[0])
    folder.write_snapshot(1, {m: np.full((PROBE, 4), np.nan, "f4") for m in ("image", "text")})
    got = evolution(workspace, "diverged")
    np.testing.assert_array_equal(got.left_out, [0, PROBE])
    assert np.isfinite(got.places["image"][0]).all()
    assert np.isfinite(got.extent).all()


def test_one_point_and_identical_points_are_drawn(workspace):
    one = record(workspace, name="one", steps=[0], probe=1)
    assert evolution(workspace, "one").places["text"].shape == (1, 1, 2)
    one.write_snapshot(1, {m: np.ones((1, 4), "f4") for m in ("image", "text")})
    same = record(workspace, name="same", steps=[])
    same.write_snapshot(0, {m: np.ones((PROBE, 4), "f4") for m in ("image", "text")})
    got = evolution(workspace, "same")
    assert not np.ptp(got.whole, axis=1).any()
    assert np.isfinite(got.places["image"]).all()


def test_labels_among_neighbours_are_told_of_the_map_the_latents_and_the_vectors(workspace):
    got = evolution(workspace, "run4", Drawing("text"))
    labels, folder = np.array(got.labels), workspace.run("run4")
    for column, points in (
        ("labels_text", got.places["text"][2]),
        ("labels_text_latents", folder.snapshot(STEPS[-1])["text"]),
        ("labels_text_vectors", folder.probe()["input_text"]),
    ):
        near = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
        wanted = (labels[near] == labels[:, None]).mean()
        place = 2 if column == "labels_text" else -1
        assert got.honesty[column][place] == pytest.approx(wanted)
    assert "labels_image" not in got.honesty


def test_a_run_measured_over_both_together_is_measured_anew_within_each(workspace):
    folder = record(workspace, name="older", steps=[])
    rng = np.random.default_rng(3)
    latents = {m: rng.normal(size=(PROBE, 4)).astype("f4") for m in ("image", "text")}
    folder.write_snapshot(0, latents)
    recorded = {"spearman": 0.77, "spearman_image": 0.5, "neighbour_overlap": 0.4, "pair_error": 0.1}
    folder.append({"type": "snapshot", "step": 0, "metrics": recorded})
    got = evolution(workspace, "older").honesty
    inputs = {m: folder.probe()[f"input_{m}"] for m in ("image", "text")}
    wanted = honesty(inputs, latents)
    for name in ("neighbour_overlap_image", "spearman_text", "gap", "recall_1_text"):
        assert got[name][0] == pytest.approx(wanted[name])
    assert got["spearman"][0] == 0.77


def test_two_dimensions_are_drawn_raw(workspace):
    got = evolution(workspace, "run2", Drawing("both"))
    for number, frame in enumerate(frames(workspace.run("run2"))):
        np.testing.assert_array_equal(got.places["text"][number], frame["text"])
    assert got.raw
    laid = evolution(workspace, "run2", Drawing("laid"))
    for number, frame in enumerate(frames(workspace.run("run2"))):
        wanted = frame["text"] - frame["text"].mean(axis=0)
        np.testing.assert_allclose(laid.places["text"][number], wanted, atol=1e-6)
    assert not laid.raw


def test_three_dimensions_are_drawn_raw_in_space_and_aligned_on_a_plane(workspace):
    got = evolution(workspace, "run3", Drawing("both", dimensions=3))
    for number, frame in enumerate(frames(workspace.run("run3"))):
        np.testing.assert_array_equal(got.places["image"][number], frame["image"])
    assert got.raw
    np.testing.assert_allclose(got.honesty["explained_variance"], 1.0)
    flat = evolution(workspace, "run3", Drawing("both"))
    assert flat.places["image"].shape == (len(STEPS), PROBE, 2)
    assert not flat.raw


def test_in_space_more_of_the_variance_is_drawn_than_on_the_plane(workspace):
    flat, space = (evolution(workspace, "run4", Drawing("both", dimensions=size)) for size in (2, 3))
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


def test_a_run_outlives_its_dataset(tmp_path):
    with Workspace.open(tmp_path / "workspace") as workspace:
        add(workspace, "pairs", pairs(COUNT))
        record(workspace)
        workspace.items.remove("pairs")
        got = evolution(workspace, "run")
        assert got.ids[0] == f"row {got.rows[0]}"
        assert got.total == PROBE


def test_norms_that_are_equal_up_to_rounding_have_one_colour() -> None:
    equal = np.array([1 - 6e-8, 1, 1 + 1.2e-7, np.nan], dtype=np.float32)
    low, high = norm_range(equal)
    assert low == pytest.approx(0.5) and high == pytest.approx(1.5)
    assert norm_range(np.array([1.0, 2.0])) == pytest.approx((1.01, 1.99))
    assert norm_range(np.zeros(3)) == (0.0, 0.0)
