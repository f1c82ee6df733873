"""The shipped lessons can be read; a broken folder leaves the others as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.services.lessons.folders import DATA, FILE, LESSONS
from qlatent.services.lessons.library import library
from qlatent.services.lessons.manifest import manifest
from qlatent.teaching.lesson import LessonError


def test_every_shipped_lesson_is_read_and_takes_ten_minutes_at_most() -> None:
    found = library()
    assert found.broken == ()
    assert [lesson.id for lesson in found.lessons] == sorted(
        path.parent.name for path in LESSONS.glob(f"*/{FILE}")
    )
    assert all(lesson.about.minutes <= 10 and lesson.questions for lesson in found.lessons)


def test_the_manifest_names_files_that_are_shipped_and_small() -> None:
    files = [DATA / file for data in manifest().data.values() for file in data.files]
    assert sum(file.stat().st_size for file in files) < 2**20
    for each in (*manifest().runs.values(), *manifest().experiments.values()):
        assert each.data in manifest().data
    for job in manifest().jobs.values():
        assert job.run in manifest().runs and job.device.partition(":")[0] in (
            "exact",
            "shots",
            "twin",
        )  # offline
    assert manifest().with_trainings(["noise", "shots_100"]) == ("entangled", "noise", "shots_100")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('run = "pairs"', 'run = "pears"', None, "did you mean 'pairs'"),
        ('needs = ["names", "names_flat", "pairs"]', 'needs = ["names", "names_flat"]', None, "not among the needs"),
        ('fact = "width"', 'fact = "with"', None, "did you mean 'width'"),
        ('fact = "width"', 'fact = "clouds"', None, "no fact for a number"),
        ('given = { of = "dog", k = 3 }', 'given = { k = 3 }', None, "needs 'of'"),
        ('given = { of = "dog", k = 3 }', 'given = { of = "dog", n = 3 }', None, "takes no 'n'"),
    ],
)  # fmt: skip
def test_a_broken_lesson_is_named_with_its_line_and_the_others_work(
    tmp_path: Path, old: str, new: str, line: int | None, said: str
) -> None:
    for name in ("01-latent-space", "02-one-form"):
        shutil.copytree(LESSONS / name, tmp_path / name)
    file = tmp_path / "01-latent-space" / FILE
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = library(tmp_path)
    assert [lesson.id for lesson in found.lessons] == ["02-one-form"]
    (broken,) = found.broken
    assert (broken.id, said in str(broken.error)) == ("01-latent-space", True)
    block = file.read_text(encoding="utf-8").splitlines()[broken.error.line - 1]
    assert block.startswith(("```figure", "```question"))
    with pytest.raises(LessonError, match=f"line {broken.error.line}"):
        found.lesson("01-latent-space")
    with pytest.raises(InputError, match="no lesson"):
        found.lesson("09")


def test_a_file_that_is_not_text_is_broken_too(tmp_path: Path) -> None:
    (tmp_path / "01-a").mkdir()
    (tmp_path / "01-a" / FILE).write_bytes(b'+++\ntitle = "\xff"\n')
    (broken,) = library(tmp_path).broken
    assert "line 2: this is not UTF-8" in str(broken.error)
