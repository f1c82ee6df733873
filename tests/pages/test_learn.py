"""The page Learn: the list, steps with their questions, and links that reopen a step or are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from qlatent import worker
from qlatent.services.experiments import side_by_side
from qlatent.services.lessons import answering, preparing, walking
from qlatent.services.lessons.folders import FILE
from qlatent.services.lessons.library import library
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs import launchers
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.ui.latent_map import cameras
from qlatent.ui.learn import alone, links, preparation
from tests.carried_out import in_process
from tests.launchers import LauncherDouble
from tests.pages.conftest import Furnished

Open = Callable[..., AppTest]
QUBITS = "03-qubits"  # its steps with a circuit of a layout need no training


@pytest.fixture
def lesson(furnished: Furnished, opened: Open, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a step that needs no training on a workspace without the lessons' data."""
    monkeypatch.setattr(preparation, "prepared", lambda *_: True)

    def page(step: str, lesson: str = QUBITS, **choices: str) -> AppTest:
        return opened(furnished.workspace.path, "learn", lesson=lesson, step=step, **choices)

    return page


def words(at: AppTest) -> str:
    return " ".join(
        str(each.value) + str(each.proto) for each in (*at.error, *at.warning, *at.success, *at.info)
    )


def told(at: AppTest) -> str:
    return " ".join(each.value for each in at.caption)


def by_seed(at: AppTest) -> Any:
    """The table of an experiment's results seed by seed."""
    return next(each.value for each in at.dataframe if "Seed 0" in each.value.columns)


def address(at: AppTest) -> dict[str, Any]:
    return {name: value[0] if isinstance(value, list) else value for name, value in at.query_params.items()}


def test_the_list_has_every_lesson_and_says_where_answers_are_kept(
    furnished: Furnished, opened: Open
) -> None:
    at = opened(furnished.workspace.path, "learn")
    shown = [each.value for each in at.subheader]
    assert [each.split(" · ")[0] for each in shown] == [str(n + 1) for n in range(len(library().lessons))]
    assert any("this browser tab only" in each.value for each in at.caption)


def test_each_lesson_can_be_downloaded_as_a_notebook(furnished: Furnished, opened: Open) -> None:
    at = opened(furnished.workspace.path, "learn")
    keys = [each.key for each in at.get("download_button")]
    assert keys == [f"learn_notebook_{lesson.id}" for lesson in library().lessons]


def test_a_broken_lesson_says_its_line_and_the_others_work(
    furnished: Furnished, opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in (
        ("01-good", '+++\ntitle = "Good"\nminutes = 1\nafter = ["read"]\n+++\n\n## One {#one}\n\nText.\n'),
        ("02-bad", "+++\ntitle = \n+++\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / FILE).write_text(text, encoding="utf-8")
    monkeypatch.setattr(alone, "library", lambda: library(tmp_path))
    at = opened(furnished.workspace.path, "learn")
    assert len(at.subheader) == 1
    assert "line 2" in words(at)
    at.button(key="learn_open_01-good").click().run()
    assert at.markdown[0].value == "Text." and address(at)["step"] == "one"


def test_a_number_is_right_wrong_or_none(lesson: Open) -> None:
    at = lesson("rest")
    at.text_input[0].set_value("a half")
    at.button(key="learn_answer").click().run()
    assert "is not a number" in words(at)
    assert not at.success and not at.warning
    at.text_input[0].set_value("0,9")
    at.button(key="learn_answer").click().run()
    assert "Not quite" in words(at) and not at.text_input  # one answer
    at = lesson("rest")
    at.text_input[0].set_value("0.5")
    at.button(key="learn_answer").click().run()
    assert "Right" in words(at) and not at.warning


def test_a_choice_has_letters_and_shapes_and_is_judged(lesson: Open) -> None:
    at = lesson("which")
    assert [each[:7] for each in at.radio[0].options] == ["**A** ▲", "**B** ◆", "**C** ●", "**D** ■"]
    at.button(key="learn_answer").click().run()
    assert "Choose one" in at.error[0].value
    at.radio[0].set_value("weights")
    at.button(key="learn_answer").click().run()
    assert "Not quite" in words(at)
    at.button(key="learn_all").click().run()
    assert any("1 of 8 questions answered, 0 right" in str(each.proto) for each in at.get("progress"))


def test_a_gate_is_moved_until_its_goal_and_the_link_follows(lesson: Open) -> None:
    at = lesson("turn")
    assert address(at) == {"v": "1", "lesson": QUBITS, "step": "turn", "gate": "-1", "angles": "input 0:0"}
    at.slider[0].set_value(0.3).run()
    assert not at.success and address(at)["angles"] == "input 0:0.3"
    at.slider[0].set_value(0.52).run()
    assert "Right" in words(at)
    again = lesson("turn", **{name: address(at)[name] for name in ("v", "gate", "angles")})
    assert again.slider[0].value == 0.52


def test_gradients_are_shown_for_the_circuit_that_is_chosen_and_the_link_follows(lesson: Open) -> None:
    at = lesson("separable", "09-flat")
    assert "8: 0.0053." in told(at)
    at.segmented_control(key="learn_gradients_layout").set_value("product").run()
    assert "8: 0.49." in told(at)  # the mean of sin² is a half, however many qubits there are
    state = {name: address(at)[name] for name in ("layout", "layers", "by")}
    assert state == {"layout": "product", "layers": "10", "by": "qubits"}
    again = lesson("separable", "09-flat", **state)
    assert again.segmented_control(key="learn_gradients_layout").value == "product"
    assert "asks for layout" in words(lesson("separable", "09-flat", **state | {"layout": "ring9"}))


@pytest.mark.slow
def test_views_are_compared_as_the_person_chooses_and_the_link_follows(
    prepared: Workspace, opened: Open
) -> None:
    lesson = "06-contrast"
    at = opened(prepared.path, "learn", lesson=lesson, step="nothing")
    began = {"item": "mug-27", "by": "vector", "at": "end", "temperature": "0.07"}
    assert {name: address(at)[name] for name in began} == began
    at.select_slider(key="learn_views_temperature").set_value(100.0).run()
    assert address(at)["temperature"] == "100" and not at.error
    at.selectbox(key="learn_views_item").set_value("mug-1").run()
    again = opened(prepared.path, "learn", **address(at))
    assert again.select_slider(key="learn_views_temperature").value == 100
    assert again.selectbox(key="learn_views_item").value == "mug-1"
    for choices in ({"temperature": "0"}, {"temperature": "warm"}, {"by": "colour"}, {"at": "1"}):
        at = opened(prepared.path, "learn", lesson=lesson, step="nothing", **choices)
        assert f"{next(iter(choices))} = " in words(at).replace("\\", "")
    at = opened(prepared.path, "learn", lesson=lesson, step="nothing", item="mug-2")
    assert "No views of" in words(at)
    at.button(key="learn_begin").click().run()
    assert not at.error


def test_next_and_back_lead_through_the_steps(lesson: Open) -> None:
    at = lesson("rest")
    assert at.button(key="learn_back").disabled
    at.button(key="learn_next").click().run()
    assert address(at)["step"] == "turn"
    assert "step 2 of 8" in at.caption[0].value


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"v": "2"}, "version"),
        ({"angles": "input 0:7"}, "angles"),
        ({"angles": "weight 0:1"}, "angles"),
        ({"gate": "99"}, "gate"),
        ({"gate": "first"}, "gate"),
        ({"frame": "3"}, "frame"),
        ({"step": "nowhere"}, "no step"),
        ({"lesson": "99-none"}, "no lesson"),
    ],
)  # fmt: skip
def test_a_link_to_what_a_step_does_not_have_is_refused(
    lesson: Open, choices: dict[str, str], said: str
) -> None:
    at = lesson(**{"step": "turn"} | choices)
    assert said in words(at)
    key = "learn_begin" if choices == {"gate": "99"} else "learn_all"
    at.button(key=key).click().run()
    assert not at.error


def test_what_a_lesson_needs_is_stopped_and_gone_on_with(tmp_path: Path, opened: Open) -> None:
    with launchers.using(LauncherDouble()), open_workspace(tmp_path / "mine") as workspace:
        at = opened(workspace.path, "learn", lesson="08-noise", step="noise")
        assert any("0 of 6 runs finished" in str(each.proto) for each in at.get("progress"))
        at.button(key="learn_stop").click().run()
        (run,) = workspace.catalogue.runs()  # jobs wait for their training
        worker.work(workspace, workspace.run(run.id))  # it was about to begin
        at.run()
        assert "entangled" in words(at) and "stopped" in words(at)
        at.button(key="learn_retry").click().run()
        assert workspace.run(run.id).status().state == "queued"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the trainings of all lessons."""
    with open_workspace(tmp_path_factory.mktemp("learn") / "workspace") as workspace:
        with in_process():
            preparing.prepare(workspace, {name for each in library().lessons for name in each.about.needs})
        yield workspace


@pytest.mark.slow
@pytest.mark.parametrize("name", [each.id for each in library().lessons])
def test_every_step_is_drawn_and_its_link_reopens_it(prepared: Workspace, opened: Open, name: str) -> None:
    for step in library().lesson(name).steps:
        at = opened(prepared.path, "learn", lesson=name, step=step.id)
        assert not at.error, (step.id, words(at))
        kind = step.figure.kind if step.figure else ""
        assert set(address(at)) == {*links.PLACE, *links.FIELDS.get(kind, ())}, step.id
        again = opened(prepared.path, "learn", **address(at))
        assert not again.error and address(again) == address(at), step.id


@pytest.mark.slow
def test_a_point_is_answered_with_the_item_that_a_link_opens(prepared: Workspace, opened: Open) -> None:
    step = library().lesson("01-latent-space").step("near")
    assert step.question is not None
    right, wrong = walking.tried(step.question, answering.truth(prepared, step))
    for answer, said in ((right[0], "Right"), (wrong[0], "Not quite")):
        at = opened(prepared.path, "learn", lesson="01-latent-space", step="near", item=str(answer))
        at.button(key="learn_answer").click().run()
        assert said in words(at)


@pytest.mark.slow
def test_the_number_of_seeds_is_chosen_and_the_question_stays_about_all(
    prepared: Workspace, opened: Open
) -> None:
    at = opened(prepared.path, "learn", lesson="05-circuit", step="wins")
    assert at.button_group(key="learn_table_seeds").value == 5
    assert len(by_seed(at).columns) == 5 and "with which the step begins" not in told(at)
    at.button_group(key="learn_table_seeds").set_value(2).run()
    assert address(at)["seeds"] == "2" and len(by_seed(at).columns) == 2
    assert "with which the step begins" in told(at)
    at.text_input[0].set_value("3")  # of five seeds
    at.button(key="learn_answer").click().run()
    assert "Right" in words(at)


@pytest.mark.slow
def test_the_camera_of_linked_maps_stands_in_the_link(prepared: Workspace, opened: Open) -> None:
    at = opened(prepared.path, "learn", lesson="04-entanglement", step="beside")
    assert address(at)["camera"] == links.NONE
    first = side_by_side.positions(
        side_by_side.side_by_side(
            prepared, [(preparing.run_id(prepared, name), name) for name in ("entangled", "separable")]
        )
    )[0]
    camera = cameras.written(first, {"x": 5.0, "y": -3.0, "zoom": 2})
    at = opened(prepared.path, "learn", lesson="04-entanglement", step="beside", camera=camera)
    assert not at.error and address(at)["camera"] == camera
    at = opened(prepared.path, "learn", lesson="04-entanglement", step="beside", camera="1234abcd_x1")
    assert "asks for camera" in words(at)


@pytest.mark.slow
def test_the_way_of_one_item_has_its_numbers_and_the_link_keeps_its_stage(
    prepared: Workspace, opened: Open
) -> None:
    at = opened(
        prepared.path, "learn", lesson="08-noise", step="noise", item="cat", frame="1", colour="moved"
    )
    assert not at.error and address(at)["frame"] == "1" and address(at)["item"] == "cat"
    values = next(each.value for each in at.dataframe if "Exact" in each.value)
    found = Stage(prepared, None).job("shots_100")
    place = found.ids.index("cat")
    wanted = [
        f"{z:.3f} ± {off:.3f}" for z, off in zip(found.expectations[place], found.errors[place], strict=True)
    ]
    assert list(values["100 shots"]) == wanted
    assert list(values["Exact"]) == [f"{z:.3f}" for z in found.exact[place]]
    assert any("The ellipse holds 95 %" in each.value for each in at.caption)
    at = opened(prepared.path, "learn", lesson="08-noise", step="noise", item="cat", frame="0")
    assert not any("The ellipse" in each.value for each in at.caption)  # exact places have none


@pytest.mark.slow
@pytest.mark.parametrize(("lesson", "step"), [("02-one-form", "four"), ("08-noise", "hundred")])
@pytest.mark.parametrize(
    "choices", [{"frame": "999"}, {"item": "nobody"}, {"camera": "x1"}, {"colour": "red"}]
)
def test_a_state_that_a_map_does_not_have_is_refused(
    prepared: Workspace, opened: Open, lesson: str, step: str, choices: dict[str, str]
) -> None:
    at = opened(prepared.path, "learn", lesson=lesson, step=step, **choices)
    assert f"{next(iter(choices))} = " in words(at).replace("\\", "")
