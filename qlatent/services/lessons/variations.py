"""The trainings of lessons with other seeds: the same data, settings and held-out items, another random beginning.

Torch-free.
"""

from __future__ import annotations

import time

from qlatent.errors import InputError
from qlatent.services.experiments import comparison
from qlatent.services.lessons import preparing
from qlatent.services.lessons.manifest import manifest
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import BaseTraining, TrainSpec
from qlatent.services.runs.specs import training_spec as spec_of
from qlatent.services.training import sweeps
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import LESSON_SEED

MEASURES = ("spearman", "neighbour_overlap")


def varies(workspace: Workspace, name: str) -> bool:
    """Whether another seed is another training: nothing of PCA or of the vectors themselves is learned step by step.

    A training whose settings name its seed is meant with that one.
    """
    training = manifest().runs.get(name)
    return (
        training is not None
        and "seed" not in training.settings
        and of_lesson(workspace, name).status.steps > 0
    )


def of_lesson(workspace: Workspace, name: str) -> RunSummary:
    """The lesson's own training; `InputError` where it is not there yet."""
    return listing.summary(workspace, preparing.run_id(workspace, name))


def spec(workspace: Workspace, name: str, seed: int) -> TrainSpec:
    """The spec of the training `name` with another seed. Its head is not kept, so that it goes with its run."""
    own = spec_of(workspace.run(preparing.run_id(workspace, name)))
    split = own.configs.training["split_seed"]
    fixed = (
        own.configs.training["seed"] if split < 0 else split
    )  # else the seed would choose the held-out items, too
    changed = {"seed": seed, "split_seed": fixed}
    configs = {
        part: values | {key: value for key, value in changed.items() if key in values}
        for part, values in own.configs.model_dump().items()
    }
    title = manifest().runs[name].title or comparison.grid.title(own.head)
    return own.model_copy(
        update={
            "id": "", "name": f"{title}, seed {seed}", "created": time.time(), "keep": False,
            "settings": own.settings | changed, "configs": type(own.configs)(**configs),
        }
    )  # fmt: skip


def find(workspace: Workspace, name: str, seed: int) -> RunSummary | None:
    """The training `name` with this seed, by whomever it was started; None if nobody has asked for it."""
    if seed == LESSON_SEED:
        return of_lesson(workspace, name)
    return sweeps.known(workspace).get(training_key(spec(workspace, name, seed)))


def run_id(workspace: Workspace, name: str, seed: int) -> str:
    """The id of the finished training `name` with this seed; `InputError` where it is not there yet."""
    if seed == LESSON_SEED:
        return preparing.run_id(workspace, name)
    found = find(workspace, name, seed)
    if found is None or found.state != "finished":
        raise InputError(
            f"The training {name!r} is not there with seed {seed} yet.", remedy="Train it first."
        )
    return found.id


def seed_of(workspace: Workspace, name: str, run: RunSummary) -> int | None:
    """The seed with which a run varies the training `name`; None if it is another training."""
    found = run.spec
    if not isinstance(found, BaseTraining) or found.head != manifest().runs[name].head:
        return None
    seed = int(found.configs.training.get("seed", LESSON_SEED))
    same = training_key(spec(workspace, name, seed)) == training_key(found)
    return seed if same else None


def train(workspace: Workspace, name: str, seed: int) -> RunSummary:
    """The training `name` with this seed: the one that is there or under way, or a new one in the queue.

    One that was stopped or failed goes on.
    """
    known = find(workspace, name, seed)
    if known is None:
        asked = spec(workspace, name, seed)
        return listing.summary(
            workspace, queue.start(workspace, asked, token=f"lesson {training_key(asked)}")
        )
    if not known.active and known.state != "finished":
        queue.resume(workspace, known.id)
    return listing.summary(workspace, known.id)


def numbers(workspace: Workspace, run: RunSummary) -> dict[str, float]:
    """What came out of a finished training, by what it is: its loss at the end, and measures on held-out items.

    Of images and texts each is measured by itself, since the gap between the two would outweigh everything else.
    """
    measured = listing.metrics(workspace, run.id)
    losses = listing.losses(workspace, run.id)["total"]
    within = [f"{name}_{kind}" for name in MEASURES for kind in ("image", "text")]
    chosen = [name for name in within if name in measured] or [name for name in MEASURES if name in measured]
    found = {"Loss at the last step": float(losses[-1])} if len(losses) else {}
    found |= {"Loss, held out": float(measured["total"])} if "total" in measured else {}
    return found | {comparison.metric_title(name): float(measured[name]) for name in chosen}
