"""A lesson is a folder: one that a teacher makes, with data and a training of its own, works, and nothing else is
touched."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qlatent import worker
from qlatent.cli import main
from qlatent.errors import InputError
from qlatent.services.hardware import listing as jobs
from qlatent.services.lessons import answering, figures, folders, preparing, walking
from qlatent.services.lessons.folders import FILE, TRAININGS
from qlatent.services.lessons.library import library
from qlatent.services.lessons.manifest import manifest
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs import launchers, queue
from qlatent.services.runs.frames import Evolution
from qlatent.services.workspaces import open_workspace
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.teaching.answers import Quantity
from qlatent.teaching.lesson import LessonError
from tests.carried_out import in_process
from tests.launchers import LauncherDouble

LESSON = """+++
title = "Fruit"
minutes = 3
after = ["say what lies together"]
needs = ["flat", "names"]
+++

## Near {#near}

Three kinds of fruit, five numbers each.

```figure
kind = "map"
run = "flat"
colour = "label"
```

```question
kind = "point"
ask = "What is nearest to f0?"
fact = "nearest"
given = { of = "f0", modality = "vector" }
explain = "It is of the same kind."
```

## What is kept {#kept}

Two runs: one of this folder, one of the package.

```figure
kind = "map"
run = "names"
```

```question
kind = "number"
ask = "How many of the 5 nearest neighbours are kept by the two numbers?"
fact = "neighbours_kept"
given = { run = "flat", k = 5, modality = "vector" }
explain = "The map of this step is that of the names; the question is about the fruit."
```
"""
TRAINED = """[data.fruit]
title = "Fruit"
files = ["fruit.npz", "fruit.csv"]

[runs.flat]
title = "Two of five numbers"
data = "fruit"
head = "pca"
objective = "distance_correlation"
settings = { dim = 2 }
"""
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make the folder of a lesson with 45 items in a folder of one's own."""
    place = tmp_path / "lessons of mine"
    monkeypatch.setenv("QLATENT_LESSONS", str(place))
    settings.cache_clear()

    def folder(name: str = "fruit", *, text: str = LESSON, trained: str = TRAINED) -> Path:
        made = place / name
        made.mkdir(parents=True)
        rng = np.random.default_rng(1)
        vectors = np.repeat(np.eye(5)[:3], 15, axis=0) + 0.7 * rng.normal(size=(45, 5))
        np.savez(made / "fruit.npz", vector=vectors.astype(np.float32))
        rows = [f"f{n},{('apple', 'pear', 'plum')[n // 15]}" for n in range(45)]
        (made / "fruit.csv").write_text("\n".join(["id,label", *rows]), encoding="utf-8")
        (made / FILE).write_text(text, encoding="utf-8")
        (made / TRAININGS).write_text(trained, encoding="utf-8")
        return made

    yield folder
    settings.cache_clear()


def ids() -> list[str]:
    return [lesson.id for lesson in library().lessons]


def nearest(points: np.ndarray, k: int) -> np.ndarray:
    away = np.linalg.norm(points[:, None] - points[None], axis=2)
    return np.argsort(away, axis=1)[:, 1 : k + 1]


def broken(name: str) -> LessonError:
    (found,) = [each.error for each in library().broken if each.id == name]
    return found


def test_it_is_listed_prepared_drawn_and_answered(tmp_path: Path, make: Make) -> None:
    shipped = ids()
    make()
    assert ids() == sorted([*shipped, "fruit"])
    lesson = library().lesson("fruit")
    assert lesson.about.needs == ("fruit/flat", "names")  # its own, and one of the package
    with open_workspace(tmp_path / "workspace") as workspace:
        with in_process():
            preparing.prepare(workspace, lesson.about.needs)
        assert preparing.readiness(workspace, lesson.about.needs).ready
        assert walking.walk(workspace, [lesson]).failed == ()
        step = lesson.step("near")
        assert step.figure is not None
        shown = figures.shown(workspace, step.figure)
        assert isinstance(shown, Evolution) and len(shown.rows) == 45
        vectors = np.load(tmp_path / "lessons of mine/fruit/fruit.npz")["vector"]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)  # as heads get them
        near = nearest(vectors, 5)
        assert answering.check(workspace, step, f"f{near[0, 0]}").right
        assert not answering.check(workspace, step, "f44").right
        centred = vectors - vectors.mean(axis=0)
        flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
        kept = [len(set(one) & set(two)) for one, two in zip(near, nearest(flat, 5), strict=True)]
        truth = answering.truth(workspace, lesson.step("kept"))
        assert isinstance(truth, Quantity)  # the head saw only the items that it was trained on
        assert truth.value == pytest.approx(np.mean(kept), abs=0.1)
        (own,) = [each for each in workspace.catalogue.datasets() if each.name == "Fruit"]
        assert own.rows == 45


def test_the_command_line_sees_the_folder_in_the_workspace(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = tmp_path / "workspace"
    make()
    workspace.mkdir()
    (tmp_path / "lessons of mine").rename(
        workspace / "lessons"
    )  # before the workspace is opened the first time
    (workspace / "lessons/fruit-without-a-file").mkdir()
    monkeypatch.setenv("QLATENT_LESSONS", "")
    settings.cache_clear()

    def run(*arguments: str) -> tuple[int, dict[str, object], str]:
        sys.argv = ["qlatent", "lessons", *arguments, "--workspace", str(workspace), "--json"]
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        printed = capsys.readouterr()
        return code, json.loads(printed.out), printed.err

    code, told, warned = run("list")
    assert (
        code == 0
        and {"id": "fruit", "title": "Fruit", "minutes": 3, "steps": 2, "questions": 2} in told["lessons"]
    )  # type: ignore[operator]
    assert "fruit-without-a-file/lesson.md, line 1: there is no such file" in " ".join(warned.split())
    with in_process():
        assert run("prepare", "fruit")[:2] == (0, {"trainings": 2})
        assert run("check", "fruit")[:2] == (0, {"lessons": 1, "steps": 2, "questions": 2, "failed": []})
    assert "fruit" not in ids()  # of another workspace than that of the settings


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('head = "pca"', "head = ", 8, "this is not TOML"),
        ('head = "pca"', 'head = "pka"', 8, "pca"),
        ('objective = "distance_correlation"', 'objective = "distance"', 9, "distance_correlation"),
        ('data = "fruit"', 'data = "fruits"', 7, "did you mean 'fruit'"),
        ('data = "fruit"\n', "", 5, "runs.flat.data: is missing"),
        ("settings =", "setting =", 10, "runs.flat.setting: is not known here"),
        ('"fruit.npz"', '"fruit.npy"', 3, "'fruit.npy' is not in this folder"),
        ('"fruit.npz"', '"../../fruit.npz"', 3, "lies outside of the lesson's folder"),
        ('"fruit.npz"', '"/etc/hostname"', 3, "lies outside of the lesson's folder"),
        ('files = ["fruit.npz", "fruit.csv"]', "files = 7", 3, "data.fruit.files"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_trainings_is_named_with_its_line_and_the_others_work(
    make: Make, old: str, new: str, line: int, said: str
) -> None:
    make("good")
    make(trained=TRAINED.replace(old, new))
    assert "good" in ids() and "fruit" not in ids()
    error = broken("fruit")
    assert (error.file, error.line) == (f"fruit/{TRAININGS}", line)
    assert said in str(error)


def test_an_unknown_training_of_an_own_lesson_is_named_in_its_file(make: Make) -> None:
    make(text=LESSON.replace('run = "flat"', 'run = "flut"'))
    error = broken("fruit")
    assert (error.file, error.line) == (f"fruit/{FILE}", 12) and "flut" in str(error)


MEASURED = (
    TRAINED
    + """
[runs.turned]
data = "fruit"
head = "acqua"
objective = "distance_correlation"
settings = { qubits = 2, depth = 1, epochs = 1 }

[jobs.measured]
title = "50 shots"
run = "turned"
device = "shots"
shots = 50
"""
)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('run = "turned"', 'run = "turnt"', 20, "did you mean 'turned'"),
        ('device = "shots"', 'device = "ibm_fez"', 21, "'ibm_fez' does not compute here, without an account"),
        ("shots = 50", "shots = 0", 22, "this device needs shots"),
        ("shots = 50", "shots = -1", 22, "jobs.measured.shots"),
        ("shots = 50", 'shots = 50\nmitigation = "magic"', 23, "jobs.measured.mitigation"),
    ],
)
def test_a_mistake_in_a_job_is_named_with_its_line(
    make: Make, old: str, new: str, line: int, said: str
) -> None:
    make(trained=MEASURED.replace(old, new))
    error = broken("fruit")
    assert (error.file, error.line) == (f"fruit/{TRAININGS}", line)
    assert said in str(error)


def test_a_job_is_made_once_stopped_and_made_again_and_anew_with_other_settings(
    tmp_path: Path, make: Make
) -> None:
    folder, needs = make(trained=MEASURED), ("fruit/measured",)
    with open_workspace(tmp_path / "workspace") as workspace:
        with in_process():
            preparing.prepare(workspace, needs)
        told = preparing.readiness(workspace, needs)
        assert (told.total, told.ready) == (2, True)  # the training, too
        first = preparing.job_id(workspace, "fruit/measured")
        found = Stage(workspace, None, "fruit").job("measured")
        assert found.exact.shape == (45, 2)
        np.testing.assert_allclose(found.errors**2 * 50, 1 - found.expectations**2, atol=1e-9)
        with launchers.using(LauncherDouble()):
            (folder / TRAININGS).write_text(MEASURED.replace("shots = 50", "shots = 60"), encoding="utf-8")
            for _ in range(2):  # a second visitor does not start a second one
                preparing.prepare(workspace, needs)
            assert [job.state for job in jobs.jobs(workspace)] == ["created", "done"]
            assert preparing.readiness(workspace, needs).active == 1
            preparing.stop(workspace, needs)
            worker.work(workspace, workspace.run(jobs.jobs(workspace)[0].id))  # one that was about to begin
            told = preparing.readiness(workspace, needs)
            assert (told.active, told.failed) == (0, ("Lesson: 50 shots: cancelled",))
        with in_process():
            preparing.prepare(workspace, needs)
        assert preparing.readiness(workspace, needs).ready
        assert preparing.job_id(workspace, "fruit/measured") != first
        queue.remove(workspace, preparing.job_id(workspace, "fruit/measured"))
        assert not preparing.readiness(workspace, needs).ready
        with in_process():
            preparing.prepare(workspace, needs)  # one that was removed is made again
        assert preparing.readiness(workspace, needs).ready


def test_a_device_that_does_not_exist_is_named_with_its_line(tmp_path: Path, make: Make) -> None:
    make(trained=MEASURED.replace('"shots"', '"twin:fake_parix"'))
    with (
        open_workspace(tmp_path / "workspace") as workspace,
        in_process(),
        pytest.raises(InputError, match=r"line 18.*fake_parix.*did you mean 'fake_paris'"),
    ):
        preparing.prepare(workspace, ("fruit/measured",))


def test_a_file_that_comes_later_mends_the_lesson(make: Make) -> None:
    folder = make()
    content = (folder / "fruit.npz").read_bytes()
    (folder / "fruit.npz").unlink()
    assert "fruit.npz" in str(broken("fruit"))
    (folder / "fruit.npz").write_bytes(content)
    assert "fruit" in ids()


def test_two_folders_with_one_id(make: Make) -> None:
    make("03-qubits")
    assert library().lesson("03-qubits").title == "One qubit, then four"
    assert "there is a lesson with the id '03-qubits'" in str(broken("03-qubits"))
    assert "03-qubits/flat" not in manifest().names


@pytest.mark.parametrize(
    ("trained", "line", "said"),
    [
        (TRAINED.replace("dim = 2", "dims = 2"), 5, "dim"),
        (TRAINED.replace('"fruit.npz", "fruit.csv"', '"pictures.zip"'), 3, "rows cannot be used"),
    ],
)
def test_what_shows_only_when_it_is_prepared_names_the_line_too(
    tmp_path: Path, make: Make, trained: str, line: int, said: str
) -> None:
    folder = make(trained=trained)
    make("good")
    pictures_of_a_wrong_type(folder / "pictures.zip")
    with open_workspace(tmp_path / "workspace") as workspace, in_process():
        problems = preparing.prepare_each(workspace, [library().lesson(each) for each in ("fruit", "good")])
        assert list(problems) == ["fruit"]
        assert f"fruit/{TRAININGS}, line {line}: " in problems["fruit"] and said in problems["fruit"]
        with pytest.raises(InputError, match=f"line {line}"):
            preparing.prepare(workspace, library().lesson("fruit").about.needs)


def pictures_of_a_wrong_type(file: Path) -> None:
    """A zip of a picture and of a text that is called a picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("one.png", buffer.getvalue())
        archive.writestr("two.png", b"no picture at all")


def test_a_question_about_what_is_not_there_is_a_sentence(tmp_path: Path, make: Make) -> None:
    make(text=LESSON.replace('of = "f0"', 'of = "g0"'))
    with open_workspace(tmp_path / "workspace") as workspace, in_process():
        lesson = library().lesson("fruit")
        preparing.prepare(workspace, lesson.about.needs)
        (failed,) = walking.walk(workspace, [lesson]).failed
        assert failed.step == "near" and "'nearest' cannot be computed here with of = 'g0'" in failed.problem


def test_students_choose_no_folder(make: Make) -> None:
    """The folder comes from the environment of the server; no page has a field for it, and no link names one."""
    make()
    assert folders.own().name == "lessons of mine"
    with pytest.raises(InputError, match="no lesson"):
        library().lesson("../lessons of mine/fruit")


def test_changed_data_and_settings_are_trained_anew(tmp_path: Path, make: Make) -> None:
    folder = make()
    with Workspace.open(tmp_path / "workspace") as workspace, in_process():
        preparing.prepare(workspace, ["fruit/flat"])
        first = preparing.run_id(workspace, "fruit/flat")
        (folder / TRAININGS).write_text(TRAINED.replace("dim = 2", "dim = 3"), encoding="utf-8")
        with pytest.raises(InputError, match="not there yet"):
            preparing.run_id(workspace, "fruit/flat")
        preparing.prepare(workspace, ["fruit/flat"])
        assert preparing.run_id(workspace, "fruit/flat") != first
