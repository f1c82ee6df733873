from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qlatent.errors import InputError, QlatentError
from qlatent.heads import saving
from qlatent.heads.document import check_files, read_document
from qlatent.heads.dressed.configs import AcquaConfig, AcquaTwinConfig
from qlatent.heads.dressed.heads import DressedHead

CARD = {"encoder": "given", "metrics": {"spearman": 0.5, "probe": {"a": [1, 2]}, "lost": None}, "run": "r1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return saving.save(DressedHead(AcquaConfig(input_dim=6, qubits=2, depth=1)), tmp_path / "head", CARD)


def rewrite(folder: Path, **card: Any) -> None:
    file = folder / "config.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document | {"card": document["card"] | card}))


def test_a_saved_document_is_read_back_unchanged(folder: Path) -> None:
    document = check_files(folder)
    assert document == read_document(folder / "config.json")
    assert (document.head, document.config) == ("acqua", AcquaConfig(input_dim=6, qubits=2, depth=1))
    assert document.values["qubits"] == 2
    assert document.card.metrics == CARD["metrics"]
    assert (document.card.encoder, document.card.facts) == ("given", {"run": "r1"})
    assert document.card.parameters["stored"] > 0


def test_a_width_under_its_old_name_is_read(tmp_path: Path) -> None:
    """Format 1 wrote `qubits` for heads that have none."""
    folder = saving.save(DressedHead(AcquaTwinConfig(input_dim=6, dim=3)), tmp_path / "twin")
    file = folder / "config.json"
    document = json.loads(file.read_text())
    del document["config"]["dim"]
    file.write_text(json.dumps(document | {"format": 1, "config": document["config"] | {"qubits": 3}}))
    read = read_document(file)
    assert (read.config, read.values["dim"]) == (AcquaTwinConfig(input_dim=6, dim=3), 3)
    assert "qubits" not in read.values
    assert saving.load(folder).latent_dim == 3


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"parameters": [1]}, r"card.parameters is a list, expected an object of whole numbers"),
        ({"parameters": {"stored": "many"}}, r"card.parameters is an object of other things"),
        ({"parameters": {"stored": True}}, r"card.parameters is an object of other things"),
        ({"metrics": "boo"}, r"card.metrics is a text, expected an object of numbers"),
        ({"metrics": {"spearman": "boo"}}, r"card.metrics is an object of other things"),
        ({"encoder": {"a": 1}}, r"card.encoder is an object of other things, expected a text"),
        ({"encoder": 3}, r"card.encoder is a number, expected a text"),
        ({"note": "\ud800"}, r"not readable as JSON"),
    ],
)
def test_a_card_of_other_types_is_refused(folder: Path, card: dict[str, Any], message: str) -> None:
    rewrite(folder, **card)
    with pytest.raises(InputError, match=rf"config.json: {message}"):
        read_document(folder / "config.json")


@pytest.mark.parametrize("card", [[], "card", 3, None])
def test_a_card_that_is_no_object_is_refused(folder: Path, card: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"card": card}))
    with pytest.raises(InputError, match=r"config.json: card is .*, expected an object"):
        read_document(file)


def test_a_card_without_anything_is_a_card(folder: Path) -> None:
    rewrite(folder, parameters=None, metrics=None, encoder=None)
    assert read_document(folder / "config.json").card.metrics == {}


def test_nesting_without_end_is_refused(folder: Path) -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    rewrite(folder, note=deep)
    with pytest.raises(InputError, match="nested more than 32 levels deep"):
        read_document(folder / "config.json")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("README.md", b"\x87PNG", "README.md: not readable as text"),
        ("README.md", b"x" * 1_000_001, "README.md: larger than 1,000,000 bytes"),
        ("config.json", b"\xff\xfe", "config.json: not readable as text"),
        ("model.safetensors", b"\x80\x04pickle", "model.safetensors: not a safetensors file"),
        ("model.safetensors", b"", "model.safetensors: not a safetensors file"),
    ],
)
def test_each_file_is_checked(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(QlatentError, match=message):
        check_files(folder)


def test_a_head_without_a_readme_is_a_head(folder: Path) -> None:
    (folder / "README.md").unlink()
    assert check_files(folder).head == "acqua"
