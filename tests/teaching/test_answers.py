"""An answer is right within the tolerance that the spread gives, and one that cannot be an answer says why."""

from __future__ import annotations

import pytest

from qlatent.errors import InputError
from qlatent.teaching.answers import Chosen, Goal, Items, Quantity, in_words, judge, tolerance
from qlatent.teaching.questions import ChoiceQuestion, GateQuestion, NumberQuestion, PointQuestion

COMMON = {"ask": "?", "explain": "!", "fact": "some"}
NUMBER = NumberQuestion(**COMMON, unit="%", read_to=0.5)
CHOICE = ChoiceQuestion(**COMMON, options={"a": "This", "b": "That"})
POINT = PointQuestion(**COMMON)
GATE = GateQuestion(**COMMON)


@pytest.mark.parametrize(("spread", "allowed"), [(2.0, 2.0), (0.1, 0.5)])
def test_a_number_is_right_within_the_spread_or_what_can_be_read(spread: float, allowed: float) -> None:
    truth = Quantity(40.0, spread)
    assert tolerance(NUMBER, truth) == allowed
    for sign in (-1, 1):
        assert judge(NUMBER, truth, 40 + sign * allowed).right
        assert not judge(NUMBER, truth, 40 + sign * allowed * 1.001).right


@pytest.mark.parametrize("typed", ["40,5", " 40.5 % ", "40.5", 40.5])
def test_a_number_is_understood_as_people_write_it(typed: str | float) -> None:
    assert judge(NUMBER, Quantity(40.5), typed).right
    assert not judge(NUMBER, Quantity(-40.5), typed).right
    assert judge(NUMBER, Quantity(-1.0), "−1").right


@pytest.mark.parametrize("typed", ["", "many", "nan", "inf", "1.000,5"])
def test_what_is_not_a_number_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(InputError, match="is not a number"):
        judge(NUMBER, Quantity(1.0), typed)


def test_a_choice_and_a_point_are_right_if_the_fact_finds_them() -> None:
    assert judge(CHOICE, Chosen("a"), "a").right and not judge(CHOICE, Chosen("a"), "b").right
    with pytest.raises(InputError, match="none of the options"):
        judge(CHOICE, Chosen("a"), "c")
    items = Items(("cat", "wolf"), ("cat", "wolf", "piano"))
    assert judge(POINT, items, "wolf").right and not judge(POINT, items, "piano").right
    with pytest.raises(InputError, match="not on this map"):
        judge(POINT, items, "sofa")


def test_a_gate_is_right_at_its_goal() -> None:
    for value, right in ((-0.5, True), (-0.45, True), (-0.449, False)):
        assert judge(GATE, Goal(value, -0.5, 0.05, {"input 0": 0.52}), {}).right is right


def test_the_truth_is_told_in_words() -> None:
    assert in_words(NUMBER, Quantity(58.857, 5.16)) == "58.9 ± 5.2 %"
    assert in_words(NumberQuestion(**COMMON), Quantity(512.0)) == "512"
    assert in_words(CHOICE, Chosen("b")) == "That"
    assert (
        in_words(GATE, Goal(0.1, -0.5, 0.05, {"input 0": 0.52}))
        == "-0.500 ± 0.050, for example with input 0 = 0.52"
    )
