"""A report's Markdown: what somebody named a thing is read letter by letter."""

from __future__ import annotations

from qlatent.report.document import Part, as_markdown

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
