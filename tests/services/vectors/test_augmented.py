"""Augmented views: equal to encoding the augmented pixels, stored separately, and used in training."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from qlatent.cli import lines
from qlatent.encoders.builtin import BuiltinEncoder
from qlatent.encoders.configs import BuiltinConfig
from qlatent.errors import ConfigError, InputError
from qlatent.services import bin
from qlatent.services.datasets import datasets
from qlatent.services.experiments import experiments
from qlatent.services.experiments import grid as grid_of
from qlatent.services.exports import export
from qlatent.services.runs import launchers, listing, queue, specs
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.vectors import augmented, encoding, stored
from qlatent.services.vectors.encoding_run import EncodingRequest, start_encoding
from qlatent.store.items.items import ItemStore
from qlatent.store.workspace import Workspace
from qlatent.training.images import augmentation, batches
from qlatent.training.images.configs import AugmentationConfig
from qlatent.types import Cancelled, content_hash
from qlatent.worker import work
from tests.ingest.builders import encoded, make_zip, picture
from tests.launchers import LauncherDouble
from tests.services.experiment_workspace import grid
from tests.services.vectors.test_encoding import MeanColour

COUNT = 12


def pictures(count: int = COUNT, *, first: int = 0) -> dict[str, bytes]:
    """Distinct images by file name."""
    return {f"{n}.png": encoded(picture(seed=n, size=(90, 70))) for n in range(first, first + count)}


def bring(workspace: Workspace, folder: Path, files: dict[str, bytes], *, name: str = "photos") -> str:
    table = "\n".join(["id,image,text", *(f"i{Path(each).stem},{each},a thing" for each in files)])
    path = make_zip(folder / f"{name}.zip", {"items.csv": table, **files})
    return datasets.store(workspace, path, name=name).dataset


def a_day_later(workspace: Workspace) -> None:
    """Removals can be undone for a day; then images are deleted."""
    bin.empty(workspace, now=time.time() + bin.DAY + 1)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


@pytest.fixture
def photos(workspace: Workspace, tmp_path: Path) -> str:
    return bring(workspace, tmp_path, pictures())


@pytest.fixture(scope="module")
def builtin() -> BuiltinEncoder:
    return BuiltinEncoder(BuiltinConfig())


def by_hand(content: bytes, number: int, coder: Any, size: int) -> np.ndarray:
    """The vector of a view: 90 × 70 pixels to a square, the published augmentation, bytes, the encoder."""
    with Image.open(io.BytesIO(content)) as opened:
        square = batches.as_batch([opened.convert("RGB")], size=size, small="upscale")
    seed = np.random.SeedSequence((int(content_hash(content), 16), number)).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(seed >> 1))
    seen = augmentation.view(square, AugmentationConfig(size=size), generator=generator)
    pixels = augmentation.as_bytes(seen)[0].permute(1, 2, 0).numpy()
    vector: np.ndarray = coder.embed_images(coder.prepare_image(Image.fromarray(pixels))[None])[0]
    return vector


# --- encoding ---------------------------------------------------------------------------------------------


def test_a_view_is_the_vector_of_the_augmented_pixels(
    workspace: Workspace, photos: str, builtin: BuiltinEncoder
) -> None:
    report = encoding.encode(workspace, photos, encoder=builtin, modalities=["image"], views=3)
    assert (report.encoded, report.cached, report.views) == (COUNT * 4, 0, 3)
    files = list(pictures().values())
    found = augmented.read(workspace, builtin.key, [content_hash(each) for each in files], 3)
    assert (found.shape, found.dtype) == ((COUNT, 3, 512), np.float32)
    for row in (0, 7):
        for number in (1, 2, 3):
            wanted = by_hand(files[row], number, builtin, builtin.image_size)
            np.testing.assert_allclose(found[row, number - 1], wanted, atol=2e-5)
    plain = workspace.items.embeddings(builtin.key, "image", [content_hash(each) for each in files])
    apart = np.abs(np.concatenate([found, plain[:, None]], axis=1)[:, :, None] - found[:, None]).max(axis=-1)
    assert (apart > 1e-3).sum() == COUNT * (4 * 3 - 3)  # each differs from all others, and only from them


def test_views_depend_on_content_and_number_alone(workspace: Workspace, tmp_path: Path) -> None:
    coder, files = MeanColour(), pictures()
    first = bring(workspace, tmp_path, files)
    encoding.encode(workspace, first, encoder=coder, views=4)
    hashes = [content_hash(each) for each in files.values()]
    wanted = augmented.read(workspace, coder.key, hashes, 4)
    with Workspace.open(tmp_path / "other") as other:
        turned = bring(other, tmp_path, dict(reversed(files.items())), name="turned")
        encoding.encode(other, turned, encoder=coder, views=2)
        again = encoding.encode(other, turned, encoder=coder, views=4)
        assert (again.encoded, again.cached) == (COUNT * 2, COUNT * 3 + 1)
        np.testing.assert_array_equal(augmented.read(other, coder.key, hashes, 4), wanted)
    absent = augmented.read(workspace, coder.key, [hashes[0], None, "0" * 32], 4)
    assert np.isnan(absent).all(axis=(1, 2)).tolist() == [False, True, True]


def test_what_is_there_is_not_computed_again_after_a_stop_or_a_cancel(
    workspace: Workspace, photos: str
) -> None:
    asked = iter([False] * 4 + [True])  # 3 batches of images, 1 of texts, then views
    stopped = encoding.encode(
        workspace, photos, encoder=MeanColour(), views=4, should_stop=lambda: next(asked)
    )
    assert (stopped.stopped, stopped.encoded) == (True, COUNT + 1 + 4)
    assert augmented.coverage(workspace, photos) == [
        augmented.Coverage(stopped.encoder_key, COUNT, every=0, most=4, whole=1)
    ]

    def cancel(done: int, total: int | None) -> None:
        assert total == COUNT * 4 - 4
        if done >= 8:
            raise Cancelled

    with pytest.raises(Cancelled):
        encoding.encode(workspace, photos, encoder=MeanColour(), views=4, progress=cancel)
    coder = MeanColour()
    rest = encoding.encode(workspace, photos, encoder=coder, views=4)
    assert (rest.cached, rest.encoded) == (COUNT + 1 + 12, COUNT * 4 - 12)
    assert sum(coder.image_batches) == rest.encoded
    assert augmented.coverage(workspace, photos)[0].text == f"4 of each of {COUNT} images"


def test_a_damaged_image_is_listed_once(
    workspace: Workspace, photos: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = content_hash(pictures()["2.png"]), type(workspace.items).images

    def damaged(store: ItemStore, hashes: Any) -> dict[str, bytes]:
        return whole(store, hashes) | ({broken: b"junk"} if broken in hashes else {})

    monkeypatch.setattr(type(workspace.items), "images", damaged)
    seen: list[int] = []
    report = encoding.encode(
        workspace, photos, encoder=MeanColour(), views=3, progress=lambda done, total: seen.append(done)
    )
    assert [each.id for each in report.failed] == ["i2"]
    assert (report.encoded, seen[-1]) == ((COUNT - 1) * 4 + 1, COUNT * 4 + 1)


def test_wishes_that_cannot_be_met_are_refused(workspace: Workspace, photos: str, tmp_path: Path) -> None:
    for views in (1, 33, -4):
        with pytest.raises(ConfigError, match=f"Got {views} augmented views? of an image; a pair needs 2"):
            encoding.encode(workspace, photos, encoder=MeanColour(), views=views)
    (tmp_path / "words.txt").write_text("one\ntwo\n")
    words = datasets.store(workspace, tmp_path / "words.txt", name="words").dataset
    with pytest.raises(InputError, match="There are no images to make views of"):
        encoding.encode(workspace, words, encoder=MeanColour(), views=2)
    with pytest.raises(InputError, match="There are no images to make views of"):
        start_encoding(workspace, EncodingRequest(words, "builtin", views=2))
    with pytest.raises(ConfigError, match="encoder 'text' does not encode images"):
        start_encoding(workspace, EncodingRequest(photos, "text", views=2))
    assert listing.list_runs(workspace) == []


def test_an_encoding_run_makes_the_views(
    workspace: Workspace, photos: str, no_workers: LauncherDouble
) -> None:
    run = start_encoding(workspace, EncodingRequest(photos, "builtin", views=2))
    assert listing.summary(workspace, run).name == "Built-in tiny CLIP, 2 augmented views on photos"
    assert work(workspace, workspace.run(run)) == "finished"
    ((coverage),) = augmented.coverage(workspace, photos)
    assert (coverage.every, coverage.key) == (2, stored.choose(workspace, photos))
    assert listing.metrics(workspace, run)["views"] == 2


# --- keeping ----------------------------------------------------------------------------------------------


def test_views_are_not_listed_as_vectors(workspace: Workspace, photos: str, tmp_path: Path) -> None:
    report = encoding.encode(workspace, photos, encoder=MeanColour(), views=4)
    view = datasets.dataset_view(workspace, photos)
    assert [(each["key"], each["modality"], each["total"]) for each in view.encoders] == [
        (report.encoder_key, "image", COUNT), (report.encoder_key, "text", 1),
    ]  # fmt: skip
    assert stored.choose(workspace, photos) == report.encoder_key
    assert stored.widths(workspace, photos, report.encoder_key) == {"image": 4, "text": 4}
    assert view.views[0].text == f"4 of each of {COUNT} images"
    assert lines.dataset_row(view)["augmented_views"] == f"{report.encoder_key} 4 of each of {COUNT} images"
    export.export(workspace, photos, out=tmp_path / "out.jsonl")
    assert "views" not in (tmp_path / "out.jsonl").read_text()


def test_views_go_with_the_images_that_no_dataset_has_any_more(workspace: Workspace, tmp_path: Path) -> None:
    coder = MeanColour()
    one = bring(workspace, tmp_path, pictures(6), name="one")
    two = bring(workspace, tmp_path, pictures(6, first=4), name="two")
    for dataset in (one, two):
        encoding.encode(workspace, dataset, encoder=coder, views=2)
    datasets.remove(workspace, one)
    a_day_later(workspace)
    assert augmented.coverage(workspace, two)[0].text == "2 of each of 6 images"
    gone = [content_hash(each) for each in pictures(4).values()]
    assert np.isnan(augmented.read(workspace, coder.key, gone, 2)).all()
    again = bring(workspace, tmp_path, pictures(6), name="again")
    assert augmented.coverage(workspace, again) == [
        augmented.Coverage(coder.key, 6, every=0, most=2, whole=2)
    ]
    datasets.remove(workspace, two)
    datasets.remove(workspace, again)
    a_day_later(workspace)
    assert len(workspace.items.missing(coder.key, augmented.MODALITY, augmented.names_of(gone, 2))) == 8


# --- training ---------------------------------------------------------------------------------------------

SETTINGS = {"views": "augmented", "qubits": 3, "layers": 1, "epochs": 30, "batch_size": 16, "snapshots": 3}


def request(dataset: str, **changes: Any) -> TrainingRequest:
    return TrainingRequest(dataset, head="qssl", objective="ntxent", settings=SETTINGS | changes)


def carry_out(workspace: Workspace, run: str) -> str:
    return work(workspace, workspace.run(run))


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, builtin: BuiltinEncoder
) -> Iterator[tuple[Workspace, str, str]]:
    """A workspace of 48 images with three views of each, and a finished run on them."""
    with (
        Workspace.open(tmp_path_factory.mktemp("augmented") / "workspace") as workspace,
        launchers.using(LauncherDouble()),
    ):
        dataset = bring(workspace, tmp_path_factory.mktemp("brought"), pictures(48))
        encoding.encode(workspace, dataset, encoder=builtin, views=3)
        run = start_training(workspace, request(dataset))
        assert carry_out(workspace, run) == "finished", listing.summary(workspace, run).message
        yield workspace, dataset, run


def test_a_run_on_augmented_views_learns_from_images_alone(trained: tuple[Workspace, str, str]) -> None:
    workspace, _, run = trained
    spec = specs.of(workspace.run(run))
    assert (spec.modalities, spec.configs.objective["view_count"]) == (("image",), 3)
    steps = np.asarray(listing.losses(workspace, run)["total"])
    held = np.asarray(listing.evaluations(workspace, run)["total"])
    assert steps[-9:].mean() < steps[:9].mean() - 0.2
    assert np.isfinite(held).all()  # nine drawn pictures are too few for it to fall, whatever the encoder


def test_a_run_killed_on_the_way_has_the_losses_of_an_unbroken_one(
    trained: tuple[Workspace, str, str],
) -> None:
    workspace, dataset, whole = trained
    again = start_training(workspace, request(dataset, checkpoint_every=7))
    folder = workspace.run(again)
    seen = 0
    original = type(folder).append

    def stopping(self: Any, event: dict[str, Any]) -> None:
        nonlocal seen
        original(self, event)
        seen += event["type"] == "step"
        if seen == 25:
            self.request_stop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(folder), "append", stopping)
        assert carry_out(workspace, again) == "stopped"
    queue.resume(workspace, again)
    assert carry_out(workspace, again) == "finished"
    wanted, got = (listing.losses(workspace, each) for each in (whole, again))
    assert got["step"].tolist() == wanted["step"].tolist()
    assert got["total"].tolist() == wanted["total"].tolist()
    assert (
        listing.evaluations(workspace, again)["total"].tolist()
        == listing.evaluations(workspace, whole)["total"].tolist()
    )


def test_fewer_views_than_there_are_make_another_run(trained: tuple[Workspace, str, str]) -> None:
    workspace, dataset, run = trained
    other = start_training(workspace, request(dataset, view_count=2))
    assert carry_out(workspace, other) == "finished"
    assert listing.losses(workspace, other)["total"][0] != listing.losses(workspace, run)["total"][0]


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        (
            {"modalities": ("text",)},
            ConfigError,
            "Augmented views need a head of images only; this head has text",
        ),
        (
            {"modalities": ("image", "text")},
            ConfigError,
            "this head has image and text.*Leave modalities out",
        ),
        ({"view_count": 1}, ConfigError, "Got 1 augmented view of an image; a pair needs 2"),
        (
            {"view_count": 4},
            InputError,
            r"48 of 48 items .* have fewer than 4 augmented views.*i0, i1, .*--views 4",
        ),
        ({"view_count": 33}, ConfigError, "view_count"),
    ],
)
def test_what_cannot_work_is_refused_before_the_run_starts(
    trained: tuple[Workspace, str, str], changes: dict[str, Any], kind: type[Exception], message: str
) -> None:
    workspace, dataset, _ = trained
    before = len(listing.list_runs(workspace))
    with pytest.raises(kind, match=f"(?s){message}"):
        start_training(workspace, request(dataset, **changes))
    assert len(listing.list_runs(workspace)) == before


def test_views_that_are_missing_are_named(workspace: Workspace, photos: str, tmp_path: Path) -> None:
    coder = MeanColour()
    encoding.encode(workspace, photos, encoder=coder)
    with pytest.raises(
        InputError,
        match=r"No augmented views of the images of 'photos' were encoded by mean-.*--encoder mean --views 4",
    ):
        start_training(workspace, request(photos))
    encoding.encode(workspace, photos, encoder=coder, views=2)
    datasets.store(
        workspace,
        make_zip(
            tmp_path / "more.zip", {"items.csv": "id,image\nn1,20.png\nn2,21.png", **pictures(2, first=20)}
        ),
        into=photos,
    )
    encoding.encode(workspace, photos, encoder=coder)
    with pytest.raises(
        InputError,
        match=rf"2 of {COUNT + 2} items of 'photos' have fewer than 2 augmented views by mean-\w+: n1, n2\.",
    ):
        start_training(workspace, request(photos))


def test_datasets_and_vectors_without_images_are_refused(
    workspace: Workspace, photos: str, tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("\n".join(f"text {n}" for n in range(20)))
    words = datasets.store(workspace, tmp_path / "words.txt", name="words").dataset
    encoding.encode(workspace, words, encoder=MeanColour())
    with pytest.raises(InputError, match="'words' has no images, so there are no augmented views"):
        start_training(workspace, request(words))
    encoding.encode(workspace, photos, encoder=MeanColour(), modalities=["text"])
    with pytest.raises(InputError, match=r"mean-.* made no image vectors of 'photos'"):
        start_training(workspace, request(photos))
    np.savez(tmp_path / "ready.npz", image=np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32))
    ready = datasets.store(workspace, tmp_path / "ready.npz", name="ready").dataset
    with pytest.raises(InputError, match="Imported vectors have no augmented views"):
        start_training(workspace, request(ready))


def test_a_grid_on_augmented_views_is_of_images_and_keeps_its_number_of_views(
    trained: tuple[Workspace, str, str], builtin: BuiltinEncoder
) -> None:
    workspace, dataset, _ = trained
    settings = {"views": "augmented", "epochs": 2, "batch_size": 16, "snapshots": 2}
    asked = replace(
        grid(heads=("qssl",), objectives=("ntxent",), dims=(2,), seeds=1, settings=settings), dataset=dataset
    )
    experiment = experiments.create(workspace, asked)
    cells = grid_of.cells(workspace, experiment)
    assert {cell.spec and cell.spec.modalities[0] for cell in cells} == {"image"}
    assert {len(cell.spec.modalities) for cell in cells if cell.spec} == {1}
    for run in experiments.start(workspace, experiment, workers=1):
        carry_out(workspace, run)
    experiments.measure(workspace, experiment)
    told = experiments.progress(workspace, experiment)
    assert (told.finished, told.measured, told.refused, told.failed) == (told.total, told.total, (), ())
    encoding.encode(workspace, dataset, encoder=builtin, views=4)
    assert experiments.progress(workspace, experiment).finished == told.total  # more views change nothing
    with pytest.raises(InputError, match="have fewer than 9 augmented views"):
        experiments.create(workspace, replace(asked, settings=settings | {"view_count": 9}))
