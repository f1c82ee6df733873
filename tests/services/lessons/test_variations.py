"""The training of a lesson with another seed: the same data and held-out items, found again by whomever it was made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.heads import kept_heads
from qlatent.services.lessons import preparing, variations
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs import listing, queue
from qlatent.services.runs.specs import training_spec
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.teaching.figures import LossFigure
from tests.carried_out import in_process
from tests.launchers import LauncherDouble
from tests.trained_lesson import FLAT, LEARNED, lesson_in


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    path = tmp_path_factory.mktemp("variations") / "workspace"
    with open_workspace(path) as workspace, lesson_in(path.parent / "lessons"), in_process():
        preparing.prepare(workspace, (LEARNED, FLAT))
        variations.train(workspace, LEARNED, 7)
        yield workspace


def test_another_seed_is_another_training_on_the_same_held_out_items(prepared: Workspace) -> None:
    own, other = (variations.find(prepared, LEARNED, seed) for seed in (0, 7))
    assert own and other and own.id == preparing.run_id(prepared, LEARNED) and other.state == "finished"
    assert (other.name, own.name) == ("Fruit compressed, seed 7", "Fruit compressed")
    assert variations.train(prepared, LEARNED, 7).id == other.id
    first, second = (prepared.run(each.id).probe() for each in (own, other))
    assert np.array_equal(first["heldout"], second["heldout"]) and first["heldout"].any()
    losses = [listing.losses(prepared, each.id)["total"] for each in (own, other)]
    assert losses[0][0] != losses[1][0]
    assert own.id in {each.run_id for each in kept_heads.list_heads(prepared)}
    assert other.id not in {each.run_id for each in kept_heads.list_heads(prepared)}
    assert variations.find(prepared, LEARNED, 8) is None


def test_a_run_tells_which_seed_of_which_training_it_is(prepared: Workspace) -> None:
    other = variations.find(prepared, LEARNED, 7)
    assert other and variations.seed_of(prepared, LEARNED, other) == 7
    assert variations.seed_of(prepared, FLAT, other) is None
    longer = training_spec(prepared.run(other.id)).model_copy(deep=True)
    configs = longer.configs.model_copy(update={"training": longer.configs.training | {"epochs": 9}})
    with in_process():
        run = queue.start(prepared, longer.model_copy(update={"id": "", "configs": configs}))
    assert variations.seed_of(prepared, LEARNED, listing.summary(prepared, run)) is None
    assert variations.varies(prepared, LEARNED) and not variations.varies(prepared, FLAT)


def test_its_numbers_are_those_of_the_run(prepared: Workspace) -> None:
    other = variations.find(prepared, LEARNED, 7)
    assert other
    found, measured = variations.numbers(prepared, other), listing.metrics(prepared, other.id)
    assert found == {
        "Loss at the last step": listing.losses(prepared, other.id)["total"][-1], "Loss, held out": measured["total"],
        "Spearman of distances": measured["spearman"], "kNN overlap@10": measured["neighbour_overlap"],
    }  # fmt: skip


def test_a_figure_shows_the_run_of_its_seed(prepared: Workspace) -> None:
    other = variations.find(prepared, LEARNED, 7)
    assert other and Stage(prepared, LossFigure(LEARNED, seed=7)).run() == other.id
    assert Stage(prepared, LossFigure(LEARNED, seed=7)).run(FLAT) == preparing.run_id(prepared, FLAT)
    with pytest.raises(InputError, match="not there with seed 8 yet"):
        Stage(prepared, LossFigure(LEARNED, seed=8)).run()


def test_a_stopped_training_goes_on(prepared: Workspace, no_workers: LauncherDouble) -> None:
    waiting = variations.train(prepared, LEARNED, 9)
    assert waiting.active and variations.train(prepared, LEARNED, 9).id == waiting.id
    queue.stop(prepared, waiting.id)
    again = variations.train(prepared, LEARNED, 9)
    assert again.id == waiting.id and again.active
