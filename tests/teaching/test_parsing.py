"""A lesson is read from its file, and a broken one names its line."""

from __future__ import annotations

import pytest

from qlatent.teaching.figures import CircuitFigure, MapFigure
from qlatent.teaching.lesson import LessonError
from qlatent.teaching.parsing import parse
from qlatent.teaching.questions import ChoiceQuestion, GateQuestion

LESSON = """\
+++
title = "A lesson"
minutes = 3
after = ["say something"]
needs = ["acqua"]
+++

## First {#first}

Some text, and code that belongs to it:

```python
## no heading
```

```figure
kind = "map"
run = "acqua"
frame = 2
```

```question
kind = "choice"
ask = "Why?"
answer = "a"
explain = "Because."
[options]
a = "This"
b = "That"
```

More text.

## Second {#second}

Turn it.

```figure
kind = "bloch"
layout = "dressed"
angles = { "input 0" = 0.5 }
move = ["weight 0"]
```

```question
kind = "gate"
ask = "Turn."
fact = "goal_z"
given = { target = 0.0 }
explain = "It turns."
```
"""


def test_a_lesson_is_its_front_matter_and_its_steps() -> None:
    lesson = parse(LESSON, name="01-a")
    first, second = lesson.steps
    assert (lesson.id, lesson.title, lesson.about.minutes, lesson.about.needs, lesson.questions) == (
        "01-a", "A lesson", 3, ("acqua",), 2,
    )  # fmt: skip
    assert (first.id, first.title, first.line, first.figure_line, first.question_line) == (
        "first", "First", 8, 16, 22,
    )  # fmt: skip
    assert first.text.startswith("Some text") and "## no heading" in first.text
    assert first.text.endswith("More text.") and "kind" not in first.text
    assert first.figure == MapFigure(run="acqua", frame=2)
    assert isinstance(first.question, ChoiceQuestion) and list(first.question.options) == ["a", "b"]
    assert isinstance(second.question, GateQuestion) and second.question.given == {"target": 0.0}
    assert isinstance(second.figure, CircuitFigure) and second.figure.angles == {"input 0": 0.5}


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("+++\ntitle", "title", 1, "expected +++"),
        ("minutes = 3", "minutes = three", 3, "not TOML"),
        ("minutes = 3", "minutes = 300", 3, "less than or equal to 60"),
        ("minutes = 3", "minute = 3", 3, "unknown key 'minute'"),
        ('after = ["say something"]\n', "", 1, "after is missing"),
        ("## First {#first}", "## First", 8, "needs an id"),
        ("{#second}", "{#first}", 34, "that of line 8, too"),
        ("frame = 2", "frame = two", 19, "not TOML"),
        ("frame = 2", "frames = 2", 19, "did you mean 'frame'"),
        ('kind = "map"', 'kind = "mop"', 17, "did you mean 'map'"),
        ('kind = "map"\n', "", 16, "has no kind"),
        ('run = "acqua"\n', "", 16, "run is missing"),
        ('answer = "a"', 'answer = "c"', 22, "none of the options a, b"),
        ('answer = "a"\n', "", 22, "either a fact or an answer"),
        ("More text.", '```question\nkind = "gate"\n```', 32, "at most one question"),
        ("It turns.\"\n```\n", 'It turns."\n', 45, "not closed"),
        ("Turn it.", "", 34, "no text"),
        ("## First {#first}", "Hello.", 8, "before the first step"),
        ("angles = { \"input 0\" = 0.5 }", "angles = { \"input 0\" = 50 }", 41, "6.3"),
    ],
)  # fmt: skip
def test_what_does_not_belong_in_a_lesson_is_named_with_its_line(
    old: str, new: str, line: int, said: str
) -> None:
    assert LESSON.count(old) == 1
    with pytest.raises(LessonError) as caught:
        parse(LESSON.replace(old, new), name="01-a", file="01-a/lesson.md")
    assert f"01-a/lesson.md, line {line}: " in str(caught.value)
    assert said in str(caught.value) and caught.value.line == line


def test_a_file_without_steps_or_end_of_front_matter_says_so() -> None:
    for text, said in (
        ("", "expected +++"),
        ("+++\n", "has no +++ after it"),
        (LESSON[: LESSON.index("## First")], "no step"),
    ):
        with pytest.raises(LessonError, match=said.replace("+", r"\+")):
            parse(text, name="x")
