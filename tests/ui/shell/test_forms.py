"""A widget a field, by its type and bounds; only what differs from the config is returned."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def drawn() -> None:
    from typing import Annotated, Literal

    import streamlit as st
    from pydantic import Field
    from pydantic.dataclasses import dataclass

    from qlatent.ui.shell import forms

    @dataclass(frozen=True)
    class Config:
        qubits: Annotated[int, Field(title="Qubits", description="How many.", ge=2, le=10)] = 4
        epochs: Annotated[int, Field(ge=1, le=100_000)] = 200
        rate: Annotated[float, Field(gt=0, le=10)] = 0.004
        order: Literal["first_a", "first_b"] = "first_a"
        many: Literal["a", "b", "c", "d", "e"] = "c"
        on: bool = True
        parts: tuple[Literal["image", "text"], ...] = ("image", "text")
        path: str | None = None

    st.session_state["values"] = forms.form(Config, list(forms.fields(Config)), key="f", given={"epochs": 30})


def test_fields_become_widgets_and_defaults_stay_unsaid() -> None:
    at = AppTest.from_function(drawn).run()
    assert not at.exception
    assert (at.slider(key="f_qubits").min, at.slider(key="f_qubits").max) == (2, 10)
    assert at.slider(key="f_qubits").label == "Qubits" and at.slider(key="f_qubits").help == "How many."
    assert at.number_input(key="f_epochs").value == 30
    assert at.selectbox(key="f_many").value == "c"
    assert at.session_state["values"] == {"epochs": 30}


def test_changed_fields_are_returned() -> None:
    at = AppTest.from_function(drawn).run()
    at.slider(key="f_qubits").set_value(6)
    at.toggle(key="f_on").set_value(False)
    at.number_input(key="f_rate").set_value(0.1)
    at.text_input(key="f_path").set_value("a/b")
    at.run()
    assert at.session_state["values"] == {"qubits": 6, "epochs": 30, "rate": 0.1, "on": False, "path": "a/b"}
