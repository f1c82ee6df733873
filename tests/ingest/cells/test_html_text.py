"""HTML descriptions are read as plain text with their links named."""

from __future__ import annotations

import csv
from html.parser import HTMLParser
from pathlib import Path
from typing import ClassVar

import pytest

from qlatent.ingest import open_source
from qlatent.ingest.cells.html_text import is_html, links, plain
from tests.ingest.builders import read


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Holds 300&nbsp;ml &amp; more</p>", "Holds 300 ml & more"),
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<ul><li>red</li><li>blue</li></ul>", "- red\n- blue"),
        ("<div>a\n  b</div>\r\n", "a b"),
        ("<table><tr><td>Size</td><td>M</td></tr></table>", "Size M"),
        ("<p>a</p><script>alert('<p>b</p>')</script><style>p {}</style>", "a"),
        ("<p>a<script>never closed", "a"),
        ("<!-- <p>hidden</p> --><p>a</p>", "a"),
        ("<p>a <img src=x alt='size chart'><img src=y></p>", "a [size chart]"),
        ("<p>1 < 2, <b>bold</b> and <unknown>x</unknown>", "1 < 2, bold and x"),
        ("<p>&lt;script&gt;</p>", "<script>"),
    ],
)
def test_it_says_what_a_browser_shows(html: str, text: str) -> None:
    assert plain(html) == text


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ('<a href="https://www.example.com/sizes?x=1">sizes</a>', "sizes (example.com/…)"),
        ('<a href="https://example.com">shop</a>', "shop (example.com)"),
        ('<a href="https://x.org/">x.org</a>', "x.org"),
        (
            '<a href="https://evil.example/login">https://bank.example</a>',
            "https://bank.example (evil.example/…)",
        ),
        ('<a href="mailto:a@b.example">write</a>', "write (a@b.example)"),
        ('<a href="javascript:alert(1)">go</a>', "go (javascript:alert(1))"),
        ('<a href="/local">in</a>', "in (/local)"),
        ('<a href="#top">up</a>', "up"),
        ('<a href="https://[bad">odd</a>', "odd (https://[bad)"),
        ('<a href="https://a.example/b"><img src=x></a>', "a.example/…"),
        ('<a href="https://a.example">one<a href="https://b.example">two', "one (a.example)two (b.example)"),
    ],
)
def test_a_link_is_named_by_where_it_leads(link: str, text: str) -> None:
    assert plain(link) == text


@pytest.mark.parametrize(
    "text",
    ["a < b & c", "<script>alert(1)</script>", "List<i> of vector<a>", "=1+1", "", "AT&amp;T", "<b", "x <p"],
)
def test_a_text_without_formatting_stays_as_it_is(text: str) -> None:
    assert plain(text) == text
    assert not is_html(text)
    assert links(text) == []


def test_addresses_are_kept_whole_and_once() -> None:
    html = (
        '<a href="https://a.example/b?c=1">x</a> <a href="#y">y</a> <a href="https://a.example/b?c=1">z</a>'
    )
    assert links(html) == ["https://a.example/b?c=1"]


@pytest.mark.parametrize("bad", ["<a b='", "</a ", "<!--", "<![CDATA[", "<a "])
def test_tags_that_never_end_are_text(bad: str) -> None:
    """html.parser alone looks at the rest of the text again for each of them, which takes a minute here."""
    assert plain("<p>" + bad * 20_000) == " ".join((bad * 20_000).split())


def test_a_column_of_html_is_imported_as_text_and_said(tmp_path: Path) -> None:
    rows = [
        [str(row), f"Mug {row}", f'<p>Blue, <a href="https://a.example/{row}">more</a></p>']
        for row in range(3)
    ]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["id", "title", "description"], *rows, ["9", "<script>x</script>", "plain"]]
        )
    items, refusals = read(tmp_path / "t.csv")
    assert not refusals
    assert [item.text for item in items] == [
        "Mug 0. Blue, more (a.example/…)", "Mug 1. Blue, more (a.example/…)", "Mug 2. Blue, more (a.example/…)",
        "<script>x</script>. plain",
    ]  # fmt: skip
    assert items[1].metadata == {"links": ["https://a.example/1"]}
    source = open_source(tmp_path / "t.csv")
    list(source.rows())
    assert source.remarks() == ("HTML in 'description' read as plain text, with its links named (3×)",)


def test_the_words_are_those_of_the_standard_library() -> None:
    class Words(HTMLParser):
        words: ClassVar[list[str]] = []

        def handle_data(self, data: str) -> None:
            self.words += data.split()

    html = "<h1>A <i>B</i></h1><p>c&eacute;d <span>e</span>f</p><ul><li>g</li></ul>"
    parser = Words()
    parser.feed(html)
    parser.close()
    assert plain(html).replace("- ", "").replace("ef", "e f").split() == parser.words
