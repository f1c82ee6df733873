"""A report as Markdown and HTML: what somebody named a thing is read letter by letter."""

from __future__ import annotations

from html.parser import HTMLParser

import plotly.graph_objects as go

from qlatent.report.document import Part, as_html, as_markdown

HOSTILE = "**b** [a](http://evil.example) <script> `c` $x$ | _y_ www.evil.example"


def test_titles_headings_points_and_cells_are_escaped() -> None:
    part = Part(HOSTILE, HOSTILE, table=(("A", HOSTILE), ((HOSTILE, "1"),)), points=(HOSTILE,))
    text = as_markdown(HOSTILE, [part])
    escaped = "\\*\\*b\\*\\* \\[a\\](http\u2060://evil.example) "
    escaped += "\\<script\\> \\`c\\` \\$x\\$ \\| \\_y\\_ www\u2060.evil.example"
    assert text.count(escaped) == 6
    assert text.replace(escaped, "").count("evil") == 0


def test_a_link_that_begins_with_a_number_is_none() -> None:
    assert "[1\\](http" in as_markdown("[1](http://evil.example)", [])


def test_names_stay_and_what_is_best_stays_bold() -> None:
    text = as_markdown(
        "acqua_twin", [Part("", table=(("Head", "F1"), (("acqua_twin", "**0.5 [0.4, 0.6]**"),)))]
    )
    assert "# acqua_twin\n" in text
    assert r"| acqua_twin | **0.5 [0.4, 0.6]** |" in text


class _Read(HTMLParser):
    """The tags of a page, and its text without scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags[-1] not in ("script", "style"):
            self.texts.append(data)


def test_in_html_names_are_text_wherever_they_stand() -> None:
    part = Part(
        HOSTILE,
        HOSTILE,
        table=((HOSTILE,), ((HOSTILE,), (f"**{HOSTILE}**",))),
        points=(HOSTILE,),
        code=HOSTILE,
    )
    read = _Read(as_html(HOSTILE, [part]))
    assert read.texts.count(HOSTILE) == 9  # title, two headings, lead, three cells, point, code
    assert "script" not in read.tags
    assert read.tags.count("b") == 1


def test_a_page_loads_plotly_once_and_with_its_first_figure() -> None:
    figure = go.Figure(go.Scatter(y=[1, 2]))
    without = as_html("T", [Part("", "lead")])
    page = as_html("T", [Part("", "lead"), Part("A", figure=figure), Part("B", figure=figure)])
    assert "Plotly" not in without
    assert page.count("Plotly.newPlot(") >= 2
    assert len(page) < 1.5 * len(as_html("T", [Part("A", figure=figure)]))
    assert "src=" not in page.split("<body>")[1].split("<script")[0]
