"""The folder for TensorBoard's Embedding Projector, read back by TensorBoard itself where it is installed.

Without it, held against tensorboard 2.21.0: `plugins/projector/projector_plugin.py` (`_read_tensor_tsv_file`) and the
fields of `projector_config.proto`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qlatent.errors import InputError
from qlatent.services.exports import tensorboard
from qlatent.services.exports.choice import Choice
from qlatent.services.exports.export import export
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services import shop_workspace
from tests.services.exports.readers import read_by
from tests.services.shop_workspace import COUNT, vectors

BOARD = Choice(tool="tensorboard", modality="text")
READ = """
import json, sys
from google.protobuf import text_format
from tensorboard.plugins.projector import projector_config_pb2, projector_plugin
folder = sys.argv[1]
config = projector_config_pb2.ProjectorConfig()
text_format.Parse(open(folder + "/projector_config.pbtxt").read(), config)
(found,) = config.embeddings
tensor = projector_plugin._read_tensor_tsv_file(folder + "/" + found.tensor_path)
sprite = [found.sprite.image_path, *found.sprite.single_image_dim]
print(json.dumps([found.tensor_name, found.metadata_path, sprite, tensor.tolist()]))
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("board") / "workspace", images=True) as opened:
        odd = [
            Item(id="=1+1", text="tab\tand\nline", vectors=vectors(3), metadata={"say": "@now"}),
            Item(id="without", text="no vectors"),
        ]
        shop_workspace.add(opened, "odd", odd)
        yield opened


def expected() -> np.ndarray:
    return np.stack([vectors(number)["text"] for number in range(COUNT)])


def test_vectors_metadata_and_thumbnails_have_the_same_order(workspace: Workspace, tmp_path: Path) -> None:
    document = export(workspace, "shop", out=tmp_path / "board", choice=BOARD)
    assert document["rows"] == COUNT and document["open_with"] == f"tensorboard --logdir {tmp_path / 'board'}"
    np.testing.assert_allclose(
        np.loadtxt(tmp_path / "board/vectors.tsv", delimiter="\t"), expected(), rtol=1e-6
    )
    lines = (tmp_path / "board/metadata.tsv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == COUNT + 1 and {line.count("\t") for line in lines} == {7}
    assert lines[0].split("\t") == ["id", "text", "label", "split", "duplicate_of", "made", "fresh", "price"]
    assert lines[4].split("\t")[:3] == ["item-03", "a red crisp apple number 3", "apple"]
    with Image.open(tmp_path / "board/sprite.png") as sheet:
        assert sheet.size == (6 * 64, 6 * 64)  # 30 pictures, 6 across
        for number in (0, 7, 29):  # in the middle of its place, the picture's colour
            colour = sheet.getpixel((number % 6 * 64 + 32, number // 6 * 64 + 32))
            told = (255 * (number % 3 == 0), 255 * (number % 3 == 1), 8 * number)
            assert np.abs(np.subtract(colour, told)).max() < 12  # thumbnails are compressed
        assert sheet.getpixel((5 * 64 + 32, 5 * 64 + 32)) == (255, 255, 255)
    config = (tmp_path / "board/projector_config.pbtxt").read_text(encoding="utf-8")
    assert re.fullmatch(
        r'embeddings \{\s+tensor_name: "shop, text, given"\s+tensor_path: "vectors\.tsv"\s+'
        r'metadata_path: "metadata\.tsv"\s+'
        r'sprite \{ image_path: "sprite\.png" single_image_dim: 64 single_image_dim: 64 \}\s+\}\s+',
        config,
    )


def test_tensorboard_reads_what_was_written(workspace: Workspace, tmp_path: Path) -> None:
    export(workspace, "shop", out=tmp_path / "board", choice=BOARD)
    name, metadata, sprite, tensor = read_by("tensorboard", READ, tmp_path / "board")
    assert (name, metadata, sprite) == ("shop, text, given", "metadata.tsv", ["sprite.png", 64, 64])
    np.testing.assert_allclose(tensor, expected(), rtol=1e-6)


def test_cells_hold_no_tabs_and_no_formulas_and_what_has_no_vector_is_counted(
    workspace: Workspace, tmp_path: Path
) -> None:
    document = export(workspace, "odd", out=tmp_path / "board", choice=BOARD)
    assert (document["rows"], document["left_out"], document["sprite"]) == (1, 1, 0)
    lines = (tmp_path / "board/metadata.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[1].split("\t") == ["'=1+1", "tab and line", "", "", "", "'@now"]
    assert not (tmp_path / "board/sprite.png").exists()
    assert "sprite" not in (tmp_path / "board/projector_config.pbtxt").read_text(encoding="utf-8")


def test_the_sheet_stays_within_what_the_projector_shows(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard, "SHEET", 100)
    assert export(workspace, "shop", out=tmp_path / "small", choice=BOARD)["sprite"] == 16
    monkeypatch.setattr(tensorboard, "SHEET", 40)  # 6 pixels for each of 6 across
    assert export(workspace, "shop", out=tmp_path / "none", choice=BOARD)["sprite"] == 0


def test_a_folder_with_something_in_it_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "board").mkdir()
    (tmp_path / "board/mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        export(workspace, "shop", out=tmp_path / "board", choice=BOARD)
    assert [each.name for each in (tmp_path / "board").iterdir()] == ["mine.txt"]
    with pytest.raises(InputError, match="There is no folder"):
        export(workspace, "shop", out=tmp_path / "absent/board", choice=BOARD)
