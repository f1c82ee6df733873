"""The CLIP encoder equals open_clip, and reads safetensors only."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from PIL import Image
from safetensors.torch import save_file

from qlatent.encoders.clip import ClipEncoder
from qlatent.encoders.configs import ClipConfig
from qlatent.errors import ConfigError, InputError, UnavailableError
from qlatent.services.vectors import augmented
from qlatent.training.images.augmentation import as_bytes, view
from qlatent.training.images.batches import as_batch
from qlatent.training.images.configs import AugmentationConfig

MODEL_CFG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 20, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
PREPROCESS_CFG = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4]}
TEXTS = ["a red mug", "", "blue kites on the beach " * 20]
rng = np.random.default_rng(0)
IMAGES = [Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)) for _ in range(3)]


@pytest.fixture(scope="module")
def architecture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tiny architecture, registered with open_clip for this module."""
    folder = tmp_path_factory.mktemp("configs")
    (folder / "qlatent-tiny.json").write_text(json.dumps(MODEL_CFG))
    open_clip.add_model_config(folder)
    yield "qlatent-tiny"
    open_clip.factory._MODEL_CONFIG_PATHS.remove(folder)
    open_clip.factory._MODEL_CONFIGS.pop("qlatent-tiny")


@pytest.fixture(scope="module")
def model(architecture: str) -> torch.nn.Module:
    torch.manual_seed(3)
    logging.disable(logging.WARNING)  # open_clip warns that the weights are random, as intended
    random = open_clip.create_model(architecture).eval()
    logging.disable(logging.NOTSET)
    return random


@pytest.fixture(scope="module")
def checkpoint(model: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file({name: t.clone() for name, t in model.state_dict().items()}, path)
    return path


@pytest.fixture(scope="module")
def local_folder(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("local")
    config = {"model_cfg": MODEL_CFG, "preprocess_cfg": PREPROCESS_CFG}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    (folder / "open_clip_model.safetensors").write_bytes(checkpoint.read_bytes())
    return folder


@pytest.fixture(scope="module")
def encoder(architecture: str, checkpoint: Path) -> ClipEncoder:
    return ClipEncoder(ClipConfig(architecture=architecture, checkpoint=str(checkpoint), device="cpu"))


def reference(model: torch.nn.Module, preprocess_cfg: dict[str, object]) -> tuple[np.ndarray, np.ndarray]:
    """Direct calls of open_clip, one item at a time."""
    settings = open_clip.transform.PreprocessCfg(size=32, **preprocess_cfg)  # type: ignore[arg-type]
    preprocess = open_clip.transform.image_transform_v2(settings, is_train=False)
    tokenizer = open_clip.SimpleTokenizer(context_length=20)
    with torch.no_grad():
        images = [model.encode_image(preprocess(image)[None])[0].numpy() for image in IMAGES]
        texts = [model.encode_text(tokenizer([text]))[0].numpy() for text in TEXTS]
    return np.stack(images), np.stack(texts)


def prepared(encoder: ClipEncoder) -> np.ndarray:
    return np.stack([encoder.prepare_image(image) for image in IMAGES])


def test_checkpoint_gives_the_vectors_of_open_clip(encoder: ClipEncoder, model: torch.nn.Module) -> None:
    images, texts = reference(model, {})
    np.testing.assert_allclose(encoder.embed_images(prepared(encoder)), images, atol=1e-5)
    np.testing.assert_allclose(encoder.embed_texts(TEXTS), texts, atol=1e-5)
    assert encoder.dim == 24


def test_local_folder_brings_its_own_weights_and_preprocessing(
    local_folder: Path, model: torch.nn.Module
) -> None:
    encoder = ClipEncoder(ClipConfig(architecture=f"local-dir:{local_folder}", device="cpu"))
    images, texts = reference(model, PREPROCESS_CFG)
    np.testing.assert_allclose(encoder.embed_images(prepared(encoder)), images, atol=1e-5)
    np.testing.assert_allclose(encoder.embed_texts(TEXTS), texts, atol=1e-5)


def test_checkpoint_replaces_the_weights_of_a_local_folder(
    local_folder: Path, checkpoint: Path, tmp_path: Path, model: torch.nn.Module
) -> None:
    changed = {name: t.clone() * 0.5 for name, t in model.state_dict().items()}
    save_file(changed, tmp_path / "half.safetensors")
    names = f"local-dir:{local_folder}"
    own = ClipEncoder(ClipConfig(architecture=names, device="cpu"))
    other = ClipEncoder(
        ClipConfig(architecture=names, checkpoint=str(tmp_path / "half.safetensors"), device="cpu")
    )
    assert np.abs(own.embed_texts(TEXTS) - other.embed_texts(TEXTS)).max() > 0.01
    assert own.key != other.key


def test_nothing_in_gives_no_rows(encoder: ClipEncoder) -> None:
    assert encoder.embed_texts([]).shape == (0, 24)
    assert encoder.embed_images(np.zeros((0, 3, 32, 32), dtype=np.float32)).shape == (0, 24)


def test_description_names_weights_and_image_size_but_no_path(encoder: ClipEncoder, checkpoint: Path) -> None:
    facts = encoder.describe()
    assert facts["architecture"] == "qlatent-tiny"
    assert len(facts["weights"]) == 64
    assert facts["preprocess"]["size"] in (32, (32, 32))
    assert str(checkpoint.parent) not in json.dumps(facts)


def test_transparent_and_grey_images_are_read(encoder: ClipEncoder) -> None:
    clear = encoder.prepare_image(Image.new("RGBA", (9, 300), (0, 0, 0, 0)))
    white = encoder.prepare_image(Image.new("L", (40, 40), 255))
    assert clear.shape == (3, 32, 32)
    np.testing.assert_allclose(clear, white, atol=1e-6)


def test_unknown_architecture_lists_near_names() -> None:
    with pytest.raises(ConfigError, match="no architecture 'vit-b32'") as caught:
        ClipEncoder(ClipConfig(architecture="vit-b32"))
    assert "ViT-B-32" in caught.value.remedy


def test_unknown_tag_lists_the_tags() -> None:
    with pytest.raises(ConfigError, match="ViT-B-32 has no weights called 'opneai'") as caught:
        ClipEncoder(ClipConfig(pretrained="opneai"))
    assert "openai" in caught.value.remedy


def test_weights_without_network_are_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> str:
        raise OSError("no network")

    monkeypatch.setattr("open_clip.factory.download_pretrained", fail)
    with pytest.raises(UnavailableError, match="'openai' of ViT-B-32 are not on this machine") as caught:
        ClipEncoder(ClipConfig(device="cpu"))
    assert "local .safetensors file" in caught.value.remedy


@pytest.mark.parametrize("name", ["model.pt", "model.bin", "weights"])
def test_other_formats_are_refused_before_they_are_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(InputError, match=rf"{name} is not a \.safetensors file"):
        ClipEncoder(ClipConfig(checkpoint=str(tmp_path / name)))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no weights file"):
        ClipEncoder(ClipConfig(checkpoint=str(tmp_path / "gone.safetensors")))


@pytest.mark.parametrize("content", [b"not safetensors at all", b""])
def test_broken_file_is_an_input_error(architecture: str, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="The weights do not fit qlatent-tiny"):
        ClipEncoder(ClipConfig(architecture=architecture, checkpoint=str(tmp_path / "broken.safetensors")))


def test_weights_of_another_model_are_an_input_error(architecture: str, tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="The weights do not fit qlatent-tiny") as caught:
        ClipEncoder(ClipConfig(architecture=architecture, checkpoint=str(tmp_path / "other.safetensors")))
    assert "architecture that the file was saved from" in caught.value.remedy


def test_folder_with_pickled_weights_only_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file open_clip_config\.json"):
        ClipEncoder(ClipConfig(architecture=f"local-dir:{tmp_path}"))
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": MODEL_CFG}))
    (tmp_path / "open_clip_pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(InputError, match=r"has no \.safetensors file"):
        ClipEncoder(ClipConfig(architecture=f"local-dir:{tmp_path}"))


def test_an_augmented_view_is_of_the_models_own_size_and_only_normalised_after_that(
    encoder: ClipEncoder,
) -> None:
    size = augmented.side(encoder)
    assert size == 32
    made = augmented.prepared(IMAGES[0], f"{'a' * 32}.3", encoder, size=size)
    pixels = (made.transpose(1, 2, 0) * OPENAI_DATASET_STD + OPENAI_DATASET_MEAN) * 255
    seed = np.random.SeedSequence((int("a" * 32, 16), 3)).generate_state(1, np.uint64)[0] >> 1
    seen = view(
        as_batch([IMAGES[0]], size=32),
        AugmentationConfig(size=32),
        generator=torch.Generator().manual_seed(int(seed)),
    )
    wanted = as_bytes(seen)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(pixels, wanted, atol=1e-3)
