"""Encoding with a tiny encoder whose vectors are computed by hand."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from qlatent.encoders.base import AbstractEncoder
from qlatent.errors import ConfigError, InputError, StoreError
from qlatent.services.datasets import datasets
from qlatent.services.vectors import encoding
from qlatent.services.vectors.batches import image_batches
from qlatent.store.items.items import ItemStore
from qlatent.store.workspace import Workspace
from qlatent.types import Cancelled, content_hash
from tests.ingest.builders import make_zip, png


class MeanColour(AbstractEncoder):
    """Images: mean red, green, blue and 1; texts: length, spaces, a constant and 1."""

    name = "mean"
    modalities = ("image", "text")
    dim = 4
    batch_size = 4

    def __init__(self, version: int = 1) -> None:
        self.version = version
        self.image_batches: list[int] = []
        self.text_batches: list[list[str]] = []
        self.prepare_threads: set[str] = set()

    def describe(self) -> dict[str, Any]:
        return {"version": self.version}

    def prepare_image(self, image: Image.Image) -> np.ndarray:
        assert image.mode == "RGB"
        self.prepare_threads.add(threading.current_thread().name)
        return np.asarray(image.resize((4, 4)), dtype=np.float32).transpose(2, 0, 1)

    def embed_images(self, prepared: np.ndarray) -> np.ndarray:
        self.image_batches.append(len(prepared))
        means = prepared.mean(axis=(2, 3))
        return np.concatenate([means, np.ones((len(means), 1))], axis=1).astype(np.float32)

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.text_batches.append(list(texts))
        return np.array([[len(text), text.count(" "), 7, 1] for text in texts], dtype=np.float32)


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


def bring(workspace: Workspace, folder: Path, *, rows: int = 10, images: int = 10) -> str:
    lines = [f"{n},{n % images}.png,{'word ' * (n % 7)}x{n % (rows - 2)}" for n in range(rows)]
    contents = {f"{n}.png": png(n) for n in range(images)}
    path = make_zip(folder / "p.zip", {"items.csv": "\n".join(["id,image,text", *lines]), **contents})
    return datasets.store(workspace, path, name="pairs").dataset


def test_every_distinct_content_gets_its_vector_once(workspace: Workspace, tmp_path: Path) -> None:
    dataset = bring(workspace, tmp_path, rows=12, images=6)
    encoder = MeanColour()
    report = encoding.encode(workspace, dataset, encoder=encoder)
    table = workspace.items.table(dataset)
    texts = table["text"].to_pylist()
    distinct = len(set(texts))
    assert (report.encoder_key, report.encoded, report.cached, report.failed) == (
        encoder.key,
        6 + distinct,
        0,
        (),
    )
    assert sorted(encoder.image_batches) == [2, 4]
    assert sum(map(len, encoder.text_batches)) == distinct
    vectors = workspace.items.embeddings(encoder.key, "text", table["text_hash"].to_pylist())
    assert vectors.tolist() == [[len(text), text.count(" "), 7, 1] for text in texts]
    with Image.open(io.BytesIO(png(3))) as image:
        wanted = np.asarray(image.resize((4, 4)), dtype=np.float32).mean(axis=(0, 1))
    found = workspace.items.embeddings(encoder.key, "image", [content_hash(png(3))])
    assert np.allclose(found[0], [*wanted, 1])


def test_a_second_time_nothing_is_computed(workspace: Workspace, tmp_path: Path) -> None:
    dataset = bring(workspace, tmp_path)
    first = encoding.encode(workspace, dataset, encoder=MeanColour())
    again = MeanColour()
    report = encoding.encode(workspace, dataset, encoder=again)
    assert (report.encoded, report.cached) == (0, first.encoded)
    assert (again.image_batches, again.text_batches) == ([], [])
    other = encoding.encode(workspace, dataset, encoder=MeanColour(version=2))
    assert (other.encoded, other.cached) == (first.encoded, 0)
    keys = {each["key"] for each in workspace.items.encoders(dataset)}
    assert keys == {first.encoder_key, other.encoder_key}


def test_new_rows_are_encoded_alone(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.txt").write_text("one\ntwo\nthree\n")
    datasets.store(workspace, tmp_path / "a.txt", name="words")
    encoding.encode(workspace, "words", encoder=MeanColour())
    datasets.store(workspace, tmp_path / "b.txt", into="words")
    encoder = MeanColour()
    report = encoding.encode(workspace, "words", encoder=encoder)
    assert (report.encoded, report.cached, encoder.text_batches) == (1, 2, [["three"]])
    assert workspace.items.encoders("words") == [
        {"key": encoder.key, "modality": "text", "dim": 4, "encoded": 3, "total": 3}
    ]


def test_texts_of_similar_length_share_a_batch(workspace: Workspace, tmp_path: Path) -> None:
    lengths = [50, 1, 40, 2, 30, 3, 20, 4]
    (tmp_path / "a.txt").write_text("\n".join("x" * length for length in lengths))
    encoder = MeanColour()
    encoding.encode(workspace, datasets.store(workspace, tmp_path / "a.txt").dataset, encoder=encoder)
    assert [[len(text) for text in batch] for batch in encoder.text_batches] == [
        [1, 2, 3, 4],
        [20, 30, 40, 50],
    ]


def test_images_are_prepared_beside_the_main_thread(workspace: Workspace, tmp_path: Path) -> None:
    encoder = MeanColour()
    encoding.encode(workspace, bring(workspace, tmp_path), encoder=encoder, modalities=["image"])
    assert threading.main_thread().name not in encoder.prepare_threads
    assert encoder.text_batches == []


def test_progress_counts_up_to_the_missing_ones(workspace: Workspace, tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    dataset = bring(workspace, tmp_path)
    report = encoding.encode(
        workspace, dataset, encoder=MeanColour(), progress=lambda done, total: calls.append((done, total))
    )
    assert calls[0] == (0, report.encoded)
    assert calls[-1] == (report.encoded, report.encoded)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_stopping_keeps_what_was_computed(workspace: Workspace, tmp_path: Path) -> None:
    dataset = bring(workspace, tmp_path)
    asked = iter([False, True])
    report = encoding.encode(workspace, dataset, encoder=MeanColour(), should_stop=lambda: next(asked))
    assert (report.stopped, report.encoded) == (True, 8)
    assert encoding.encode(workspace, dataset, encoder=MeanColour()).cached == 8


def test_cancelling_keeps_what_was_computed(workspace: Workspace, tmp_path: Path) -> None:
    dataset = bring(workspace, tmp_path)

    def cancel(done: int, total: int | None) -> None:
        if done >= 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        encoding.encode(workspace, dataset, encoder=MeanColour(), progress=cancel)
    assert encoding.encode(workspace, dataset, encoder=MeanColour()).cached == 4


def test_a_vector_that_is_not_finite_names_its_item(workspace: Workspace, tmp_path: Path) -> None:
    class Broken(MeanColour):
        def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
            vectors = super().embed_texts(texts)
            vectors[[text == "bad one" for text in texts]] = np.nan
            return vectors

    (tmp_path / "t.csv").write_text("id,text\na,fine\nb,bad one\nc,bad one\n")
    dataset = datasets.store(workspace, tmp_path / "t.csv").dataset
    with pytest.raises(InputError, match="encoder 'mean' gives NaN or infinity for the text of item 'b'"):
        encoding.encode(workspace, dataset, encoder=Broken())


def test_images_that_cannot_be_decoded_are_listed(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = bring(workspace, tmp_path)
    broken = content_hash(png(2))
    whole = type(workspace.items).images

    def damaged(store: ItemStore, hashes: Iterable[str]) -> dict[str, bytes]:
        return whole(store, hashes) | ({broken: b"junk"} if broken in hashes else {})

    monkeypatch.setattr(type(workspace.items), "images", damaged)
    report = encoding.encode(workspace, dataset, encoder=MeanColour(), modalities=["image"])
    assert report.encoded == 9
    ((name, reason),) = report.failed
    assert name == "2"
    assert reason.startswith("its image cannot be decoded (cannot identify image file")


def test_invalid_requests(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("one\n")
    dataset = datasets.store(workspace, tmp_path / "t.txt").dataset
    with pytest.raises(InputError, match="'t' has no images to encode"):
        encoding.encode(workspace, dataset, encoder=MeanColour(), modalities=["image"])
    with pytest.raises(ConfigError, match="encodes image and text, not vector"):
        encoding.encode(workspace, dataset, encoder=MeanColour(), modalities=["vector"])
    with pytest.raises(ConfigError, match="There is no encoder called 'bultin'"):
        encoding.encode(workspace, dataset, encoder="bultin")
    with pytest.raises(StoreError, match="There is no dataset 'nothing'"):
        encoding.encode(workspace, "nothing", encoder=MeanColour())


@pytest.mark.slow
def test_killed_at_any_moment_a_second_call_goes_on(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("\n".join(f"text {n}" for n in range(60)))
    dataset = datasets.store(workspace, tmp_path / "t.txt").dataset
    script = textwrap.dedent(
        """
        import os, signal, sys
        from qlatent.services.vectors import encoding
        from qlatent.store.workspace import Workspace
        from tests.services.vectors.test_encoding import MeanColour

        encoding.COMMIT_ROWS = 8
        def die(done, total):
            if done >= 30:
                os.kill(os.getpid(), signal.SIGKILL)
        encoding.encode(Workspace.open(sys.argv[1]), sys.argv[2], encoder=MeanColour(), progress=die)
        """
    )
    root = Path(__file__).resolve().parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", script, str(workspace.path), dataset],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
        timeout=120,
    )
    assert ended.returncode == -signal.SIGKILL
    report = encoding.encode(workspace, dataset, encoder=MeanColour())
    assert report.cached >= 24
    assert report.cached + report.encoded == 60
    hashes = workspace.items.table(dataset, columns=["text_hash"])["text_hash"].to_pylist()
    assert np.isfinite(workspace.items.embeddings(report.encoder_key, "text", hashes)).all()


def test_batches_come_in_order_and_threads_are_as_before(workspace: Workspace, tmp_path: Path) -> None:
    dataset = bring(workspace, tmp_path, rows=40, images=38)
    encoder = MeanColour()
    hashes = list(dict.fromkeys(workspace.items.table(dataset)["image_hash"].to_pylist()))
    before = torch.get_num_threads()
    batches = list(image_batches(workspace.items, encoder, hashes))
    assert [each for batch in batches for each in batch.hashes] == hashes
    assert [len(batch.vectors) for batch in batches] == [4] * 9 + [2]
    assert torch.get_num_threads() == before


class Asked(MeanColour):
    """Records the sizes of its input images, and accepts JPEGs at a reduced scale."""

    decoded_side = 30

    def __init__(self) -> None:
        super().__init__()
        self.sizes: set[tuple[int, int]] = set()

    def prepare_image(self, image: Image.Image) -> np.ndarray:
        self.sizes.add(image.size)
        return super().prepare_image(image)


def test_a_jpeg_is_decoded_no_smaller_than_the_encoder_asks(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, size in (("large", (250, 130)), ("small", (40, 50))):
        Image.new("RGB", size, "teal").save(folder / f"{name}.jpg")
    Image.new("RGB", (200, 100), "teal").save(folder / "whole.png")
    dataset = datasets.store(workspace, folder, name="pictures").dataset
    encoder = Asked()
    encoding.encode(workspace, dataset, encoder=encoder)
    assert encoder.sizes == {(63, 33), (40, 50), (200, 100)}
