"""Drawn data that are encoded before trainings follow, and views in a lesson against closed forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from qlatent.errors import InputError
from qlatent.services.lessons import figures, manifest, material, preparing, views
from qlatent.services.lessons.facts import contrast
from qlatent.services.lessons.folders import TRAININGS
from qlatent.services.lessons.stage import Stage
from qlatent.services.lessons.views import ViewsShown
from qlatent.services.runs import listing
from qlatent.services.vectors import watched
from qlatent.services.workspaces import open_workspace
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import ViewsFigure
from qlatent.teaching.lesson import LessonError
from qlatent.worker import work
from tests.carried_out import in_process
from tests.launchers import LauncherDouble

RUNS = ("contrast_start", "contrast")
FIGURE = ViewsFigure(RUNS, "chair-13")


DRAWN = """[data.few]
title = "A few drawings"
drawn = { kinds = ["mug", "chair"], each = 10 }
encoder = "builtin"
views = 2

[runs.one]
data = "few"
head = "qssl"
objective = "ntxent"
settings = { views = "augmented", epochs = 1, snapshots = 2 }

[experiments.two]
title = "Two heads"
data = "few"
heads = ["qssl_frozen"]
objective = "ntxent"
dim = 2
seeds = 2
settings = { views = "augmented", epochs = 1, snapshots = 2 }
"""
NEEDS = ("few/one", "few/two")  # 1 + 2 · (frozen and its twin) + PCA


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a lesson with drawn data."""
    made = tmp_path / "own" / "few"
    made.mkdir(parents=True)
    (made / TRAININGS).write_text(DRAWN, encoding="utf-8")
    monkeypatch.setenv("QLATENT_LESSONS", str(made.parent))
    settings.cache_clear()
    yield made
    settings.cache_clear()


def runs(workspace: Workspace, kind: str) -> list[str]:
    return [run.id for run in listing.list_runs(workspace, kind)]


@pytest.mark.slow
def test_trainings_follow_when_their_data_are_drawn_and_encoded(
    tmp_path: Path, folder: Path, no_workers: LauncherDouble
) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        told = preparing.readiness(workspace, NEEDS)
        assert (told.total, told.finished, told.active) == (1 + 6, 0, 0)
        for _ in range(2):  # two students at once
            preparing.prepare(workspace, NEEDS)
        (run,) = runs(workspace, "encode")
        told = preparing.readiness(workspace, NEEDS)
        assert (told.total, told.active, runs(workspace, "train")) == (1 + 6, 1, [])
        preparing.stop(workspace, NEEDS)
        assert work(workspace, workspace.run(run)) == "stopped"
        told = preparing.readiness(workspace, NEEDS)
        assert (told.active, len(told.failed)) == (0, 1)
        preparing.prepare(workspace, NEEDS)
        assert runs(workspace, "encode") == [run] and preparing.readiness(workspace, NEEDS).active == 1
        workspace.run(run).write_status(state="failed", error="no space left")
        told = preparing.readiness(workspace, NEEDS)
        assert "no space left" in told.failed[0] and not told.active
        preparing.go_on(workspace, NEEDS)  # leaves what has failed to a person
        assert not preparing.readiness(workspace, NEEDS).active
        preparing.prepare(workspace, NEEDS)  # tries again
        assert runs(workspace, "encode") == [run] and preparing.readiness(workspace, NEEDS).active == 1
        assert work(workspace, workspace.run(run)) == "finished"
        for _ in range(2):
            preparing.go_on(workspace, NEEDS)
        told = preparing.readiness(workspace, NEEDS)
        assert (told.total, told.finished, told.active) == (1 + 6, 1, 6)
        assert len(runs(workspace, "train")) == 6
        preparing.stop(workspace, NEEDS)
        for each in no_workers.launched:
            if listing.summary(workspace, each).active:
                assert work(workspace, workspace.run(each)) == "stopped"
        preparing.go_on(workspace, NEEDS)  # leaves what was stopped to a person
        assert not preparing.readiness(workspace, NEEDS).active


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('encoder = "builtin"', 'encoder = "builtim"', 4, "did you mean 'builtin'"),
        ('encoder = "builtin"\n', "", 1, "views need an encoder"),
        ("drawn =", 'files = ["a.csv"]\ndrawn =', 1, "either files or drawn"),
        ("each = 10", "each = 0", 3, "greater than or equal to 1"),
    ],
)
def test_data_that_cannot_be_drawn_or_encoded_are_named_with_their_line(
    folder: Path, old: str, new: str, line: int, said: str
) -> None:
    (folder / TRAININGS).write_text(DRAWN.replace(old, new), encoding="utf-8")
    with pytest.raises(LessonError) as caught:
        manifest.own(folder)
    assert (caught.value.line, said in str(caught.value)) == (line, True)


@pytest.mark.slow
def test_a_kind_that_nobody_can_draw_is_named_with_its_line(tmp_path: Path, folder: Path) -> None:
    (folder / TRAININGS).write_text(DRAWN.replace("chair", "sofa"), encoding="utf-8")
    with Workspace.open(tmp_path / "workspace") as workspace, pytest.raises(LessonError) as caught:
        preparing.prepare(workspace, NEEDS)
    assert (caught.value.line, "no kind 'sofa'" in str(caught.value)) == (3, True)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the head of the lesson before and after training."""
    with open_workspace(tmp_path_factory.mktemp("contrast") / "workspace") as workspace:
        with in_process():
            preparing.prepare(workspace, RUNS)
        yield workspace


def shown(workspace: Workspace, **state: object) -> ViewsShown:
    found = figures.shown(workspace, replace(FIGURE, **state))  # type: ignore[arg-type]
    assert isinstance(found, ViewsShown)
    return found


@pytest.mark.slow
def test_shares_are_the_softmax_of_cosines_and_the_loss_that_of_the_partner(prepared: Workspace) -> None:
    for by in ("vector", "projection"):
        found = shown(prepared, by=by, temperature=0.5)
        cosines = np.array([each.similarity for each in found.others])
        assert np.abs(cosines).max() <= 1 + 1e-6
        assert [each.share for each in found.others] == pytest.approx(softmax(cosines / 0.5))
        assert found.loss == pytest.approx(-np.log(softmax(cosines / 0.5)[0]))
        assert found.apart is found.kinds is None
    found = shown(prepared, temperature=100)
    assert found.loss == pytest.approx(np.log(7), abs=0.01)
    assert [each.item for each in found.others][:1] == ["chair-13"]
    assert len({(each.item, each.number) for each in found.others}) == 7


@pytest.mark.slow
def test_the_held_out_loss_begins_where_nothing_is_known(prepared: Workspace) -> None:
    stage = Stage(prepared, replace(FIGURE))
    first = contrast.heldout_loss(stage, at="first").value
    assert first == pytest.approx(contrast.uninformed_loss(stage, pictures=40).value, abs=0.01)


@pytest.mark.slow
def test_states_move_apart_in_training_and_their_overlaps_are_fidelities(prepared: Workspace) -> None:
    before, after = (shown(prepared, by="state", at=at) for at in ("start", "end"))
    assert before.apart is not None and after.apart is not None
    assert before.apart.distance < 0.01 < 0.1 < after.apart.distance
    assert all(0 <= each.similarity <= 1 + 1e-6 and each.share is None for each in after.others)
    states = views.compared(Stage(prepared, FIGURE), "contrast", "state")
    assert np.linalg.norm(states, axis=1) == pytest.approx(np.ones(400), abs=1e-5)
    own = np.abs((states[::2].conj() * states[1::2]).sum(axis=1)) ** 2
    assert after.apart.own == pytest.approx((1 + own.mean()) / 2)


@pytest.mark.slow
def test_pictures_of_views_are_kept_but_not_of_those_that_are_withheld(prepared: Workspace) -> None:
    run = material.encoding(prepared, "goods")
    assert run is not None
    kept = watched.read(prepared, prepared.run(run.id))
    assert (len(kept.hashes), kept.pictures.shape) == (24, (24, 2, 64, 64, 3))
    with pytest.raises(InputError, match="No views of 'mug-2'"):
        shown(prepared, item="mug-2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(prepared.items.withheld), "hashes", lambda _: {kept.hashes[0]})
        assert watched.read(prepared, prepared.run(run.id)).hashes == kept.hashes[1:]
