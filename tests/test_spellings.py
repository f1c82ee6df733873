from __future__ import annotations

import pytest

from qlatent import spellings
from qlatent.errors import ConfigError


@pytest.mark.parametrize(("known", "key"), [({"dim"}, "dim"), ({"qubits"}, "qubits")])
@pytest.mark.parametrize("given", ["dim", "qubits"])
def test_either_word_for_the_width_becomes_the_known_one(given: str, known: set[str], key: str) -> None:
    assert spellings.current("settings", {"seed": 1, given: 4}, known=known) == {"seed": 1, key: 4}


def test_both_words_together_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"qubits=4 and dim=4: both name the same setting.*Give dim alone"):
        spellings.current("settings", {"qubits": 4, "dim": 4}, known={"dim"})


def test_a_key_that_neither_spelling_makes_known_stays() -> None:
    assert spellings.current("settings", {"qubits": 4}, known={"seed"}) == {"qubits": 4}


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [("kind", "retrieval", "retrieval_evaluation"), ("source", "relevance", "retrieval")],
)
def test_old_words_of_a_spec_are_read(key: str, old: str, new: str) -> None:
    assert spellings.current("spec", {key: old, "name": old}) == {key: new, "name": old}
    assert spellings.current("spec", {key: new}) == {key: new}
