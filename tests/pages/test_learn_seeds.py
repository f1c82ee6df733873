"""Training with a seed of one's own at a figure: alone and in a class, and the links to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from qlatent import worker
from qlatent.services.classes import joining, opening, trainings
from qlatent.services.classes.joining import Joined
from qlatent.services.classes.opening import Opened
from qlatent.services.lessons import preparing, variations
from qlatent.services.runs import listing, queue
from qlatent.services.workspaces import Workspace, open_workspace
from tests.carried_out import in_process
from tests.trained_lesson import FLAT, ID, LEARNED, lesson_in

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    path = tmp_path_factory.mktemp("seeds") / "workspace"
    with open_workspace(path) as workspace, lesson_in(path.parent / "lessons"):
        with in_process():
            preparing.prepare(workspace, (LEARNED, FLAT))
        yield workspace


@pytest.fixture
def page(prepared: Workspace, opened: Open) -> Iterator[Open]:
    yield lambda **choices: opened(prepared.path, "learn", **({"lesson": ID} | choices))
    for run in listing.list_runs(prepared):  # the next test begins with the lesson's trainings alone
        if "seed" in run.name:
            if run.active:
                queue.stop(prepared, run.id)
            queue.remove(prepared, run.id)


def seed(at: AppTest) -> str:
    value: Any = at.query_params["seed"]
    return str(value[0] if isinstance(value, list) else value)


def told(at: AppTest) -> str:
    return " ".join(
        str(each.value) + str(each.proto) for each in (*at.markdown, *at.caption, *at.error, *at.info)
    )


def has(at: AppTest, key: str) -> bool:
    return any(each.key == key for each in at.button)


def columns(at: AppTest) -> list[str]:
    """The trainings whose results are compared."""
    found = [each.value for each in at.dataframe if each.value.index.name == "Result"]
    return list(found[0].columns) if found else []


def train(at: AppTest, number: int) -> None:
    at.number_input(key="learn_seed").set_value(number).run()
    at.button(key="learn_train").click().run()


def test_a_seed_is_trained_shown_and_compared_with_that_of_the_lesson(
    prepared: Workspace, page: Open
) -> None:
    at = page(step="loss")
    assert seed(at) == "0" and not columns(at)
    with in_process():
        train(at, 7)
    at.run()
    assert seed(at) == "7" and columns(at) == ["Seed 0 (lesson)", "Seed 7"]
    assert "shown at once" not in told(at)
    at.button_group(key="learn_seed_shown").set_value(0).run()
    assert seed(at) == "0" and len(columns(at)) == 2  # it stays to be compared
    again = page(step="map", seed="7")  # another tab, another step: found again
    assert not again.error and columns(again) == ["Seed 0 (lesson)", "Seed 7"]
    assert "It had been trained here before" in told(again)


def test_while_it_waits_its_place_is_shown_and_it_can_be_cancelled(prepared: Workspace, page: Open) -> None:
    first = page(step="loss")
    train(first, 7)
    assert seed(first) == "7" and "Next in the queue" in told(first)
    assert "you see the training of the lesson" in told(first)
    train(first, 8)
    assert "has not ended yet" in told(first) and seed(first) == "7"
    again = page(step="loss", seed="7")  # the page was reloaded
    assert "Next in the queue" in told(again)
    again.button(key="learn_cancel").click().run()
    run = variations.find(prepared, LEARNED, 7)
    assert run and prepared.run(run.id).stop_requested() and seed(again) == "0"


def test_a_link_to_a_seed_that_is_not_trained_offers_to_train_it(prepared: Workspace, page: Open) -> None:
    at = page(step="map", seed="12")
    assert "Seed 12 has not been trained here yet" in told(at) and not columns(at)
    with in_process():
        at.button(key="learn_train_missing").click().run()
    at.run()
    assert columns(at) == ["Seed 0 (lesson)", "Seed 12"] and "has not been trained" not in told(at)
    for wrong in ("-1", "10000", "one"):
        assert "asks for seed" in told(page(step="map", seed=wrong)).replace("\\", "")
    assert "asks for seed" in told(page(step="flat", seed="1")).replace("\\", "")
    assert not has(page(step="flat"), "learn_train")


def test_the_question_is_about_the_training_of_the_lesson(page: Open) -> None:
    assert "with which the step begins" not in told(page(step="map"))
    assert "with which the step begins" in told(page(step="map", seed="5"))


@pytest.fixture
def room(prepared: Workspace, page: Open) -> Opened:
    return opening.open_class(
        prepared, name="Physics", lesson=ID, step="loss", address="http://10.0.0.5:8501"
    )


def test_in_a_class_one_trains_and_the_others_see_it_at_once(
    prepared: Workspace, page: Open, room: Opened
) -> None:
    mia, bo = (joining.join(prepared, room.record.code, name) for name in ("Mia", "Bo"))

    def of(who: Joined) -> AppTest:
        return page(lesson="", **{"class": room.record.code, "me": who.secret})

    at = of(mia)
    train(at, 7)
    assert "Next in the queue" in told(at) and "Next in the queue" in told(of(mia))  # on another device, too
    train(at, 8)
    assert "has not ended yet" in told(at)
    teacher = page(lesson="", **{"class": room.record.code, "teacher": room.secret})
    assert "Their trainings: 0 running, 1 waiting" in told(teacher)
    (run,) = trainings.own(prepared, mia.student)
    worker.work(prepared, prepared.run(run.id))
    assert columns(of(mia)) == ["Seed 0 (lesson)", "Seed 7"] and "shown at once" not in told(of(mia))
    other = of(bo)
    assert not columns(other)  # hers is hers until he asks for it
    train(other, 7)
    assert columns(other) == ["Seed 0 (lesson)", "Seed 7"]
    assert "Somebody in your class had trained it before, so it was shown at once" in told(other)
    assert len([each for each in listing.list_runs(prepared) if "seed 7" in each.name]) == 1
