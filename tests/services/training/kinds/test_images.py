"""Runs on images: refusals, stop and resume, views, probes and saved files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import qlatent
from qlatent.errors import ConfigError, InputError, StoreError
from qlatent.services.heads import kept_heads
from qlatent.services.runs import launchers, listing, queue
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.training import execution, image_probe, image_views
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training, training_spec
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from qlatent.worker import work
from tests.launchers import LauncherDouble
from tests.services.run_workspace import add

pytestmark = pytest.mark.usefixtures("narrow_backbone")

SETTINGS = {"steps": 4, "batch_size": 8, "size": 16, "qubits": 3, "probe_steps": (2, 4), "snapshots": 3,
            "probe_size": 20}  # fmt: skip
MODES = ("RGB", "L", "RGBA", "P", "1")


def picture(number: int, *, size: int = 20, mode: str = "RGB") -> bytes:
    rng = np.random.default_rng(number)
    drawn = Image.fromarray(rng.integers(0, 255, (size, size, 3), dtype=np.uint8)).convert(mode)
    buffer = io.BytesIO()
    drawn.save(buffer, format="PNG")
    return buffer.getvalue()


def items(count: int = 40, *, labelled: bool = True, **looks) -> list[Item]:
    return [
        Item(
            f"i{number:02}", image=picture(number, **({"mode": MODES[number % 5]} | looks)),
            label=f"class {number % 3}" if labelled else None, split="test" if number % 4 == 0 else "train",
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    opened = Workspace.open(tmp_path / "workspace")
    add(opened, "pictures", items(), modalities=("image",))
    return opened


@pytest.fixture(autouse=True)
def started(no_workers) -> list:
    """No workers are started; runs are carried out in this process."""
    return no_workers.launched


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Workspace, str]:
    """A workspace with a finished run, for reading only."""
    opened = Workspace.open(tmp_path_factory.mktemp("finished") / "workspace")
    add(opened, "pictures", items(), modalities=("image",))
    with launchers.using(LauncherDouble()):
        return opened, carried_out(opened, request())


def request(**settings) -> TrainingRequest:
    return TrainingRequest(
        "pictures", head="qssl", objective="ntxent", settings=SETTINGS | settings, source="images"
    )


def carried_out(workspace: Workspace, wanted: TrainingRequest, *, stop_after: int | None = None) -> str:
    run_id = start_training(workspace, wanted)
    execute(workspace, run_id, stop_after=stop_after)
    return run_id


def execute(workspace: Workspace, run_id: str, *, stop_after: int | None = None) -> None:
    folder = workspace.run(run_id)

    def asked() -> bool:
        return stop_after is not None and len(listing.losses(workspace, run_id)["step"]) >= stop_after

    with Heartbeat(folder) as heartbeat:
        heartbeat.end(execution.execute(workspace, folder, heartbeat=heartbeat, should_stop=asked))


def total(workspace: Workspace, run_id: str) -> list[float]:
    return listing.losses(workspace, run_id)["total"].tolist()


def test_a_run_keeps_head_backbone_figures_and_views(finished) -> None:
    workspace, run_id = finished
    assert listing.summary(workspace, run_id).state == "finished"
    found = image_views.figures(workspace, run_id)
    assert found["step"].tolist() == [0, 1, 4]
    probes = image_views.probes(workspace, run_id)
    assert [each["step"] for each in probes] == [2, 4]
    assert all(each["low"] <= each["accuracy"] <= each["high"] and each["n"] == 10 for each in probes)
    assert probes[0]["classes"] == ["class 0", "class 1", "class 2"]
    folder = workspace.run(run_id)
    assert folder.latest_checkpoint() is None  # 134 MB each, and nothing to resume
    assert (folder.model_path / "backbone.safetensors").is_file()
    kept = kept_heads.find(workspace, run_id)
    assert (kept.head, kept.encoder) == ("qssl", f"the backbone of run {run_id}")
    with pytest.raises(
        InputError, match=f"trained on vectors of the backbone of run {run_id}; these are of clip"
    ):
        kept_heads.check_space(kept, "clip")
    assert qlatent.load(workspace.heads_path / kept.id).get_params()["qubits"] == 3


def test_figures_of_the_views_are_those_of_their_density_matrices(finished) -> None:
    workspace, run_id = finished
    kept = workspace.run(run_id).views("step-00000004")
    count = len(kept["states_0"])
    assert count == 20  # all that are drawn
    states = np.stack([kept["states_0"], kept["states_1"]], axis=1).astype(np.complex128)  # (24, 2, 8)
    np.testing.assert_allclose(np.linalg.norm(states, axis=2), 1, atol=1e-5)
    projectors = np.einsum("nva,nvb->nvab", states, states.conj())
    own = projectors.mean(axis=1)
    rest = (projectors.sum(axis=(0, 1))[None] - projectors.sum(axis=1)) / (2 * count - 2)
    expected = np.mean([np.trace((a - b) @ (a - b)).real for a, b in zip(own, rest, strict=True)])
    assert image_views.figures(workspace, run_id)["hilbert_schmidt_distance"][-1] == pytest.approx(
        expected, abs=1e-5
    )


def test_a_pair_of_views_has_pictures_latents_states_and_overlap(finished) -> None:
    workspace, run_id = finished
    named = image_views.watched(workspace, run_id)
    assert len(named) == 20
    pair = image_views.pair(workspace, run_id, place=3, frame=2)
    assert (pair.id, pair.label) == named[3]
    assert pair.pictures.shape == (2, 16, 16, 3)
    assert pair.latents.shape == (2, 3)
    assert pair.states is not None
    np.testing.assert_allclose(pair.states.sum(axis=1), 1, atol=1e-5)
    kept = workspace.run(run_id).views("step-00000004")
    expected = abs(np.vdot(kept["states_0"][3], kept["states_1"][3])) ** 2
    assert pair.overlap == pytest.approx(expected, abs=1e-5)
    with pytest.raises(InputError, match="20 pairs of views and 3 frames"):
        image_views.pair(workspace, run_id, place=20, frame=0)


def test_a_classical_head_has_no_states(workspace) -> None:
    run_id = carried_out(workspace, replace(request(steps=1, probe_steps=()), head="qssl_twin"))
    assert "hilbert_schmidt_distance" not in image_views.figures(workspace, run_id)
    assert image_views.pair(workspace, run_id, place=0, frame=0).states is None


def test_a_stopped_run_goes_on_with_the_losses_of_an_unbroken_one(workspace) -> None:
    whole = carried_out(workspace, request())
    broken = carried_out(workspace, request(), stop_after=3)
    assert listing.summary(workspace, broken).state == "stopped"
    assert len(total(workspace, broken)) == 3
    queue.resume(workspace, broken)
    execute(workspace, broken)
    assert listing.summary(workspace, broken).state == "finished"
    assert total(workspace, broken) == total(workspace, whole)
    assert (
        image_views.probes(workspace, broken)[-1]["confusion"]
        == image_views.probes(workspace, whole)[-1]["confusion"]
    )


def test_the_backbone_and_the_head_come_back_as_they_were(finished) -> None:
    workspace, run_id = finished
    network = image_probe.load_network(workspace.run(run_id))
    kept = workspace.run(run_id)
    pictures = torch.from_numpy(kept.views("pictures")["first"]).permute(0, 3, 1, 2).contiguous()
    from qlatent.training.images.augmentation import normalised

    again = network.represent(normalised(pictures.float() / 255)).numpy()
    np.testing.assert_allclose(
        again, kept.views("step-00000004")["latents_0"], atol=0.05
    )  # pictures are bytes


@pytest.mark.parametrize(
    ("changes", "settings", "error", "message"),
    [
        ({"objective": "acqua"}, {}, ConfigError, "'acqua' cannot be trained on images. Use ntxent"),
        ({"head": "acqua"}, {}, ConfigError, "'acqua' cannot be trained on images: it has no projection"),
        ({"head": "qsl"}, {}, ConfigError, "no head called 'qsl'"),
        ({}, {"input_dim": 8}, ConfigError, "Got input_dim=8; training on images sets it to 512"),
        ({}, {"batch": 8}, ConfigError, "unknown key 'batch' did you mean 'batch_size'"),
        ({}, {"batch_size": 1}, ConfigError, "batch_size=1"),
        ({}, {"qubits": 11}, ConfigError, "qubits=11"),
        ({}, {"shots": -1}, ConfigError, "shots=-1"),
        ({}, {"probe_steps": (2, 9)}, ConfigError, "the run has 4 steps"),
        ({}, {"batch_size": 64}, InputError, "30 training and 10 held-out images; a batch needs 64. Set"),
        ({}, {"size": 32}, InputError, "40 of 40 images have fewer than 32 pixels a side: i00, i01, i02, i03, i04, …."),
        ({"dataset": "texts"}, {}, InputError, "'texts' has no images"),
        ({"dataset": "bare"}, {}, InputError, "needs two classes among training and held-out images; 'bare' has 0"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_and_leaves_nothing_behind(
    workspace, started, changes, settings, error, message
):
    add(workspace, "texts", [Item(f"t{n}", text=f"words {n}") for n in range(12)], modalities=("text",))
    add(workspace, "bare", items(labelled=False), modalities=("image",))
    with pytest.raises(error) as caught:
        start_training(workspace, replace(request(**settings), **changes))
    assert message in str(caught.value)
    assert list(workspace.runs_path.iterdir()) == []
    assert started == []


def test_small_images_are_enlarged_when_asked(workspace) -> None:
    run_id = carried_out(workspace, request(size=32, small="upscale", steps=1, probe_steps=()))
    assert listing.summary(workspace, run_id).state == "finished"


def test_unlabelled_images_are_trained_on_without_a_probe(workspace) -> None:
    add(workspace, "bare", items(labelled=False), modalities=("image",))
    run_id = carried_out(workspace, replace(request(steps=1, probe_steps=()), dataset="bare"))
    assert image_views.probes(workspace, run_id) == []
    assert "total" in listing.metrics(workspace, run_id)


def test_pictures_that_cannot_be_read_are_left_out_and_counted(workspace, monkeypatch) -> None:
    run_id = start_training(workspace, request(steps=1, probe_steps=()))
    whole = workspace.items.images

    def damaged(hashes):
        return {
            name: b"no picture" if n == 5 else content
            for n, (name, content) in enumerate(whole(hashes).items())
        }

    monkeypatch.setattr(workspace.items, "images", damaged)
    execute(workspace, run_id)
    start = json.loads((workspace.run(run_id).path / "events.jsonl").read_text().splitlines()[0])
    assert start["left_out"] == {"cannot be read": 1}


def test_other_images_than_at_the_start_are_refused(workspace) -> None:
    run_id = start_training(workspace, request())
    folder = workspace.run(run_id)
    folder.spec["content"] = "0" * 32
    assert work(workspace, folder) == "failed"
    assert "have changed since the run was created" in folder.status().error


def test_equal_requests_are_the_same_training_and_others_are_not(workspace) -> None:
    one, same, other = (training_spec(workspace, request(**each)) for each in ({}, {}, {"seed": 3}))
    assert training_key(one) == training_key(same) != training_key(other)


def test_the_published_probe_is_a_run_of_its_own_beside_the_one_it_is_of(finished, monkeypatch) -> None:
    workspace, run_id = finished
    from qlatent.training.images.configs import ProbeConfig

    assert image_views.published_probe(workspace, run_id) is None
    short = ProbeConfig(epochs=3, batch_size=16)
    monkeypatch.setattr("qlatent.training.images.configs.ProbeConfig", lambda seed: short)
    probing = workspace.run(queue.start(workspace, image_probe.spec(workspace, run_id)))
    assert work(workspace, probing) == "finished"
    found = image_views.published_probe(workspace, run_id)
    assert found is not None
    assert (found["looks"], found["n"]) == (3, 10)
    assert 1 <= found["best_epoch"] <= 3
    again = workspace.run(queue.enqueue(workspace, image_probe.spec(workspace, run_id)))

    def asked(*answers: bool) -> Callable[[], bool]:
        left = iter(answers)
        return lambda: next(left, True)

    def take(should_stop: Callable[[], bool]) -> dict[str, Any] | None:
        seen.clear()
        return image_probe.execute(
            workspace, again, progress=lambda done, total: seen.append((done, total)), should_stop=should_stop
        )

    seen: list[tuple[int, int | None]] = []
    batches = 2  # 30 images, 16 a batch
    assert take(asked(*[False] * (batches + 1))) is None  # stopped within the second epoch
    assert seen[-1] == (batches + 1, 3 * batches)
    assert take(lambda: False) == found
    assert seen[0] == (batches, 3 * batches)


def test_only_finished_runs_on_images_have_a_published_probe(workspace) -> None:
    run_id = start_training(workspace, request())
    with pytest.raises(InputError, match=f"Run {run_id} is queued"):
        image_probe.spec(workspace, run_id)


def test_views_are_still_shown_when_their_dataset_has_been_removed(finished, monkeypatch) -> None:
    workspace, run_id = finished

    def removed(*args, **kwargs):
        raise StoreError("There is no dataset 'pictures'.")

    monkeypatch.setattr(workspace.items, "table", removed)
    rows = workspace.run(run_id).views("pictures")["rows"]
    assert image_views.watched(workspace, run_id)[0] == (f"row {rows[0]}", "")
    assert image_views.pair(workspace, run_id, place=0, frame=0).pictures.shape == (2, 16, 16, 3)
