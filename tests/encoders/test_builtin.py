"""The built-in encoder works offline, is deterministic, and retrieves partners of drawn listings."""

import json
import shutil
import socket
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from qlatent.demo.listings import drawn_pair, listings
from qlatent.demo.neighbours import neighbour_accuracy
from qlatent.demo.retrieval import score_pairs
from qlatent.encoders.builtin import FOLDER, BuiltinEncoder, fitted
from qlatent.encoders.configs import BuiltinConfig

LEAST_RECALL = 0.8
LEAST_NAMED = 0.8  # kinds that neighbours name
FRESH_SEED = 90_210  # neither the seed of training nor the one in the model card


@pytest.fixture(scope="module")
def encoder() -> BuiltinEncoder:
    return BuiltinEncoder(BuiltinConfig())


@pytest.fixture(scope="module")
def fresh() -> tuple[list[Image.Image], list[str]]:
    rng = np.random.default_rng(FRESH_SEED)
    images, texts = zip(*(drawn_pair(rng) for _ in range(200)), strict=True)
    return list(images), list(texts)


@pytest.fixture(scope="module")
def image_vectors(encoder: BuiltinEncoder, fresh: tuple[list[Image.Image], list[str]]) -> np.ndarray:
    return encoder.embed_images(np.stack([encoder.prepare_image(image) for image in fresh[0]]))


@pytest.fixture(scope="module")
def text_vectors(encoder: BuiltinEncoder, fresh: tuple[list[Image.Image], list[str]]) -> np.ndarray:
    return encoder.embed_texts(fresh[1])


def test_finds_the_partner_among_200_fresh_pairs(image_vectors: np.ndarray, text_vectors: np.ndarray) -> None:
    scores = score_pairs(image_vectors, text_vectors, rng=np.random.default_rng(0))
    assert scores["text_to_image"]["R@1"]["value"] >= LEAST_RECALL
    assert scores["image_to_text"]["R@1"]["value"] >= LEAST_RECALL


def test_neighbours_of_fresh_listings_are_of_the_same_kind(encoder: BuiltinEncoder) -> None:
    items = [item for item in listings(300, seed=FRESH_SEED) if item.truth == "honest"]
    kinds = [item.kind for item in items]
    images = encoder.embed_images(np.stack([encoder.prepare_image(item.image) for item in items]))
    for vectors in (images, encoder.embed_texts([item.text for item in items])):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        assert neighbour_accuracy(unit, kinds, k=3) >= LEAST_NAMED  # 300 listings have few of a rare kind


def test_vectors_do_not_depend_on_the_batch(
    encoder: BuiltinEncoder,
    fresh: tuple[list[Image.Image], list[str]],
    image_vectors: np.ndarray,
    text_vectors: np.ndarray,
) -> None:
    images, texts = fresh
    one = encoder.embed_images(encoder.prepare_image(images[3])[None])
    np.testing.assert_allclose(one[0], image_vectors[3], atol=1e-5)
    np.testing.assert_allclose(encoder.embed_texts(texts[7:9])[1], text_vectors[8], atol=1e-5)


def test_is_the_open_clip_model_of_the_folder(encoder: BuiltinEncoder, image_vectors: np.ndarray) -> None:
    settings = json.loads((FOLDER / "config.json").read_text())
    model = open_clip.CLIP(**settings["model_cfg"])
    model.load_state_dict({name: t.float() for name, t in load_file(FOLDER / "model.safetensors").items()})
    rng = np.random.default_rng(FRESH_SEED)
    pixels = np.asarray(fitted(drawn_pair(rng)[0], settings["model_cfg"]["vision_cfg"]["image_size"])) / 255.0
    x = (pixels - settings["preprocess_cfg"]["mean"]) / settings["preprocess_cfg"]["std"]
    with torch.no_grad():
        expected = model.eval().encode_image(torch.tensor(x).permute(2, 0, 1)[None].float())[0]
    np.testing.assert_allclose(image_vectors[0], expected.numpy(), atol=1e-5)
    assert encoder.dim == image_vectors.shape[1] == 512


def test_no_network_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the built-in encoder opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert np.isfinite(BuiltinEncoder(BuiltinConfig()).embed_texts(["red mug"])).all()


def test_nothing_in_gives_no_rows(encoder: BuiltinEncoder) -> None:
    assert encoder.embed_texts([]).shape == (0, 512)
    assert encoder.embed_images(np.zeros((0, 3, 64, 64), dtype=np.float32)).shape == (0, 512)


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "ünïcödé 赤いマグ 🫖", "\x00\ud800", "red mug " * 5000, "<end> <pad> <start>"]
)
def test_odd_texts_are_read(encoder: BuiltinEncoder, text: str) -> None:
    vector = encoder.embed_texts([text])
    assert vector.shape == (1, 512)
    assert np.isfinite(vector).all()


def test_marks_written_in_a_text_do_not_end_it(encoder: BuiltinEncoder) -> None:
    a, b = encoder.embed_texts(["<end> red mug", "<end> green kite"])
    assert np.abs(a - b).max() > 0.01


def test_case_does_not_matter_but_words_do(encoder: BuiltinEncoder) -> None:
    a, b, c = encoder.embed_texts(["Red Mug", "red mug", "blue mug"])
    np.testing.assert_allclose(a, b, atol=1e-6)
    assert np.abs(a - c).max() > 0.01


def test_text_beyond_the_context_is_not_read(encoder: BuiltinEncoder) -> None:
    start = "red mug on the table " * 20
    a, b = encoder.embed_texts([start, start + "blue kite"])
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16", "F"])
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (160, 160)])
def test_images_of_any_mode_and_size_are_prepared(
    encoder: BuiltinEncoder, mode: str, size: tuple[int, int]
) -> None:
    side = encoder.image_size
    prepared = encoder.prepare_image(Image.new(mode, size))
    assert prepared.shape == (3, side, side)
    assert prepared.dtype == np.uint8
    assert np.isfinite(encoder.embed_images(prepared[None])).all()


def test_weights_are_small_and_their_change_changes_the_key(encoder: BuiltinEncoder, tmp_path: Path) -> None:
    assert (FOLDER / "model.safetensors").stat().st_size <= 8 * 2**20
    copy = tmp_path / "copy"
    shutil.copytree(FOLDER, copy)
    assert BuiltinEncoder(BuiltinConfig(), folder=copy).key == encoder.key
    text = (copy / "tokenizer.json").read_text()
    (copy / "tokenizer.json").write_text(text + "\n")
    assert BuiltinEncoder(BuiltinConfig(), folder=copy).key != encoder.key
