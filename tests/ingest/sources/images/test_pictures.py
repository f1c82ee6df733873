"""Folders and chosen image files."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.ingest import open_source
from tests.ingest.builders import png, read


def fill(folder: Path, **images: int) -> Path:
    for name, seed in images.items():
        path = folder / f"{name.replace('__', '/')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(seed))
    return folder


def test_an_image_folder_gives_labels_and_splits(tmp_path: Path) -> None:
    items, refusals = read(fill(tmp_path / "f", train__cats__a=1, train__dogs__a=2, test__dogs__b=3))
    assert [(item.id, item.label, item.split) for item in items] == [
        ("test/dogs/b.png", "dogs", "test"),
        ("train/cats/a.png", "cats", "train"),
        ("train/dogs/a.png", "dogs", "train"),
    ]
    assert not refusals


def test_a_folder_with_a_table_is_read_by_the_table(tmp_path: Path) -> None:
    folder = fill(tmp_path / "f", images__a=1, images__b=2)
    (folder / "metadata.csv").write_text("file_name,caption\nimages/a.png,first\nimages/b.png,second\n")
    items, _ = read(folder)
    assert [(item.text, item.image) for item in items] == [("first", png(1)), ("second", png(2))]


def test_a_json_sidecar_gives_metadata_of_its_image(tmp_path: Path) -> None:
    folder = fill(tmp_path / "f", a=1, b=2)
    for name in "ab":
        (folder / f"{name}.json").write_text('{"camera": 1}')
    items, refusals = read(folder)
    assert [(item.id, item.metadata) for item in items] == [
        ("a.png", {"camera": 1}),
        ("b.png", {"camera": 1}),
    ]
    assert not refusals


def test_links_are_refused_and_system_files_skipped(tmp_path: Path) -> None:
    folder = fill(tmp_path / "f", a=1)
    fill(tmp_path / "elsewhere", secret=2)
    (folder / "link.png").symlink_to(tmp_path / "elsewhere" / "secret.png")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / ".DS_Store").write_bytes(b"x")
    source = open_source(folder)
    rows = list(source.rows())
    assert [row.id for row in rows] == ["a.png", "link.png", "linked"]
    assert [getattr(row, "reason", "") for row in rows] == ["", *["is a link; links are not followed"] * 2]
    assert source.remarks() == ("system files skipped",)


def test_chosen_files_are_items_with_their_names(tmp_path: Path) -> None:
    fill(tmp_path, a=1, x__b=2, y__b=3)
    items, _ = read([tmp_path / "a.png", tmp_path / "x" / "b.png", tmp_path / "y" / "b.png"])
    assert [item.id for item in items] == ["a.png", "x/b.png", "y/b.png"]
    items, _ = read(tmp_path / "a.png")
    assert [(item.id, item.label, item.image) for item in items] == [("a.png", None, png(1))]


def test_archives_and_folders_are_not_chosen_together_with_files(tmp_path: Path) -> None:
    (tmp_path / "t.7z").write_bytes(b"7z")
    (tmp_path / "inner").mkdir()
    for other, kind in (("t.7z", "an archive"), ("inner", "a folder")):
        with pytest.raises(
            InputError, match=rf"{other} is {kind}; only single files and zips can be chosen together"
        ):
            open_source([fill(tmp_path, a=1) / "a.png", tmp_path / other])


def test_the_fingerprint_follows_names_and_contents(tmp_path: Path) -> None:
    prints = set()
    for name, images in {
        "one": {"a": 1},
        "two": {"a": 2},
        "three": {"b": 1},
        "four": {"a": 1, "b": 1},
    }.items():
        source = open_source(fill(tmp_path / name, **images))
        prints.add(source.fingerprint(source.guess()))
    assert len(prints) == 4
    copy = open_source(fill(tmp_path / "copy", a=1))
    assert copy.fingerprint(copy.guess()) in prints


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no images and no table: it holds nothing that can be read"):
        open_source(tmp_path)
