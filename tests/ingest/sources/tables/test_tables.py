"""CSV, TSV, JSON lines and JSON in the forms found in practice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.ingest import Limits, Mapping, open_source
from qlatent.types import Item, Refusal
from tests.ingest.builders import png, read

WORDS = Mapping(id="id", text=("text",))


def written(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_every_usual_encoding_gives_the_same_rows(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "t.csv", "id,text\n1,Käse für 3 €\n2,two\n", encoding)
    items, refusals = read(path)
    assert [(item.id, item.text) for item in items] == [("1", "Käse für 3 €"), ("2", "two")]
    assert refusals == []


def test_reading_as_windows_1252_is_reported(tmp_path: Path) -> None:
    source = open_source(written(tmp_path / "t.csv", "id,text\n1,Käse\n", "latin-1"))
    list(source.rows())
    assert any("Windows-1252" in remark for remark in source.remarks())


def test_bytes_that_come_late_and_are_not_utf8_are_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", b"id,text\n" + b"1,plain\n" * 200_000 + b"2,K\xe4se\n")

    source = open_source(path)
    assert source.columns
    assert any("Windows-1252" in remark for remark in source.remarks())


@pytest.mark.parametrize(
    ("name", "mark"), [("t.csv", ","), ("t.csv", ";"), ("t.csv", "\t"), ("t.csv", "|"), ("t.tsv", "\t")]
)
def test_delimiters(tmp_path: Path, name: str, mark: str) -> None:
    path = written(tmp_path / name, f"id{mark}text\n1{mark}one\n")
    assert [item.text for item in read(path)[0]] == ["one"]


def test_a_tsv_of_numbers_and_texts_needs_no_header_and_quotes_in_it_are_literal(tmp_path: Path) -> None:
    source = open_source(
        written(tmp_path / "t.tsv", '7\t"one\n\n10\ttwo "and" a half\n9\tthree\tmore\n8\tfour"\n')
    )
    rows = list(source.rows(source.guess()))
    assert [(row.id, row.text) for row in rows if not isinstance(row, Refusal)] == [
        ("7", '"one'), ("10", 'two "and" a half'), ("8", 'four"'),
    ]  # fmt: skip
    assert [row for row in rows if isinstance(row, Refusal)] == [
        Refusal(3, "has 3 fields, but the header has 2")
    ]
    assert "no header: the two columns were read as id and text" in " ".join(source.remarks())


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("t.tsv", "id\ttext\n1\tone\n2\ttwo\n", ["id", "text"]),
        ("t.tsv", "0\tbad\n1\tgood\n0\tworse\n", ["0", "bad"]),  # labels: they repeat
        ("t.tsv", "1\tone\tx\n2\ttwo\ty\n", ["1", "one", "x"]),
        ("t.tsv", "a1\tone\na2\ttwo\n", ["a1", "one"]),
        ("t.csv", "1,one\n2,two\n", ["1", "one"]),
    ],
)
def test_any_other_table_begins_with_its_header(
    tmp_path: Path, name: str, content: str, columns: list[str]
) -> None:
    source = open_source(written(tmp_path / name, content))
    assert [column.name for column in source.columns] == columns
    assert not any("no header" in remark for remark in source.remarks())


def test_ragged_rows_are_refused_and_the_others_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "id,text\n1,one\n2\n3,three,more\n4,four\n")
    items, refusals = read(path)
    assert [item.id for item in items] == ["1", "4"]
    assert refusals == [
        Refusal(2, "has 1 field, but the header has 2"),
        Refusal(3, "has 3 fields, but the header has 2"),
    ]


def test_quoted_newlines_and_quotes_stay_inside_their_cell(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", 'id,text\r\n1,"line one\nline ""two"", really"\r\n\r\n2,b\r\n')
    items, refusals = read(path)
    assert [item.text for item in items] == ['line one\nline "two", really', "b"]
    assert not refusals


def test_a_quote_that_is_never_closed_stays_in_its_row(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", 'id,text\n1,one\n2,"open\n3,three\n')
    items, refusals = read(path)
    assert [(item.id, item.text) for item in items] == [("1", "one"), ("2", '"open'), ("3", "three")]
    assert not refusals


def test_repeated_and_empty_column_names_are_made_different(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "id,text,text,\n1,a,b,c\n")
    source = open_source(path)
    assert [column.name for column in source.columns] == ["id", "text", "text (2)", "column 4"]
    (item,) = source.rows(WORDS)
    assert item.text == "a"
    assert item.metadata == {"text (2)": "b", "column 4": "c"}
    assert any("'text' appears again" in remark for remark in source.remarks())


def test_ids_used_before_refuse_the_later_row(tmp_path: Path) -> None:
    items, refusals = read(written(tmp_path / "t.csv", "id,text\na,one\nb,two\na,three\n"))
    assert [item.text for item in items] == ["one", "two"]
    assert refusals == [Refusal(3, "id 'a' already used in row 1", "a")]


def test_missing_ids_are_made_from_the_row(tmp_path: Path) -> None:
    items, refusals = read(written(tmp_path / "t.csv", "id,text\n,one\nrow-3,two\n,three\n"))
    assert [item.id for item in items] == ["row-1", "row-3", "row-3-2"]
    assert not refusals


def test_rows_without_content_are_refused(tmp_path: Path) -> None:
    items, refusals = read(written(tmp_path / "t.csv", "id,text\n1,  \n2,NaN\n3,three\n"))
    assert [item.id for item in items] == ["3"]
    assert [refusal.row for refusal in refusals] == [1, 2]
    assert refusals[0].reason == "nothing to keep: no image, text or vector in 'text'"


def test_texts_over_the_limit_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", f"id,text\n1,{'x' * 50}\n2,{'x' * 51}\n")
    items, refusals = read(path, limits=Limits(max_text_characters=50))
    assert [item.id for item in items] == ["1"]
    assert refusals[0].reason == "its text has 51 characters; the limit is 50"


def test_long_metadata_is_truncated_and_reported(tmp_path: Path) -> None:
    source = open_source(
        written(tmp_path / "t.csv", f"id,text,html\n1,a,{'x' * 60}\n"), limits=Limits(max_text_characters=50)
    )
    (item,) = source.rows(WORDS)
    assert item.metadata["html"] == "x" * 49 + "…"
    assert source.remarks() == ("column 'html' cut to 50 characters",)


def test_a_listing_row_becomes_an_item(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    path = written(
        tmp_path / "t.csv",
        "id,title,description,price,category,split,image,seller\n"
        '7,Red chair.,Comfortable.,"$1,299.00",Chairs,Train,a.png,ann\n',
    )
    (item,), _ = read(path)
    assert (item.id, item.text, item.label, item.split) == ("7", "Red chair. Comfortable.", "Chairs", "train")
    assert item.metadata == {
        "price": 1299.0, "price_as_written": "$1,299.00", "currency": "$", "seller": "ann"
    }  # fmt: skip
    assert item.image == png()
    assert item.source == "t.csv"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", r"t\.csv is empty \(0 bytes\)"),
        ("t.csv", b"\n \n", r"t\.csv is empty\."),
        ("t.csv", b"id,text\n", r"t\.csv has a header but no rows\."),
        ("t.csv", b"\x00\x01\x02\xff\xfe\x00" * 50, r"t\.csv is not a text file\."),
        ("t.jsonl", b"\n\n", r"t\.jsonl is empty\."),
        ("t.jsonl", b"{broken\n", r"t\.jsonl has no row that can be read\."),
        ("t.json", b"[]", r"t\.json is empty\."),
        ("t.json", b"[{]", r"t\.json is not valid JSON"),
        ("t.json", b"3", r"t\.json holds no list of rows\."),
    ],
)
def test_files_without_rows_are_refused_as_a_whole(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        open_source(written(tmp_path / name, content)).rows()


def test_a_missing_column_is_named_with_those_present(tmp_path: Path) -> None:
    source = open_source(written(tmp_path / "t.csv", "id,text\n1,a\n"))
    with pytest.raises(
        InputError, match=r"t\.csv has no column 'titel'\. Choose among its columns: id, text\."
    ):
        source.rows(Mapping(text=("titel",)))


def test_broken_json_lines_are_refused_and_the_others_kept(tmp_path: Path) -> None:
    lines = [
        '{"id": 1, "text": "one"}',
        '{"id": 2, "text": ',
        "[1, 2]",
        "",
        '{"id": 5.0, "text": "five", "late": true}',
        "[" * 100_000,
        '{"id": 7, "n": ' + "9" * 5000 + "}",
        '{"id": 8, "text": NaN}',
        '"words"',
    ]
    items, refusals = read(written(tmp_path / "t.jsonl", "\n".join(lines)))
    assert [(item.id, item.metadata) for item in items] == [("1", {}), ("5", {"late": True})]
    assert [refusal.row for refusal in refusals] == [2, 3, 5, 6, 7, 8]
    reasons = [refusal.reason for refusal in refusals]
    assert reasons[0].startswith("is not valid JSON (Expecting value at character")
    assert reasons[1] == "is a list, not an object with named values"
    assert reasons[2].startswith("is not JSON that can be read (nested more than 64 levels deep)")
    assert reasons[3].startswith("is not JSON that can be read (Exceeds the limit")
    assert reasons[4].startswith("nothing to keep")
    assert reasons[5] == "is a text, not an object with named values"


def test_half_a_surrogate_pair_does_not_break_the_text(tmp_path: Path) -> None:
    (item,), _ = read(written(tmp_path / "t.jsonl", '{"text": "a\\ud83d", "note": "\\udc00"}'))
    assert item.text == "a\ufffd"
    assert json.dumps(item.metadata).encode()


def test_json_documents_and_json_lines_in_a_json_file(tmp_path: Path) -> None:
    rows = [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]
    for number, content in enumerate(
        [
            json.dumps(rows),
            json.dumps({"version": 1, "data": rows}, indent=1),
            "\n".join(map(json.dumps, rows)),
        ]
    ):
        items, _ = read(written(tmp_path / f"{number}.json", content))
        assert [item.text for item in items] == ["a", "b"]


def test_vectors_in_json_lines_and_csv(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "embedding": [1.0, 2.0]},
        {"id": "b", "embedding": [1.0]},
        {"id": "c", "embedding": [0, 0]},
    ]
    items, refusals = read(written(tmp_path / "t.jsonl", "\n".join(map(json.dumps, rows))))
    assert [item.vectors["vector"].tolist() for item in items] == [[1.0, 2.0]]
    assert [refusal.reason for refusal in refusals] == [
        "'embedding' has 1 numbers; most rows have 2",
        "'embedding' is zero everywhere, so it has no direction",
    ]
    items, _ = read(written(tmp_path / "t.csv", 'id,embedding\na,"[1, 2.5]"\n'))
    assert items[0].vectors["vector"].tolist() == [1.0, 2.5]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("https://example.org/a.jpg", "its image is a web address"),
        ("gone.jpg", "there is no file 'gone.jpg'"),
        ("/etc/passwd.png", "is an absolute path"),
        ("C:\\\\x.png", "is an absolute path"),
        ("../outside.png", "leads out of its folder"),
        ("link.png", "there is no file 'link.png'"),
        ("text.png", "not an image"),
    ],
)
def test_images_that_a_table_names_in_vain(tmp_path: Path, cell: str, reason: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "outside.png").write_bytes(png())
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "text.png").write_text("no picture")
    (folder / "good.png").write_bytes(png(1))
    path = written(folder / "t.csv", f"id,image,text\n1,{cell},words\n2,good.png,words\n")
    items, refusals = read(path, Mapping(id="id", image="image"))
    assert [item.id for item in items] == ["2"]
    assert reason in refusals[0].reason
    source = open_source(path)
    first, second = source.rows(Mapping(id="id", image="image", text=("text",)))
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert (first.text, first.image, second.image) == (
        "words",
        None,
        png(1),
    )  # the text is kept and the image reported
    assert reason in first.metadata["image_note"]
    (remark,) = source.remarks()
    assert remark.startswith("image 'image' left out of 1 row, kept with the rest (row 1: ")


def test_the_folder_of_the_images_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    (tmp_path / "tables").mkdir()
    (tmp_path / "photos" / "deep" / "a.png").write_bytes(png())
    path = written(tmp_path / "tables" / "t.csv", "id,image\n1,deep\\a.png\n")
    items, _ = read(path, images=tmp_path / "photos")
    assert items[0].image == png()
    with pytest.raises(InputError, match="does not exist"):
        open_source(path, images=tmp_path / "nowhere")


def test_the_fingerprint_follows_table_mapping_and_named_images(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "unnamed.png").write_bytes(png())
    path = written(tmp_path / "t.csv", "id,image,text\n1,a.png,words\n")
    mapping = Mapping(id="id", image="image")

    def fingerprint(mapping: Mapping = mapping) -> str:
        return open_source(path).fingerprint(mapping)

    first = fingerprint()
    (tmp_path / "unnamed.png").write_bytes(png(9))
    assert fingerprint() == first
    assert fingerprint(Mapping(id="id", text=("text",))) != first
    (tmp_path / "a.png").write_bytes(png(9))
    assert fingerprint() != first
