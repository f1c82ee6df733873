"""Extreme, equal or orthogonal vectors: training ends with finite numbers or is refused with a reason."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.metrics import panel
from qlatent.metrics.comparison import Comparison
from qlatent.registry import HEADS, METRICS, OBJECTIVES, head_class, resolve
from qlatent.training.core import events
from qlatent.training.core.configs import split_settings
from qlatent.training.vectors import data
from qlatent.training.vectors.loop import Trainer
from tests.conftest import SHARED

FOLDER = SHARED / "field-cases" / "vectors_degenerate"
CASES = ("constant", "duplicates", "huge", "orthogonal", "tiny")
FAMILIES = ("acqua", "qssl", "mlp", "pca_whitened", "random_projection", "qbec")
OBJECTIVE = {"qssl": "ntxent", "qbec": "ranking", "mlp": "distance_correlation"}
METRIC = {name: resolve(entry.target) for name, entry in METRICS.items()}


def vectors(case: str) -> np.ndarray:
    if not FOLDER.is_dir():
        pytest.skip(
            f"the degenerate vectors are not here ({FOLDER}); set QLATENT_SHARED to their parent folder"
        )
    with np.load(FOLDER / f"{case}.npz") as archive:
        return archive["vector"]


def trainer(head: str, objective: str, rows: np.ndarray, **settings) -> Trainer:
    known = {"input_dim": rows.shape[1], "epochs": 2, "batch_size": 24, "snapshots": 2, **settings}
    if head_class(head).width_key():
        known["qubits"] = 4
    configs = split_settings(head, objective, known | {"unique_pairs": False})
    arrays = {name: np.roll(rows, i, axis=0) for i, name in enumerate(configs.head.modalities)}
    made = resolve(HEADS[head].target)(configs.head)
    made.normalise = configs.training.normalise
    goal = resolve(OBJECTIVES[objective].target)(configs.objective)
    return Trainer(made, goal, data.from_arrays(arrays, configs.training), configs.training)


def assert_finite(happened: list[events.Event]) -> None:
    numbers = [each.losses for each in happened if isinstance(each, events.Step)]
    numbers += [each.metrics for each in happened if isinstance(each, events.Evaluation)]
    assert all(math.isfinite(value) for each in numbers for value in each.values())
    latents = [z for each in happened if isinstance(each, events.Snapshot) for z in each.latents.values()]
    assert latents and all(np.isfinite(z).all() for z in latents)


@pytest.mark.filterwarnings("ignore:tanh saturates")  # said of huge vectors, and true
@pytest.mark.parametrize("normalise", ["l2", "none"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("head", FAMILIES)
def test_training_ends_with_finite_numbers_or_is_refused(head: str, case: str, normalise: str) -> None:
    rows = vectors(case)
    try:
        assert_finite(list(trainer(head, OBJECTIVE.get(head, "acqua"), rows, normalise=normalise).run()))
    except InputError as err:
        alike = case == "constant" and "usable" in err.message  # all of them stand on one side of the split
        assert alike or ((case, normalise) == ("huge", "none") and "finite" in err.message)


@pytest.mark.parametrize("case", CASES)
def test_metrics_are_finite_or_have_a_note(case: str) -> None:
    rows = vectors(case)
    found = panel.measure(Comparison({"a": rows}, {"a": rows[:, :4]}), METRIC, names=None, resamples=20)
    for name, figure in found.items():
        assert math.isfinite(figure.value) or figure.note, name


@pytest.mark.parametrize("scale", [1e-42, 1e-25, 1e20, 1e37])
def test_the_scale_of_normalised_vectors_has_no_effect(scale: float) -> None:
    """Results equal those of vectors of ordinary size; vectors of 1e-42 have few digits themselves."""
    rows = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    scaled = (rows * np.float64(scale)).astype(np.float32)
    histories = []
    for each in (rows, scaled):
        made = trainer("acqua", "acqua", each, split_seed=0)
        made.data = data.from_items(
            {name: np.roll(each, i, axis=0) for i, name in enumerate(made.data.modalities)},
            data.Labels(np.arange(40).astype("U2"), np.full(40, ""), np.full(40, "")),
            made.config,
        )
        made = Trainer(made.head, made.objective, made.data, made.config)
        histories.append([event.losses["total"] for event in made.run() if isinstance(event, events.Step)])
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-5 if scale > 1e-30 else 0.05)


def test_a_diverging_training_is_refused_before_it_is_saved() -> None:
    rows = (np.random.default_rng(0).normal(size=(40, 6)) * 1e37).astype(np.float32)
    made = trainer("acqua_linear", "stress", rows, normalise="none")
    kept: list[events.Event] = []
    with pytest.raises(InputError, match=r"Training diverged: .* not finite at step \d+ .*normalise=l2"):
        for event in made.run():
            kept.append(event)
    assert_finite([*kept, events.Snapshot(0, {"a": np.zeros((1, 1))})])
