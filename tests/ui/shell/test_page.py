"""What goes wrong becomes a card: the person's errors in their words, ours as ours."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def refused() -> None:
    from qlatent.errors import InputError
    from qlatent.ui.shell import page

    with page.guarded():
        raise InputError("The file **x** is empty.", remedy="Choose [another](http://a.b).")


def broken() -> None:
    import streamlit as st

    from qlatent.ui.shell import page

    @page.fragment
    def part() -> None:
        raise ZeroDivisionError("at the 13th hour")

    part()
    st.text("the rest")


def test_an_error_that_people_are_meant_to_read_is_shown_without_markup() -> None:
    at = AppTest.from_function(refused).run()
    assert not at.exception
    assert at.error[0].value == "Choose \\[another\\]\\(http\u2060\\:\\/\\/a\\.b\\)\\."


def test_a_bug_in_one_part_is_owned_and_leaves_the_rest() -> None:
    at = AppTest.from_function(broken).run()
    assert not at.exception
    assert at.error[0].icon == ":material/bug_report:"
    assert "13th hour" in at.code[0].value
    assert at.text[0].value == "the rest"
