from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import qlatent
from qlatent.errors import ConfigError, InputError, QlatentError

EARLY = (
    "a setting that is not valid is refused when it is given, not in fit: forms and the command line need it"
)
NO_DIRECTION = "its data hold a zero vector, which cannot be brought to unit length; normalise=none takes it"
TOO_NARROW = "data of one dimension are refused in the words of the head, without scikit-learn's 'n_features'"
BRIEF = {"epochs": 1, "batch_size": 16, "snapshots": 2}
CHECKED = (
    qlatent.create("acqua", qubits=2, normalise="none", **BRIEF),
    qlatent.create("qssl", objective="ntxent", **BRIEF),
    qlatent.create("qbec", objective="distance_correlation", qubits=1, **BRIEF),
)


def exceptions(estimator: qlatent.Estimator) -> dict[str, str]:
    """The checks of scikit-learn that a head does not pass, with the reason."""
    reasons = {"check_do_not_raise_errors_in_init_or_set_params": EARLY}
    if estimator.get_params()["normalise"] == "l2":
        reasons["check_estimators_dtypes"] = NO_DIRECTION
    if estimator.head == "qbec":
        reasons["check_fit2d_1feature"] = TOO_NARROW
    return reasons


@pytest.mark.filterwarnings("ignore:.*It is recommended to delay parameter validation until fit")
@parametrize_with_checks(list(CHECKED), expected_failed_checks=exceptions)
def test_scikit_learns_own_checks(estimator: qlatent.Estimator, check: Any) -> None:
    check(estimator)


QUICK: dict[str, Any] = {
    "input_dim": 12,
    "qubits": 2,
    "depth": 1,
    "epochs": 2,
    "batch_size": 16,
    "snapshots": 2,
}
SHORT = {key: value for key, value in QUICK.items() if key != "depth"}


def pairs(rows: int = 60, *, width: int = 12, seed: int = 0) -> dict[str, np.ndarray]:
    """Pairs that share three directions: something to compress."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(rows, 3)) @ rng.normal(size=(3, width))
    return {name: shared + 0.1 * rng.normal(size=(rows, width)) for name in ("image", "text")}


def texts(rows: int = 60) -> np.ndarray:
    return pairs(rows)["text"]


def test_fit_returns_self_and_keeps_the_losses() -> None:
    head = qlatent.create("acqua", **QUICK)
    assert head.fit(pairs()) is head
    assert len(head.history_) == 2 * 3  # two epochs of 48 rows in batches of 16
    assert set(head.history_[0]) == {"total", "reconstruction_image", "reconstruction_text", "pair_distance"}
    assert head.metrics_["pair_error"] > 0


def test_training_lowers_the_loss() -> None:
    head = qlatent.create("acqua", **{**QUICK, "epochs": 60, "learning_rate": 0.02}).fit(pairs())
    assert head.history_[-1]["total"] < 0.5 * head.history_[0]["total"]


def test_a_dict_comes_back_as_a_dict() -> None:
    head = qlatent.create("acqua", **QUICK).fit(pairs())
    latents = head.transform(pairs(5))
    assert {name: z.shape for name, z in latents.items()} == {"image": (5, 2), "text": (5, 2)}
    assert latents["image"].dtype == np.float32
    assert list(head.transform({"text": texts(5)})) == ["text"]


def test_an_array_comes_back_as_an_array_where_there_is_one_modality() -> None:
    head = qlatent.create("acqua", modalities=("text",), **QUICK)
    z = head.fit_transform(texts())
    assert isinstance(z, np.ndarray) and z.shape == (60, 2)
    assert head.inverse_transform(z).shape == (60, 12)


def test_one_plain_array_trains_a_head_of_one_modality_of_its_width() -> None:
    head = qlatent.create("acqua_twin", **BRIEF)
    assert head.fit(texts()).model_.modalities == ("vector",)
    assert (head.n_features_in_, head.model_.input_dims) == (12, {"vector": 12})
    assert head.transform(texts(7)).shape == (7, 4)
    with pytest.raises(ValueError, match="X has 5 features, but Estimator is expecting 12"):
        head.transform(texts()[:, :5])
    again = clone(head).fit(np.hstack([texts(), texts()]))
    assert again.n_features_in_ == 24


def test_widths_of_two_modalities_are_those_of_the_data() -> None:
    data = pairs() | {"text": pairs(width=9)["text"]}
    head = qlatent.create("acqua_twin", objective="contrast", **BRIEF).fit(data)
    assert head.model_.input_dims == {"image": 12, "text": 9}
    assert not hasattr(head, "n_features_in_")


@pytest.mark.parametrize("objective", ["acqua", "stress"])
def test_there_is_no_distance_between_modalities_of_different_widths(objective: str) -> None:
    data = pairs() | {"text": pairs(width=9)["text"]}
    with pytest.raises(InputError, match="needs vectors of one width; got image 12, text 9"):
        qlatent.create("acqua_twin", objective=objective, **BRIEF).fit(data)


def test_two_modalities_that_were_asked_for_need_two_arrays() -> None:
    with pytest.raises(InputError, match="Got one array, expected one for each modality"):
        qlatent.create("acqua_twin", modalities=("image", "text"), **BRIEF).fit(texts())


def test_latents_become_named_columns_where_they_are_asked_for() -> None:
    table = pd.DataFrame(texts(), index=[f"row {n}" for n in range(60)], columns=list("abcdefghijkl"))
    head = qlatent.create("acqua_twin", qubits=2, **BRIEF).set_output(transform="pandas").fit(table)
    latents = head.transform(table)
    assert list(latents.columns) == list(head.get_feature_names_out()) == ["acqua_twin0", "acqua_twin1"]
    assert list(latents.index) == list(table.index)
    assert list(head.feature_names_in_) == list("abcdefghijkl")
    np.testing.assert_array_equal(latents, clone(head).set_output(transform="default").fit_transform(table))


def test_a_head_is_a_torch_module_with_forward() -> None:
    head = qlatent.create("acqua", modalities=("text",), **QUICK).fit(texts())
    rows = torch.tensor(texts(5), dtype=torch.float32)
    rows = (rows / rows.norm(dim=1, keepdim=True)).requires_grad_()
    latents = torch.nn.Sequential(head.model_, torch.nn.Identity())(rows)
    np.testing.assert_allclose(latents.detach(), head.transform(texts(5)), atol=1e-6)
    latents.sum().backward()
    assert rows.grad is not None and rows.grad.abs().sum() > 0
    both = qlatent.create("acqua", **QUICK).fit(pairs()).model_
    assert set(both({"image": rows, "text": rows})) == {"image", "text"}
    with pytest.raises(InputError, match="Got one tensor, expected one for each modality"):
        both(rows)


def test_the_same_seed_gives_the_same_bits() -> None:
    first, again = (
        qlatent.create("acqua", seed=3, **QUICK).fit(pairs()).transform(pairs()) for _ in range(2)
    )
    np.testing.assert_array_equal(first["image"], again["image"])
    other = qlatent.create("acqua", seed=4, **QUICK).fit(pairs()).transform(pairs())
    assert not np.array_equal(first["image"], other["image"])


def test_fitting_again_starts_afresh() -> None:
    head = qlatent.create("acqua_twin", **SHORT)
    first = head.fit(pairs()).transform(pairs())["text"]
    np.testing.assert_array_equal(head.fit(pairs()).transform(pairs())["text"], first)


@pytest.mark.parametrize("name", ["acqua", "acqua_twin", "acqua_linear"])
def test_a_saved_head_transforms_alike(name: str, tmp_path: Path) -> None:
    head = qlatent.create(name, **SHORT, normalise="none").fit(pairs())
    head.save(tmp_path / "head", {"encoder": "clip-0123"})
    loaded = qlatent.load(tmp_path / "head")
    np.testing.assert_array_equal(loaded.transform(pairs())["image"], head.transform(pairs())["image"])
    assert loaded.get_params()["normalise"] == "none"
    assert loaded.parameter_count == head.parameter_count
    card = (tmp_path / "head" / "README.md").read_text()
    assert "clip-0123" in card and "pair_error" in card


def test_parameters_follow_scikit_learn() -> None:
    head = qlatent.create("acqua", **QUICK)
    params = head.get_params()
    assert (params["head"], params["objective"], params["qubits"]) == ("acqua", "acqua", 2)
    assert params["learning_rate"] > 0
    assert clone(head).get_params() == params
    assert head.set_params(qubits=3) is head
    assert head.get_params()["qubits"] == 3
    assert "qubits=3" in repr(head)


def test_a_refused_setting_changes_nothing() -> None:
    head = qlatent.create("acqua", **QUICK)
    before = head.get_params()
    with pytest.raises(ConfigError, match=r"unknown key 'qubit'.*did you mean 'qubits'"):
        head.set_params(qubit=3)
    with pytest.raises(ConfigError, match="qubits=99"):
        head.set_params(depth=2, qubits=99)
    assert head.get_params() == before


@pytest.mark.parametrize(("name", "word", "other"), [("pca", "dim", "qubits"), ("acqua", "qubits", "dim")])
def test_the_width_of_the_latent_has_one_name_among_the_parameters(name: str, word: str, other: str) -> None:
    head = qlatent.create(name, **{other: 3})
    assert head.get_params()[word] == 3 and other not in head.get_params()
    assert clone(head).get_params() == head.get_params()
    assert head.set_params(**{other: 5}).get_params()[word] == 5
    with pytest.raises(ConfigError, match="both name the same setting"):
        head.set_params(dim=2, qubits=2)
    assert head.get_params()[word] == 5


def test_the_width_stays_when_the_head_changes_to_one_with_the_other_word() -> None:
    head = qlatent.create("acqua", qubits=3).set_params(head="pca")
    assert head.get_params()["dim"] == 3
    assert "qubits" not in repr(head)


def test_a_clone_of_a_fitted_head_is_not_fitted() -> None:
    head = qlatent.create("acqua", **QUICK).fit(pairs())
    with pytest.raises(NotFittedError):
        clone(head).transform(pairs())


def test_heads_work_in_pipelines_and_grid_searches() -> None:
    steps = make_pipeline(StandardScaler(), qlatent.create("acqua_twin", modalities=("text",), **SHORT))
    assert steps.fit(texts()).transform(texts(7)).shape == (7, 2)
    alone = qlatent.create("acqua_twin", modalities=("text",), **SHORT)
    search = GridSearchCV(alone, {"learning_rate": [1e-6, 0.05]}, cv=2, error_score="raise").fit(texts())
    assert search.best_params_ == {"learning_rate": 0.05}


def test_similarity_is_between_latents() -> None:
    head = qlatent.create("acqua", **QUICK).fit(pairs())
    z = head.transform(pairs(5))
    similarity = head.similarity(z["image"], z["text"][:3])
    wanted = -np.linalg.norm(z["image"][:, None] - z["text"][None, :3], axis=2)
    np.testing.assert_allclose(similarity, wanted, atol=1e-5)


def test_circuit_and_parameters_are_known_before_fit() -> None:
    head = qlatent.create("acqua", **QUICK)
    assert head.circuit is not None and head.circuit.qubits == 2
    assert head.parameter_count["stored"] == 2 * (12 * 2 + 2 + 2 + 2 * 12 + 12)
    assert qlatent.create("acqua_twin").circuit is None


def test_before_fit_there_is_nothing_to_transform_with(tmp_path: Path) -> None:
    head = qlatent.create("acqua", **QUICK)
    calls = (
        lambda: head.transform(pairs()),
        lambda: head.similarity(0, 0),
        lambda: head.save(tmp_path / "head"),
    )
    for call in calls:
        with pytest.raises(QlatentError, match=r"not fitted yet.*Call fit first"):
            call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.pop("text"), r"text vectors are missing.*image, text"),
        (lambda x: x.update(text=x["text"][:-1]), r"60 image vectors, 59 text vectors"),
        (lambda x: x["image"].__setitem__((4, 2), np.nan), r"image vectors hold NaN.*row 4"),
        (lambda x: x["text"].__setitem__(7, 0), r"text vectors hold only zeros.*row 7"),
        (lambda x: x.update(image=x["image"][:, :5]), r"got width 5, expected 12"),
        (lambda x: x.update({name: rows[:3] for name, rows in x.items()}), r"Only 3 usable"),
    ],
)
def test_data_that_cannot_be_fitted_is_refused(change: Any, message: str) -> None:
    data = pairs()
    change(data)
    with pytest.raises(InputError, match=message):
        qlatent.create("acqua", **QUICK).fit(data)


def test_what_was_given_is_not_changed() -> None:
    data = pairs()
    before = {name: rows.copy() for name, rows in data.items()}
    qlatent.create("acqua", **QUICK).fit(data).transform(data)
    for name, rows in data.items():
        np.testing.assert_array_equal(rows, before[name])


def test_a_long_fit_can_be_followed_and_stopped() -> None:
    seen: list[tuple[int, int | None]] = []

    def follow(done: int, total: int | None) -> None:
        seen.append((done, total))
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        qlatent.create("acqua", **QUICK).fit(pairs(), progress=follow)
    assert seen == [(1, 6), (2, 6), (3, 6), (4, 6)]


def test_the_package_says_what_it_has() -> None:
    assert {"create", "load", "Estimator", "__version__"} <= set(dir(qlatent))
    with pytest.raises(AttributeError, match="no attribute 'crate'"):
        qlatent.crate  # noqa: B018


def test_qssl_learns_from_one_array_and_scores_the_same_each_time():
    rows = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
    head = qlatent.create(
        "qssl", objective="ntxent", modalities=("vector",), input_dim=12, qubits=3, epochs=2, batch_size=16
    )
    head.fit(rows)
    assert head.transform(rows).shape == (40, 3)
    assert head.score(rows) == head.score(rows)
