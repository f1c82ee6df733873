"""Every step of every lesson: its figure has data, its question is judged right and wrong as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from jupyter_client.blocking import BlockingKernelClient

from qlatent.errors import InputError
from qlatent.notebooks import OpenLesson, writing
from qlatent.services.hardware import listing as jobs
from qlatent.services.lessons import answering, figures, preparing, walking
from qlatent.services.lessons.library import library
from qlatent.services.lessons.manifest import manifest
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs import launchers, listing
from qlatent.services.workspaces import open_workspace
from qlatent.store.workspace import Workspace
from qlatent.teaching.answers import Answer
from qlatent.teaching.lesson import Step
from qlatent.teaching.questions import ChoiceQuestion
from tests.carried_out import in_process
from tests.launchers import LauncherDouble
from tests.notebooks.kernels import assert_runs, kernel, outputs, text

NEEDS = tuple(dict.fromkeys(name for lesson in library().lessons for name in lesson.about.needs))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the trainings of all lessons, carried out in this process."""
    with open_workspace(tmp_path_factory.mktemp("lessons") / "workspace") as workspace:
        with in_process():
            preparing.prepare(workspace, NEEDS)
        yield workspace


def step_of(lesson: str, step: str) -> Step:
    return library().lesson(lesson).step(step)


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [lesson.id for lesson in library().lessons])
def test_each_step_is_drawn_and_its_question_judged(prepared: Workspace, lesson: str) -> None:
    walked = walking.walk(prepared, [library().lesson(lesson)])
    assert (walked.lessons, walked.failed) == (1, ())
    assert walked.steps == len(library().lesson(lesson).steps)


@pytest.fixture(scope="module")
def jupyter(prepared: Workspace) -> Iterator[BlockingKernelClient]:
    """One kernel for all notebooks, whose first cells open their own lessons: libraries are loaded once."""
    with kernel(prepared.path) as client:
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [lesson.id for lesson in library().lessons])
def test_each_lesson_runs_as_a_notebook_that_judges_as_the_app_does(
    prepared: Workspace, jupyter: BlockingKernelClient, lesson: str
) -> None:
    cells = {
        cell.id: cell.source
        for cell in writing.notebook(library().lesson(lesson)).cells
        if cell.cell_type == "code"
    }
    assert_runs(outputs(jupyter, cells.pop("open")), "open")
    for step in library().lesson(lesson).steps:
        if step.figure is not None:
            assert_runs(outputs(jupyter, cells[f"{step.id}-figure"]), step.id)
        if step.question is not None:
            asked = cells[f"{step.id}-question"]
            shown = outputs(jupyter, asked)
            assert_runs(shown, asked)
            assert text(shown).startswith("**No answer yet.**") and step.question.ask in text(shown)
            right, wrong = walking.tried(step.question, answering.truth(prepared, step))
            for given, begins in ((right[0], "**Right: "), (wrong[0], "**Not quite. It is: ")):
                told = text(
                    outputs(jupyter, asked.replace("answer = ...", f"answer = {written(step, given)!r}"))
                )
                assert told.startswith(begins) and told.endswith(step.question.explain), step.id


@pytest.mark.slow
def test_a_seed_changes_only_what_is_learned(prepared: Workspace) -> None:
    with pytest.raises(InputError, match=r"No seed changes 'names': .* Leave the seed at 0"):
        OpenLesson(prepared, library().lesson("01-latent-space")).figure("numbers", seed=3)


def written(step: Step, answer: Answer) -> object:
    """An answer as a student writes it: the letter of an option."""
    if isinstance(step.question, ChoiceQuestion):
        return "ABCDEF"[list(step.question.options).index(str(answer))]
    return answer


@pytest.mark.slow
def test_nothing_is_trained_twice(prepared: Workspace) -> None:
    runs = len(prepared.catalogue.runs())
    told = preparing.readiness(prepared, NEEDS)
    assert told.ready and not told.failed
    with in_process():
        preparing.prepare(prepared, NEEDS)
    assert len(prepared.catalogue.runs()) == runs


def test_a_class_that_opens_a_lesson_at_one_moment_queues_its_training_once(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as workspace, launchers.using(LauncherDouble()):
        with ThreadPoolExecutor(4) as students:
            list(students.map(lambda _: preparing.prepare(workspace, ("names",)), range(4)))
        assert len(listing.list_runs(workspace)) == 1


@pytest.mark.slow
def test_jobs_are_those_of_the_training_and_scatter_as_the_shots_say(prepared: Workspace) -> None:
    told, rows = Stage(prepared, None), []
    latents = told.latents("entangled", frame=-1)["text"]
    for name, job in manifest().jobs.items():
        found = told.job(name)
        assert found.ids == told.ids("entangled")
        np.testing.assert_allclose(found.exact, latents, atol=1e-5)
        if job.device == "shots":  # ±1 with mean z has the variance 1 − z²
            error = np.sqrt(((found.expectations - found.exact) ** 2).mean())
            law = np.sqrt((1 - found.exact**2).mean() / job.shots)
            assert error == pytest.approx(law, rel=4 / np.sqrt(2 * found.exact.size))
            np.testing.assert_allclose(found.errors**2 * job.shots, 1 - found.expectations**2, atol=1e-9)
        rows.append(preparing.job_id(prepared, name))
    assert len(set(rows)) == len(rows)
    assert not jobs.unseen(prepared)  # jobs of lessons are no news on the page Hardware


def test_a_job_waits_for_its_training(tmp_path: Path) -> None:
    with (
        open_workspace(tmp_path / "workspace") as workspace,
        launchers.using(LauncherDouble()),
    ):
        preparing.prepare(workspace, ("shots_100",))
        preparing.go_on(workspace, ("shots_100",))
        assert [run.kind for run in workspace.catalogue.runs()] == ["train"]
        told = preparing.readiness(workspace, ("shots_100",))
        assert (told.total, told.finished, told.failed) == (2, 0, ())
        with pytest.raises(InputError, match="job 'shots_100' of this lesson is not there yet"):
            preparing.job_id(workspace, "shots_100")


@pytest.mark.slow
def test_a_fact_is_computed_from_the_state_that_the_figure_is_in(prepared: Workspace) -> None:
    step = step_of("03-qubits", "turn")
    assert not answering.check(prepared, step, {}).right
    assert answering.check(prepared, step, {"input 0": 0.5236}).right
    assert answering.check(prepared, step, {"input 0": 2.618}).right
    assert not answering.check(prepared, step, {"input 0": -0.5236}).right
    with pytest.raises(InputError, match="cannot be moved here"):
        answering.check(prepared, step, {"weight 0": 0.5})


def test_the_trainings_of_others_do_not_count_as_progress(tmp_path: Path, no_workers: LauncherDouble) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        preparing.prepare(workspace, ("separable",))  # another lesson's
        preparing.prepare(workspace, ("entangled", "names"))
        assert preparing.readiness(workspace, ("entangled", "names")).done == 0
        runs = {each.head: each.id for each in listing.list_runs(workspace)}
        workspace.run(runs["acqua_separable"]).write_status(state="running", step=150, steps=200)
        assert preparing.readiness(workspace, ("entangled", "names")).done == 0
        workspace.run(runs["acqua"]).write_status(state="running", step=50, steps=200)
        told = preparing.readiness(workspace, ("entangled", "names"))
        assert (told.done, told.finished, told.total, told.active) == (0.25, 0, 2, 2)


def test_a_training_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        assert not preparing.readiness(workspace, ("acqua", "circuit")).ready
        step = step_of("02-one-form", "four")
        assert step.figure is not None
        with pytest.raises(InputError, match=r"not there yet\. Prepare the lesson"):
            figures.shown(workspace, step.figure)
        with pytest.raises(InputError, match="did you mean 'acqua'"):
            preparing.prepare(workspace, ("aqua",))


def test_differences_are_paired_by_seed() -> None:
    values = {"acqua": (0.6, 0.7, 0.8), "pca": (0.5, 0.5, 0.5), "acqua_twin": (0.6, 0.8, None)}
    rows = [
        {"head": head, "objective": "", "dim": 4, "seed": seed, "metric": "spearman", "value": value}
        for head, of_seeds in values.items()
        for seed, value in enumerate(of_seeds)
    ]
    first, table = figures.differences(rows, ["spearman"])  # type: ignore[arg-type]
    column = table.iloc[:, 0]
    assert first == "CLIP-ACQUA" and list(table.index) == ["PCA", "CLIP-ACQUA, classical twin"]
    assert column["PCA"] == "+0.200 [-0.048, +0.448]"  # 0.2 ± 4.303 · 0.1 / √3
    assert (
        column["CLIP-ACQUA, classical twin"] == "-0.050 [-0.685, +0.585]"
    )  # of two seeds: 12.706 · 0.0707 / √2
