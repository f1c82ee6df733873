"""CSV files with unbalanced quotes: no row is lost or merged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from qlatent.ingest import open_source
from qlatent.types import Item, Refusal
from tests.ingest.builders import read

WORDS = ["lovely", "colour", "broke", "after", "a", "day", "24 inch", "cable, black", "fine; really", "über"]


def cell(text: str, mark: str, style: str, chance: random.Random) -> str:
    """A text in one program's style: quoted by the standard, escaped, or with a stray quote."""
    if style == "stray":
        text = text.replace(mark, " ").replace("\n", " ")
        return chance.choice([f'"{text}', f'{text} "again', f'"{text}" more', f'5" {text}'])
    if style == "backslash":
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if style == "quoted" or any(char in text for char in (mark, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text


def table(seed: int) -> tuple[str, list[str], str]:
    """A generated table, the text of each of its rows, and its file extension."""
    chance = random.Random(seed)
    mark = chance.choice([",", ";", "\t", "|"])
    end = chance.choice(["\n", "\r\n"])
    escaped = chance.random() < 0.3
    written, texts = [f"id{mark}text{mark}label"], []
    for number in range(1, 31):
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 5)))
        if chance.random() < 0.25:
            text += f'\nsecond line, "quoted" {number}'
        elif chance.random() < 0.2:
            text = f'She said "wow", twice {number}'
        style = chance.choice(["plain", "plain", "quoted", "stray"])
        if escaped and style != "stray":
            style = "backslash"
        put = cell(text, mark, style, chance)
        texts.append(put if style == "stray" else text)
        written.append(f"{number}{mark}{put}{mark}{chance.choice(['pos', 'neg'])}")
    return end.join(written) + end, texts, ".tsv" if mark == "\t" else ".csv"


@pytest.mark.parametrize("seed", range(40))
def test_rows_kept_and_refused_are_the_rows_of_the_file(tmp_path: Path, seed: int) -> None:
    content, texts, suffix = table(seed)
    path = tmp_path / f"t{suffix}"
    path.write_bytes(content.encode())
    rows = list(open_source(path).rows())
    assert len(rows) == len(texts)
    kept = {row.id: row.text for row in rows if isinstance(row, Item)}
    assert not [row for row in rows if isinstance(row, Refusal)]
    for number, text in enumerate(texts, start=1):
        assert kept[str(number)] == text.strip(), f"row {number} of seed {seed}"


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ('id,text\n1,"broke\n2,fine\n3,never"\n4,ok\n', ['"broke', "fine", 'never"', "ok"]),
        ('id,text\n1,"one\nand, two"\n2,b\n3,c\n4,d\n', ["one\nand, two", "b", "c", "d"]),
        ('id,text,n\n1,"a ""b""",2\n2,"c "d" e",3\n', ['a "b"', '"c "d" e"']),
        ('"id","text"\n"1","never "again" he said"\n"2","b"\n', ['never "again" he said', "b"]),
        ('id,text\n1,"C:\\dir\\"\n2,"b"\n', ["C:\\dir\\", "b"]),
        ('id,text\n1,"ends in \\""\n2,"b"\n', ['ends in "', "b"]),
        ('id,text\n1,M\\"uller said\n2,"b, c"\n', ['M\\"uller said', "b, c"]),
        ('id,text\n1,"a\n\nparagraph"\n2,b\n', ["a\n\nparagraph", "b"]),
        ("id,text\r1,mac\r2,lines\r", ["mac", "lines"]),
        ("id,text\n1,a\rb\n2,c\n", ["a\rb", "c"]),
        ('text\n"one\ntwo"\nthree\n', ["one\ntwo", "three"]),
        ('id,text\n1,"' + "x\n" * 500 + 'end"\n2,b\n', ["x\n" * 500 + "end", "b"]),
    ],
)
def test_quoted_cells(tmp_path: Path, content: str, texts: list[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode())
    items, refusals = read(path)
    assert ([item.text for item in items], refusals) == (texts, [])


def test_a_row_that_cannot_be_split_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('id,text,n\n1,a,2\n2,"b,c" d,e,3\n4,x,y\n', encoding="utf-8")
    items, refusals = read(path)
    assert [item.id for item in items] == ["1", "4"]
    assert [refusal.row for refusal in refusals] == [2]


def test_rows_read_by_their_line_are_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('id,text\n1,a\n2,"open\n3,"b" c\n', encoding="utf-8")
    source = open_source(path)
    list(source.rows())
    list(source.rows())
    assert source.remarks() == ("rows whose quotes do not pair read by their line alone, from row 2 on (2×)",)
