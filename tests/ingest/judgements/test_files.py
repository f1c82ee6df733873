"""Queries, judgements and runs in the formats of test collections, including real ones."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.ingest import open_source
from qlatent.ingest.judgements.files import read_judgements, read_queries, read_run
from qlatent.types import Refusal


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.tsv", "1\tfirst one\n2\tsecond\n"),
        ("q.tsv", "query_id\ttext\r\n1\tfirst one\r\n\r\n2\tsecond\r\n"),
        ("q.csv", 'id,text\n1,"first one"\n2,second\n'),
        ("q.jsonl", '{"_id": "1", "text": "first one"}\n{"qid": 2, "query": "second"}\n'),
        ("q.tsv.gz", "1\tfirst one\n2\tsecond\n"),
    ],
)
def test_queries_of_every_form(tmp_path: Path, name: str, text: str) -> None:
    assert read_queries(written(tmp_path, name, text)).texts == {"1": "first one", "2": "second"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qrels.txt", "1 0 a 2\n1 0 b 0\n2 0 a 1\n"),
        ("qrels.tsv", "1\ta\t2\n1\tb\t0\n2\ta\t1\n"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\n1\ta\t2\n1\tb\t0\n2\ta\t1\n"),
        ("qrels.csv", "q,d,gain\n1,a,2\n1,b,0\n2,a,1\n"),
    ],
)
def test_judgements_of_every_form(tmp_path: Path, name: str, text: str) -> None:
    assert read_judgements(written(tmp_path, name, text)).gains == {"1": {"a": 2, "b": 0}, "2": {"a": 1}}


def test_pairs_of_ids_count_as_relevant(tmp_path: Path) -> None:
    assert read_judgements(written(tmp_path, "m.csv", "idAbt,idBuy\n1,a\n2,b\n")).gains == {
        "1": {"a": 1},
        "2": {"b": 1},
    }


@pytest.mark.parametrize(
    "text",
    ["1 Q0 b 2 3.5 bm25\n1 Q0 a 1 9 bm25\n2 Q0 c 1 1 bm25\n", "1\tb\t2\t3.5\n1\ta\t1\t9\n2\tc\t1\t1\n",
     "q\td\trank\tscore\n1\ta\t1\t9\n1\tb\t2\t3.5\n2\tc\t1\t1\n"],
)  # fmt: skip
def test_runs_come_in_the_order_of_their_ranks(tmp_path: Path, text: str) -> None:
    assert read_run(written(tmp_path, "run.tsv", text)).documents == {"1": ["a", "b"], "2": ["c"]}


def test_omissions_are_counted(tmp_path: Path) -> None:
    assert read_queries(written(tmp_path, "q.tsv", "1\tone\n2\t \n")).notes == (
        "1 queries without a text left out",
    )
    assert read_judgements(written(tmp_path, "j.tsv", "1\ta\t1\n1\ta\t1\n")).notes == (
        "1 judgements repeated",
    )
    run = read_run(written(tmp_path, "r.tsv", "1\ta\t1\t9\n1\ta\t2\t8\n"))
    assert (run.documents, run.notes) == ({"1": ["a"]}, ("1 documents repeated for a query",))


@pytest.mark.parametrize(
    ("read", "name", "text", "said"),
    [
        (read_queries, "q.tsv", "1\ta\n1\tb\n", "1 query ids occur more than once; the first is '1'"),
        (read_queries, "q.tsv", "lonely\n", "line 1: has 1 column"),
        (read_queries, "q.jsonl", '{"id": 1}\n', "line 1: has no id or no text"),
        (read_queries, "q.jsonl", "{\n", "line 1: is not valid JSON"),
        (read_queries, "q.tsv", "1\t \n", "no query with a text"),
        (read_judgements, "j.tsv", "1\ta\t1\n1\ta\t2\n", "line 2: judges 'a' for query '1' again, 1 and 2"),
        (read_judgements, "j.tsv", "1\ta\t1\n2\tb\tgood\n", "line 2: has the gain 'good'"),
        (read_judgements, "j.tsv", "1\ta\n", "line 1: has 2 columns"),
        (read_judgements, "j.tsv", "q\td\tgain\n", "holds no judgements"),
        (
            read_judgements,
            "j.csv",
            "query,positive,negative\na,b,b\n",
            "row 1: 'b' is a positive and a negative of one",
        ),
        (read_judgements, "j.csv", "query,positive\n,b\n", "holds no triples"),
        (read_run, "r.tsv", "1\ta\t1\n", "line 1: has 3 columns"),
        (read_run, "r.tsv", "1\ta\t1\t2\n1\tb\tx\t2\n", "line 2: has the rank 'x'"),
        (read_run, "absent.tsv", None, "There is no file"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, read, name: str, text: str | None, said: str) -> None:
    path = tmp_path / name if text is None else written(tmp_path, name, text)
    with pytest.raises(InputError, match=said):
        read(path)


def test_real_collections(shared_data: Path) -> None:
    cranfield, cisi, deep = (shared_data / f"retrieval-{name}" for name in ("cranfield", "cisi", "dl19"))
    assert len(read_queries(cranfield / "queries.tsv").texts) == 225
    assert read_judgements(cranfield / "qrels.tsv").count == 1837
    assert len(read_judgements(cisi / "qrels.tsv").gains) == 76
    full = read_judgements(deep / "qrels_full.tsv")
    assert (len(full.gains), full.count) == (43, 9260)
    assert {len(each) for each in read_run(deep / "bm25_top100.tsv").documents.values()} == {100}
    assert read_judgements(shared_data / "listings-abt-buy" / "matches.csv").count == 1097


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "anchor,positive,negative\na b,c,d\na b,e,\n"),
        ("t.tsv", "Query\tpositive\tnegative_1\na b\tc\td\na b\te\t\n"),
        ("t.jsonl", '{"query": " a b", "positive": ["c", "e"], "negatives": ["d"]}\n'),
        ("t.csv.gz", "query,positive,negative\na b,c,d\na b,e,d\n"),
    ],
)
def test_triples_judge_texts(tmp_path: Path, name: str, text: str) -> None:
    path = written(tmp_path, name, text)
    assert read_judgements(path).gains == {"a b": {"c": 1.0, "d": 0.0, "e": 1.0}}
    source = open_source(path)
    items = list(source.rows())
    assert {item.text: item.id for item in items} == {
        text: f"text-{number}"
        for number, text in enumerate(
            ["a b", "c", "d", "e"] if "jsonl" not in name else ["a b", "c", "e", "d"], 1
        )
    }
    assert any("triples" in note for note in source.notes)


def test_triples_that_lack_a_part_are_counted_and_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "t.csv", "query,positive,negative\na,b,c\n,b,c\nd,,c\n")
    found = read_judgements(path)
    assert found.gains == {"a": {"b": 1.0, "c": 0.0}}
    assert found.notes == ("2 rows without a query or a positive left out",)
    rows = list(open_source(path).rows())
    assert [(row.row, row.reason) for row in rows if isinstance(row, Refusal)] == [
        (2, "has no query"),
        (3, "has no positive"),
    ]


@pytest.mark.parametrize("gain", ["nan", "NaN", "inf", "-inf", "1e999", "9" * 400, "one"])
def test_a_gain_that_is_no_finite_number_is_refused_in_every_line(tmp_path: Path, gain: str) -> None:
    path = written(tmp_path, "qrels.tsv", f"q1\td1\t1\nq1\td2\t{gain}\nq1\td2\t{gain}\n")
    with pytest.raises(InputError, match=rf"qrels\.tsv, line 2: has the gain '{gain}', expected a number"):
        read_judgements(path)


def test_a_rank_that_is_no_finite_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 2: has the rank 'nan', expected a number"):
        read_run(written(tmp_path, "run.txt", "q1 Q0 d1 1 0.5 tag\nq1 Q0 d2 nan 0.5 tag\n"))


@pytest.mark.parametrize("read", [read_judgements, read_queries, read_run])
def test_a_quote_that_is_not_closed_is_an_error_with_its_line(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    path = written(tmp_path, "t.csv", 'id,text,a,b\nq0,d0,1,1\nq1,"d1,2,1\n' + "q2,d2,3,1\n" * 20_000)
    with pytest.raises(InputError, match=r"t\.csv, line \d+: .*"):
        read(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[" * 100_000, "is not JSON that can be read .nested more than 64 levels deep"),
        ('{"id": ' + "9" * 5000 + ', "text": "x"}', "is not JSON that can be read .Exceeds the limit"),
        ('{"id": 1', "is not valid JSON .Expecting"),
    ],
)
def test_unrepresentable_json_is_an_error_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, "q.jsonl", '{"id": "1", "text": "first"}\n' + line + "\n")
    with pytest.raises(InputError, match=rf"q\.jsonl, line 2: {said}"):
        read_queries(path)
    with pytest.raises(InputError):
        read_judgements(written(tmp_path, "j.jsonl", line))


def test_halves_of_surrogate_pairs_can_be_kept(tmp_path: Path) -> None:
    found = read_queries(written(tmp_path, "q.jsonl", r'{"id": "q\ud800", "text": "a\udc00"}'))
    assert found.texts == {"q\ufffd": "a\ufffd"}


def test_cells_of_a_csv_may_stand_on_several_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "q.csv", 'id,text\n1,"first\n\none"\n\n2,second\n')
    assert read_queries(path).texts == {"1": "first\n\none", "2": "second"}
