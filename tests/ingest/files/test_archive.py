"""Zips of images and with a table, and all known kinds of malformed zips."""

from __future__ import annotations

import gc
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.ingest import Limits, open_source
from qlatent.ingest.files.archive import ZipFiles
from tests.ingest.builders import make_zip, png, read

PACKED = zipfile.ZIP_DEFLATED


def test_images_alone_get_ids_labels_and_splits_from_their_places(tmp_path: Path) -> None:
    names = ["set/train/cats/1.png", "set/train/dogs/1.png", "set/test/cats/2.png"]
    path = make_zip(tmp_path / "p.zip", {name: png(place) for place, name in enumerate(names)})
    items, refusals = read(path)
    assert [(item.id, item.label, item.split) for item in items] == [
        ("set/train/cats/1.png", "cats", "train"),
        ("set/train/dogs/1.png", "dogs", "train"),
        ("set/test/cats/2.png", "cats", "test"),
    ]
    assert [item.image for item in items] == [png(0), png(1), png(2)]
    assert not refusals


def test_a_folder_that_all_share_is_no_label(tmp_path: Path) -> None:
    items, _ = read(make_zip(tmp_path / "p.zip", {"photos/1.png": png(1), "photos/2.png": png(2)}))
    assert [item.label for item in items] == [None, None]


@pytest.mark.parametrize("top", ["", "export/"])
@pytest.mark.parametrize("reference", ["img/1.png", "img\\1.png", "1.png", "./img/1.png"])
def test_a_table_inside_names_the_images(tmp_path: Path, top: str, reference: str) -> None:
    path = make_zip(
        tmp_path / "p.zip",
        {
            f"{top}items.csv": f"id,image,title,colour\n7,{reference},Chair,red\n8,gone.png,Lamp,blue\n",
            f"{top}img/1.png": png(1),
        },
    )
    items, refusals = read(path)
    missing = {"colour": "blue", "image_note": "left out: there is no file 'gone.png'"}
    assert [(item.id, item.text, item.metadata) for item in items] == [
        ("7", "Chair", {"colour": "red"}), ("8", "Lamp", missing),
    ]  # fmt: skip
    assert [item.image for item in items] == [png(1), None]
    assert not refusals


@pytest.mark.parametrize("name", ["metadata.jsonl", "t.parquet", "t.tsv"])
def test_other_tables_inside_work_as_well(tmp_path: Path, name: str) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"file_name": ["1.png"], "text": ["words"]}), tmp_path / "t.parquet")
    contents = {
        "metadata.jsonl": b'{"file_name": "1.png", "text": "words"}\n',
        "t.parquet": (tmp_path / "t.parquet").read_bytes(),
        "t.tsv": b"file_name\ttext\n1.png\twords\n",
    }
    items, refusals = read(make_zip(tmp_path / "p.zip", {"1.png": png(), name: contents[name]}))
    assert [(item.text, item.image) for item in items] == [("words", png())]
    assert not refusals


def test_an_unread_table_is_reported(tmp_path: Path) -> None:
    source = open_source(
        make_zip(tmp_path / "p.zip", {"a.csv": "id,text\n1,x\n", "b.csv": "code,size\n2,y\n"})
    )
    assert source.remarks() == ("b.csv left out: a.csv is read; it has other columns (code, size)",)


def test_unsafe_entries_are_refused_and_the_others_kept(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    pipe = zipfile.ZipInfo("pipe.png")
    pipe.external_attr = (stat.S_IFIFO | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good/a.png", png(1))
        archive.writestr("../up.png", png(2))
        archive.writestr("/etc/abs.png", png(3))
        archive.writestr("C:\\windows.png", png(4))
        archive.writestr("..\\..\\up.png", png(5))
        archive.writestr(link, "/etc/passwd")
        archive.writestr(pipe, "")
        archive.writestr("inner.zip", b"PK")
        archive.writestr("notes.txt", "not a picture")
        archive.writestr("good\\b.png", png(6))
    items, refusals = read(path)
    assert "notes.txt left out: no picture has its name" in open_source(path).remarks()
    assert [item.id for item in items] == ["good/a.png", "good/b.png"]
    assert [(refusal.row, refusal.id) for refusal in refusals] == [
        (2, "../up.png"),
        (3, "/etc/abs.png"),
        (4, "C:\\windows.png"),
        (5, "..\\..\\up.png"),
        (6, "link.png"),
        (7, "pipe.png"),
        (8, "inner.zip"),
    ]
    wanted = [
        "('..')",
        "absolute path",
        "absolute path",
        "('..')",
        "is a link",
        "not an ordinary file",
        "archive inside the archive",
    ]
    assert all(reason in refusal.reason for reason, refusal in zip(wanted, refusals, strict=True))
    assert sorted(child.name for child in tmp_path.iterdir()) == ["p.zip"]  # nothing was unpacked to disk


def test_unsafe_entries_of_a_zip_with_a_table_are_reported_as_files(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "p.zip",
        {"t.csv": "id,image\n1,../up.png\n2,a.png\n", "../up.png": png(), "a.png": png()},
    )
    items, refusals = read(path)
    assert [item.id for item in items] == ["2"]
    assert [(refusal.row, refusal.id) for refusal in refusals] == [(1, "1"), (2, "../up.png")]
    assert refusals[1].reason.startswith("not a row but file 2 of p.zip: ")


def test_system_files_are_skipped_and_counted(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "p.zip",
        {
            "__MACOSX/._a.png": b"junk",
            ".DS_Store": b"x",
            "d/.hidden.png": b"x",
            "Thumbs.db": b"x",
            "a.png": png(),
        },
    )
    source = open_source(path)
    assert [getattr(row, "id", None) for row in source.rows()] == ["a.png"]
    assert source.remarks() == ("system files skipped (4×)",)


def test_an_entry_that_grows_too_much_is_refused(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "p.zip", {"bomb.png": b"\0" * 10_000_000, "a.png": png()}, method=zipfile.ZIP_DEFLATED
    )
    assert path.stat().st_size < 20_000
    items, (refusal,) = read(path)
    assert [item.id for item in items] == ["a.png"]
    assert refusal.reason.startswith("would grow 1,0")
    assert refusal.reason.endswith("-fold when unpacked; the limit is 200-fold")


def test_an_archive_that_unpacks_to_too_much_is_refused_whole(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "p.zip", {f"{n}.png": b"\0" * 1_000_000 for n in range(10)}, method=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(InputError, match=r"p\.zip unpacks to 10,000,000 bytes; the limit is 9,000,000\."):
        open_source(path, limits=Limits(max_archive_bytes=9_000_000))
    with pytest.raises(InputError, match=r"p\.zip has 10 entries; the limit is 9\."):
        open_source(path, limits=Limits(max_archive_files=9))


def test_an_entry_with_a_false_size_is_refused(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "p.zip", {"a.png": b"\0" * 900_000, "b.png": png()}, method=zipfile.ZIP_DEFLATED
    )
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 100)  # the size in the directory of the archive
    path.write_bytes(content)
    items, (refusal,) = read(path)
    assert [item.id for item in items] == ["b.png"]
    assert "cannot be unpacked: it is damaged" in refusal.reason


def test_encrypted_entries_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "p.zip", {"a.png": png(), "b.png": png()})
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)
    items, (refusal,) = read(path)
    assert [item.id for item in items] == ["b.png"]
    assert refusal.reason == "is encrypted; make the archive without a password"


def test_entries_of_an_unknown_method_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "p.zip", {"a.png": png(), "b.png": png()})
    content = bytearray(path.read_bytes())
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + 10, 9)
    path.write_bytes(content)
    _, (refusal,) = read(path)
    assert refusal.reason == "is packed with method 9, which cannot be read; use plain zip"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_appears_twice_is_refused_the_second_time(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("a.png", png(1))
        archive.writestr("a.png", png(2))
    items, (refusal,) = read(tmp_path / "p.zip")
    assert [item.image for item in items] == [png(1)]
    assert (refusal.row, refusal.reason) == (2, "its name appears twice in the archive")


def test_damage_inside_refuses_the_entry_and_a_damaged_table_the_archive(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "p.zip", {"a.png": png(1), "b.png": png(2)})
    content = bytearray(path.read_bytes())
    content[60] ^= 255
    path.write_bytes(content)
    items, (refusal,) = read(path)
    assert [item.id for item in items] == ["b.png"]
    assert refusal.reason == "cannot be unpacked: it is damaged (Bad CRC-32 for file 'a.png')"
    path = make_zip(tmp_path / "t.zip", {"t.csv": "id,text\n1,words\n"})
    content = bytearray(path.read_bytes())
    content[content.index(b"words")] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"t\.csv in t\.zip cannot be unpacked: it is damaged \(Bad CRC-32"):
        read(path)


def test_a_cut_off_or_wrong_file_is_no_zip(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "p.zip", {"a.png": png()})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"p\.zip is not a zip archive, or it is damaged"):
        open_source(path)


def test_a_zip_without_importable_files_lists_its_content(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no images and no table: it holds a\.txt, b\.doc\."):
        open_source(make_zip(tmp_path / "p.zip", {"a.txt": "x", "b.doc": "y"}))
    with pytest.raises(InputError, match=r"holds nothing that can be read \(in\.zip is an archive inside"):
        open_source(make_zip(tmp_path / "q.zip", {"in.zip": "x"}))
    with pytest.raises(InputError, match="holds nothing that can be read"):
        open_source(make_zip(tmp_path / "r.zip", {}))


def test_ugly_pictures_in_a_zip_cost_only_their_rows(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "p.zip",
        {"cut.png": png(1)[:-40], "text.jpg": "hello", "empty.png": b"", "good.png": png(2)},
    )
    items, refusals = read(path)
    assert [item.id for item in items] == ["good.png"]
    assert [refusal.row for refusal in refusals] == [1, 2, 3]


def test_an_archive_is_closed_with_its_owner(tmp_path: Path) -> None:
    """Also when a half-read entry is dropped in the same cycle, which keeps `zipfile` from closing it."""
    files = ZipFiles(make_zip(tmp_path / "a.zip", {"a.png": png()}), limits=Limits())
    files.itself = (files, files.open(files.numbered[0][1]))  # type: ignore[attr-defined]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        del files
        gc.collect()
    assert [str(each.message) for each in seen] == []
