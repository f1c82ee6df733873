"""The text encoder is the masked mean of a transformer's hidden states, independent of padding."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, BertTokenizerFast

from qlatent.encoders.configs import TextConfig
from qlatent.encoders.text import TextEncoder, masked_mean
from qlatent.errors import InputError, UnavailableError

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "red",
    "mug",
    "on",
    "a",
    "table",
    "blue",
    "kite",
    "##s",
]
TEXTS = ["red mug", "blue kites on a table", "", "a mug on a red table on a blue table", "unknown words"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random BERT with a vocabulary of thirteen tokens, saved as safetensors."""
    path = tmp_path_factory.mktemp("models") / "tiny-bert"
    path.mkdir()
    (path / "vocab.txt").write_text("\n".join(WORDS))
    tokenizer = BertTokenizerFast(vocab=str(path / "vocab.txt"), model_max_length=32)
    tokenizer.save_pretrained(path)
    torch.manual_seed(0)
    settings = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=32, initializer_range=0.5,
    )  # fmt: skip
    BertModel(settings).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TextEncoder:
    return TextEncoder(TextConfig(model=str(folder), device="cpu"))


def reference(folder: Path, text: str) -> np.ndarray:
    """Reference without padding, one text at a time: tokens by hand, mean of the last layer."""
    pieces: list[str] = []
    for word in text.split():
        if word in WORDS:
            pieces.append(word)
        elif word[:-1] in WORDS:
            pieces += [word[:-1], "##s"]
        else:
            pieces.append("[UNK]")
    ids = torch.tensor([[WORDS.index(p) for p in ["[CLS]", *pieces, "[SEP]"]]])
    model = BertModel.from_pretrained(folder).eval()
    with torch.no_grad():
        return model(input_ids=ids).last_hidden_state[0].mean(dim=0).numpy()


def test_vectors_are_the_mean_over_real_tokens_for_any_padding(encoder: TextEncoder, folder: Path) -> None:
    expected = np.stack([reference(folder, text) for text in TEXTS])
    np.testing.assert_allclose(encoder.embed_texts(TEXTS), expected, atol=1e-5)
    np.testing.assert_allclose(np.vstack([encoder.embed_texts([t]) for t in TEXTS]), expected, atol=1e-5)
    assert encoder.dim == 16


def test_masked_mean_leaves_padding_out_and_survives_an_empty_row() -> None:
    hidden = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [99.0, 99.0]], [[5.0, 5.0], [7.0, 7.0], [9.0, 9.0]]])
    mask = torch.tensor([[1, 1, 0], [0, 0, 0]])
    assert masked_mean(hidden, mask).tolist() == [[2.0, 4.0], [0.0, 0.0]]


def test_no_texts_give_no_rows(encoder: TextEncoder) -> None:
    vectors = encoder.embed_texts([])
    assert vectors.shape == (0, 16)
    assert vectors.dtype == np.float32


def test_texts_are_cut_at_the_longest_length(folder: Path) -> None:
    short = TextEncoder(TextConfig(model=str(folder), max_length=4, device="cpu"))
    np.testing.assert_allclose(
        short.embed_texts(["red mug on a table"]), short.embed_texts(["red mug"]), atol=1e-6
    )
    longest = TextEncoder(TextConfig(model=str(folder), max_length=4000, device="cpu"))
    assert longest.describe()["max_length"] == 32
    assert np.isfinite(longest.embed_texts(["red " * 500])).all()


def test_key_follows_weights_and_length_but_not_the_path(encoder: TextEncoder, folder: Path) -> None:
    assert str(folder.parent) not in str(encoder.describe())
    assert encoder.key == TextEncoder(TextConfig(model=str(folder), device="cpu")).key
    assert encoder.key != TextEncoder(TextConfig(model=str(folder), max_length=5, device="cpu")).key


def test_images_are_refused(encoder: TextEncoder) -> None:
    with pytest.raises(InputError, match="cannot read images"):
        encoder.prepare_image(Image.new("RGB", (4, 4)))
    with pytest.raises(InputError, match="cannot read images"):
        encoder.embed_images(np.zeros((1, 3, 4, 4), dtype=np.float32))
    assert encoder.modalities == ("text",)


def test_model_that_is_not_here_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UnavailableError, match="'nobody/no-such-model' is not on this machine") as caught:
        TextEncoder(TextConfig(model="nobody/no-such-model"))
    assert "local folder" in caught.value.remedy


def test_pickled_weights_are_not_read(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save(BertModel.from_pretrained(folder).state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="holds no text model that can be read"):
        TextEncoder(TextConfig(model=str(tmp_path)))


def test_the_real_sentence_encoder_gives_its_published_similarities(minilm: Path) -> None:
    """The similarities in sbert.net's quick start for all-MiniLM-L6-v2: high for a paraphrase, low otherwise."""
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    vectors = TextEncoder(TextConfig(model=str(minilm), device="cpu")).embed_texts(texts)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    published = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    np.testing.assert_allclose(unit @ unit.T, published, atol=2e-4)


def test_the_real_sentence_encoder_is_the_mean_over_tokens_and_cuts_long_texts(minilm: Path) -> None:
    encoder = TextEncoder(TextConfig(model=str(minilm), device="cpu"))
    texts = ["", "Ünïcode 漢字 🙂", "A dog runs across a field of high grass.", "many words " * 300]
    tokenizer, model = AutoTokenizer.from_pretrained(minilm), AutoModel.from_pretrained(minilm).eval()
    expected = []
    for text in texts:  # one at a time, so that nothing is padded
        tokens = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
        with torch.no_grad():
            expected.append(model(**tokens).last_hidden_state[0].mean(dim=0).numpy())
    np.testing.assert_allclose(encoder.embed_texts(texts), expected, atol=1e-5)
    assert encoder.describe()["max_length"] == 256
