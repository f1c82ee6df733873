"""Choices live in the URL; what is not there any more gives way."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def linked() -> None:
    import streamlit as st

    from qlatent.ui.shell import url_state

    url_state.refuse_gone("run", ["r1", "r2"], what="run")
    st.text(url_state.pick("Run", ["r1", "r2"], name="run"))


def test_a_link_to_what_is_gone_opens_nothing_else() -> None:
    at = AppTest.from_function(linked)
    at.query_params["run"] = "gone"
    at.run()
    assert not at.text and not at.selectbox
    assert "a run that does not exist here" in at.markdown[0].value and at.code[0].value == "gone"
    at.button(key="gone_run").click().run()
    assert [each.value for each in at.text] == ["r1"]
    assert chosen(at, "run") == "r1"


def test_what_this_tab_had_open_and_was_removed_gives_way() -> None:
    at = AppTest.from_function(linked)
    at.query_params["run"] = "r2"
    at.run()
    at.session_state["opened_run"] = "r3"
    at.query_params["run"] = "r3"
    at.run()
    assert [each.value for each in at.text] == ["r1"]
    assert [each.value for each in at.toast] == ["The run that was open here was removed."]


def picked() -> None:
    import streamlit as st

    from qlatent.ui.shell import url_state

    st.session_state["run"] = url_state.pick("Run", ["r1", "r2"], name="run")
    st.session_state["colour"] = url_state.switch(
        "colour", {"norm": "Norm", "label": "Label"}, label="Colour"
    )
    st.session_state["row"] = url_state.number("row")


def chosen(at: AppTest, name: str) -> str:
    return "".join(at.query_params.get(name, ""))


def test_the_url_decides_and_is_kept() -> None:
    at = AppTest.from_function(picked)
    at.query_params["run"], at.query_params["colour"], at.query_params["row"] = "r2", "label", "17"
    at.run()
    assert not at.exception
    assert (at.session_state["run"], at.session_state["colour"], at.session_state["row"]) == (
        "r2",
        "label",
        17,
    )
    assert chosen(at, "run") == "r2"


def test_an_id_that_is_gone_and_a_word_for_a_number_give_way() -> None:
    at = AppTest.from_function(picked)
    at.query_params["run"], at.query_params["row"] = "gone", "many"
    at.run()
    assert (at.session_state["run"], at.session_state["row"]) == ("r1", None)
    assert chosen(at, "run") == "r1"


def test_a_choice_goes_into_the_url() -> None:
    at = AppTest.from_function(picked).run()
    at.selectbox(key="pick_run").set_value("r2")
    at.segmented_control(key="switch_colour").set_value("label")
    at.run()
    assert (chosen(at, "run"), chosen(at, "colour")) == ("r2", "label")
    assert at.session_state["run"] == "r2"
