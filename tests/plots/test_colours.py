"""Colours and foreign text in figures."""

from __future__ import annotations

from qlatent.plots.colours import CATEGORIES, RAMP, grouped, plain


def test_only_the_most_frequent_labels_keep_their_name() -> None:
    assigned, groups = grouped(["a", "b", "a", None, "c", "b", "a"], top=2)
    assert groups == ["a", "b", "other"]
    assert assigned == ["a", "b", "a", "other", "other", "b", "a"]


def test_no_group_called_other_is_made_where_none_is_needed() -> None:
    assert grouped(["a", "a"])[1] == ["a"]


def test_foreign_text_loses_its_markup() -> None:
    assert plain("<a href='x'>$y$</a>\n z") == "&lt;a href=&#x27;x&#x27;&gt;&#36;y&#36;&lt;/a&gt; z"


def test_the_ramp_grows_lighter_all_along() -> None:
    def luminance(colour: str) -> float:
        red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2

    values = [luminance(colour) for _, colour in RAMP]
    assert values == sorted(values) and values[0] > 0.04
    assert [at for at, _ in RAMP] == sorted({at for at, _ in RAMP}) and len(set(CATEGORIES)) == 8
