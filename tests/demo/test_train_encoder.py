"""Training of the built-in encoder in miniature: its parts do what they say, and a short run learns."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from qlatent.demo import train_encoder
from qlatent.demo.scene import Scene, random_scene
from qlatent.demo.words import NOUNS
from qlatent.encoders.builtin import END, PAD, START, build_model, open_tokenizer, token_ids


@pytest.fixture(scope="module")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    texts = train_encoder.written([random_scene(rng) for _ in range(300)], rng)
    path = tmp_path_factory.mktemp("tokens") / "tokenizer.json"
    train_encoder.train_tokenizer(texts, 600).save(str(path))
    return path


def test_tokens_start_end_and_pad_to_the_context_length(tokenizer_file: Path) -> None:
    short, empty, long = token_ids(open_tokenizer(tokenizer_file, 12), ["red mug", "", "red mug " * 50])
    assert short[0] == empty[0] == long[0] == START
    assert empty.tolist() == [START, END] + [PAD] * 10
    assert long[-1] == END
    assert len(short) == len(long) == 12
    assert short.tolist().count(END) == 1


def test_any_string_survives_the_tokenizer(tokenizer_file: Path) -> None:
    tokenizer = open_tokenizer(tokenizer_file, 200)
    text = "ünïcödé 赤い 🫖 <end>"
    ids = [i for i in token_ids(tokenizer, [text])[0].tolist() if i not in (START, END, PAD)]
    assert tokenizer.decode(ids).strip() == text


def test_loss_of_vectors_that_are_all_alike_is_the_logarithm_of_the_batch() -> None:
    class Alike:
        def get_logits(self, images: torch.Tensor, texts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return torch.ones(8, 8), torch.ones(8, 8)

    loss = train_encoder.contrastive_loss(Alike(), torch.zeros(8), torch.zeros(8))  # type: ignore[arg-type]
    assert loss.item() == pytest.approx(math.log(8), rel=1e-6)


def test_augmented_grey_stays_grey_within_the_gain() -> None:
    grey = np.full((5, 16, 16, 3), 128, dtype=np.uint8)
    x = train_encoder.augmented(grey, np.random.default_rng(0))
    mean, std = (torch.tensor(train_encoder.PREPROCESS_CFG[k])[:, None, None] for k in ("mean", "std"))
    pixels = x * std + mean
    assert x.shape == (5, 3, 16, 16)
    assert pixels.amax(dim=(1, 2, 3)).numpy() == pytest.approx(pixels.amin(dim=(1, 2, 3)).numpy(), abs=1e-5)
    assert ((pixels >= 128 / 255 * 0.87) & (pixels <= 128 / 255 * 1.13)).all()


def test_texts_are_whole_titles_or_names_in_their_shares() -> None:
    rng = np.random.default_rng(3)
    scenes = [random_scene(rng) for _ in range(1500)]
    texts = train_encoder.written(scenes, rng, train_encoder.Lengths(titles=0.3, names=0.5))
    whole = np.mean([text.endswith((".", "?")) and ". " in text for text in texts])
    names = [
        any(text in (noun, f"2 {noun}", f"two {noun}", f"3 {noun}", f"three {noun}") for noun in nouns(scene))
        for scene, text in zip(scenes, texts, strict=True)
    ]
    assert whole == pytest.approx(0.2, abs=0.04)
    assert np.mean(names) == pytest.approx(0.5, abs=0.04)


def nouns(scene: Scene) -> tuple[str, ...]:
    return NOUNS[scene.kind].singular if scene.count == 1 else NOUNS[scene.kind].plural


def test_training_goes_on_from_saved_weights(tmp_path: Path, tokenizer_file: Path) -> None:
    torch.manual_seed(0)
    first = tmp_path / "first"
    first.mkdir()
    model = build_model(train_encoder.MODEL_CFG)
    train_encoder.save(model, first)
    (first / "tokenizer.json").write_bytes(tokenizer_file.read_bytes())
    again = train_encoder.continued_model(first, out=tmp_path)
    for before, after in zip(model.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(after, before.half().float())
    assert (tmp_path / "tokenizer.json").read_bytes() == tokenizer_file.read_bytes()


def test_rate_warms_up_and_falls_to_nearly_nothing() -> None:
    rates = [train_encoder._warm_cosine(step, 1000) for step in range(1000)]
    assert rates[0] < 0.02
    assert max(rates) > 0.9
    assert np.argmax(rates) < 150
    assert rates[-1] < 0.005


def test_short_run_learns_saves_and_is_measured(
    tmp_path: Path, tokenizer_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)
    scenes = [random_scene(rng) for _ in range(24)]
    images = np.stack([np.full((64, 64, 3), i * 10, np.uint8) for i in range(24)])
    monkeypatch.setitem(
        train_encoder.MODEL_CFG, "text_cfg", {**train_encoder.MODEL_CFG["text_cfg"], "vocab_size": 600}
    )
    (tmp_path / "tokenizer.json").write_bytes(tokenizer_file.read_bytes())
    torch.manual_seed(0)
    model = build_model(train_encoder.MODEL_CFG)
    before = [p.detach().clone() for p in model.parameters()]
    plan = train_encoder.Plan(batch=12, steps=3, rate=1e-3)
    assert train_encoder.fit(model, images, scenes, plan=plan, out=tmp_path) > 0
    assert all(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True) if b.ndim > 1)
    train_encoder.save(model, tmp_path)
    report = train_encoder.evaluate(tmp_path, pairs=6, seed=1)
    assert report["pairs"] == 6
    assert 0 <= report["text_to_image"]["R@1"]["value"] <= report["text_to_image"]["R@5"]["value"] <= 1
