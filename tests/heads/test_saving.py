from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from qlatent.errors import ConfigError, InputError, QlatentError
from qlatent.heads import saving
from qlatent.heads.dressed.configs import AcquaConfig, AcquaLinearConfig
from qlatent.heads.dressed.heads import DressedHead

CONFIG = AcquaConfig(input_dim=6, qubits=2, depth=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return saving.save(DressedHead(CONFIG), tmp_path / "head")


def rewrite_config(folder: Path, **changes: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def rewrite_tensors(folder: Path, change: Any) -> None:
    file = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(file)
    change(tensors)
    safetensors.torch.save_file(tensors, file)


def test_a_head_is_three_files_and_nothing_else_is_left_behind(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert list(folder.parent.iterdir()) == [folder]


def test_the_config_names_format_head_and_settings(folder: Path) -> None:
    document = json.loads((folder / "config.json").read_text())
    assert (document["format"], document["head"], document["normalise"]) == (2, "acqua", "l2")
    assert document["config"]["modalities"] == ["image", "text"]


def test_how_inputs_were_normalised_is_kept(tmp_path: Path) -> None:
    head = DressedHead(CONFIG)
    head.normalise = "none"
    assert saving.load(saving.save(head, tmp_path / "head")).normalise == "none"


def test_saving_again_replaces_the_head(folder: Path) -> None:
    saving.save(DressedHead(AcquaLinearConfig(input_dim=6)), folder)
    assert saving.load(folder).name == "acqua_linear"
    assert list(folder.parent.iterdir()) == [folder]


def test_a_folder_with_something_else_is_not_replaced(folder: Path) -> None:
    (folder / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match=r"holds something else \(thesis.tex\)"):
        saving.save(DressedHead(CONFIG), folder)
    assert (folder / "thesis.tex").read_text() == "precious"


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(InputError, match="is a file"):
        saving.save(DressedHead(CONFIG), tmp_path / "file")


def test_a_failed_save_leaves_the_old_head_and_no_debris(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "model.safetensors").read_bytes()

    def full(*_args: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(QlatentError, match=r"could not be written.*No space left"):
        saving.save(DressedHead(AcquaConfig(input_dim=6, qubits=2, depth=1, seed=9)), folder)
    assert (folder / "model.safetensors").read_bytes() == before
    assert list(folder.parent.iterdir()) == [folder]


def test_a_failed_swap_brings_the_old_head_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, replace = (folder / "model.safetensors").read_bytes(), Path.replace

    def refuse(source: Path, target: Path) -> Path:
        if target == folder and (source / "config.json").stat().st_mtime_ns >= new:
            raise OSError(5, "Input/output error")
        return replace(source, target)

    saved = (folder / "config.json").stat().st_mtime_ns
    new = saved + 1
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(QlatentError, match="could not be written"):
        saving.save(DressedHead(AcquaConfig(input_dim=6, qubits=2, depth=1, seed=9)), folder)
    assert (folder / "model.safetensors").read_bytes() == before
    assert list(folder.parent.iterdir()) == [folder]


class Trap:
    """Creates a folder when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.mkdir, (self.path,))


@pytest.mark.parametrize("name", ["model.pt", "pytorch_model.bin", "head.pkl", "head.ckpt"])
def test_pickled_checkpoints_are_refused_unread(tmp_path: Path, name: str) -> None:
    trap = tmp_path / "sprung"
    (tmp_path / name).write_bytes(pickle.dumps(Trap(trap)))
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(InputError, match=rf"{name}: pickled checkpoints can run code"):
            saving.load(path)
    assert not trap.exists()


def test_a_pickle_that_calls_itself_safetensors_is_refused(folder: Path) -> None:
    trap = folder / "sprung"
    (folder / "model.safetensors").write_bytes(pickle.dumps(Trap(trap)))
    with pytest.raises(InputError, match=r"model.safetensors: not a safetensors file"):
        saving.load(folder)
    assert not trap.exists()


def test_a_truncated_file_is_refused(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InputError, match=r"model.safetensors: not a safetensors file"):
        saving.load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("cores.text.weights"), r"the tensor cores.text.weights is missing"),
        (lambda t: t.update(extra=torch.zeros(1)), r"the tensor extra is not part of this head"),
        (
            lambda t: t.update({"cores.text.weights": torch.zeros(3)}),
            r"cores.text.weights has shape \(3,\), expected \(2,\)",
        ),
        (
            lambda t: t.update({"cores.text.weights": torch.zeros(2).half()}),
            r"cores.text.weights is torch.float16, expected torch.float32",
        ),
        (
            lambda t: t.update({"cores.text.weights": torch.full((2,), torch.nan)}),
            r"cores.text.weights holds numbers that are not finite",
        ),
    ],
)
def test_tensors_of_another_head_are_refused(folder: Path, change: Any, message: str) -> None:
    rewrite_tensors(folder, change)
    with pytest.raises(InputError, match=rf"model.safetensors: {message}"):
        saving.load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 3}, r"format 3, expected 1 or 2.*update qlatent"),
        ({"format": 0}, r"format 0, expected 1 or 2"),
        ({"format": None}, r"expected the keys format, head and config"),
        ({"head": "aqua"}, r"There is no head called 'aqua'.*did you mean 'acqua'"),
        ({"config": {"qubit": 4}}, r"unknown key 'qubit'.*did you mean 'qubits'"),
        ({"config": {"qubits": 99}}, r"qubits=99"),
        ({"config": []}, r"expected the keys format, head and config"),
        ({"normalise": "l3"}, r"normalise='l3'"),
        ({"circuits": 1}, r"unknown key 'circuits'"),
    ],
)
def test_a_wrong_config_is_refused_with_its_file(folder: Path, changes: dict[str, Any], message: str) -> None:
    rewrite_config(folder, **changes)
    with pytest.raises(QlatentError, match=rf"config.json: {message}"):
        saving.load(folder)


def test_a_config_error_stays_a_config_error(folder: Path) -> None:
    rewrite_config(folder, config={"qubit": 4})
    with pytest.raises(ConfigError):
        saving.load(folder)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, '"' + " " * 2_000_000 + '"'])
def test_invalid_configs_are_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config.json: "):
        saving.load(folder)


def test_a_missing_field_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere does not exist"):
        saving.load(tmp_path / "nowhere")
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match=r"config.json: the file is missing"):
        saving.load(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"model.safetensors: the file is missing"):
        saving.load(folder)
    with pytest.raises(InputError, match=r"README.md is not a folder"):
        saving.load(folder / "README.md")
