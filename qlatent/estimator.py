"""Heads as scikit-learn estimators: the code that a worker runs, without a workspace."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from qlatent import lengths
from qlatent.errors import ConfigError, InputError, QlatentError
from qlatent.heads import arrays, saving
from qlatent.heads.base import AbstractHead, Circuit
from qlatent.registry import HEADS, OBJECTIVES, config_class, resolve
from qlatent.training.core import events
from qlatent.training.core.configs import RunConfigs, current_settings, split_settings
from qlatent.training.vectors import data, views
from qlatent.training.vectors.loop import Trainer
from qlatent.types import Arrays

Input = np.ndarray | Mapping[str, np.ndarray]
Output = np.ndarray | Arrays
INFERRED = ("input_dim", "input_dim_text", "modalities")
"""Settings that default to None and are then taken from the data."""
UNNAMED = "vector"
"""The modality of a plain array."""


class UnfittedError(QlatentError, NotFittedError):
    """The head must be fitted before this call."""


class RefusedError(InputError, ValueError):
    """Data that cannot be used; also a `ValueError`, which scikit-learn's tools expect."""


class RefusedKindError(InputError, TypeError):
    """Data of an unsupported kind, such as texts or a sparse matrix; also a `TypeError`."""


class RefusedSettingError(ConfigError, ValueError):
    """An invalid setting; also a `ValueError`."""


def create(name: str, *, objective: str = "acqua", **settings: Any) -> Estimator:
    """An unfitted head by its registered name, with settings of head, objective and training in one namespace.

    An unknown name or key, or a value out of range, raises `ConfigError`.
    """
    return Estimator(name, objective=objective, **settings)


def load(folder: str | Path) -> Estimator:
    """The fitted head from a folder that `Estimator.save` or a run wrote; only safetensors are accepted."""
    model = saving.load(folder)
    estimator = Estimator(model.name, normalise=model.normalise, **dataclasses.asdict(model.config))
    estimator.model_ = model
    return estimator


class Estimator(TransformerMixin, BaseEstimator):
    """A head with `fit`, `transform`, `get_params` and `set_params`, for notebooks, pipelines and grid searches.

    Inputs are arrays (n, d) in a dict by modality; results have the same form. One plain array trains a head of one
    modality. Widths are taken from the data. After `fit`, `model_` is the `AbstractHead` (a torch module with
    `forward`), `history_` a list with the losses of each step, and `metrics_` the final metrics of the held-out rows.
    A plain array also sets `n_features_in_`, and `feature_names_in_` if its columns have names.
    """

    def __init__(self, head: str = "acqua", objective: str = "acqua", **settings: Any) -> None:
        self.head = head
        self.objective = objective
        self._settings = current_settings(head, objective, settings)
        self._configs()

    def __repr__(self) -> str:
        given = {"head": self.head, "objective": self.objective, **self._settings}
        return f"Estimator({', '.join(f'{name}={value!r}' for name, value in given.items() if value is not None)})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Head, objective and all settings; None for those taken from the data. `deep` has no effect."""
        configs = self._configs()
        defaults = {
            field.name: None if field.name in INFERRED else getattr(config, field.name)
            for config in (configs.head, configs.objective, configs.training)
            for field in dataclasses.fields(config)
        }
        return {"head": self.head, "objective": self.objective, **defaults, **self._settings}

    def set_params(self, **params: Any) -> Self:
        """Change head, objective or settings; returns self. The fitted model stays until the next `fit`."""
        before = (self.head, self.objective, self._settings)
        self.head = params.pop("head", self.head)
        self.objective = params.pop("objective", self.objective)
        try:
            with _refusals():
                own, new = (
                    current_settings(self.head, self.objective, each) for each in (self._settings, params)
                )
                self._settings = {**own, **new}
                self._configs()
        except ConfigError:
            self.head, self.objective, self._settings = before
            raise
        return self

    def fit(
        self, X: Input, y: Any = None, *, progress: Callable[[int, int | None], None] | None = None
    ) -> Self:
        """Train from scratch and return self. `progress` is called with (step, steps) and may raise to stop.

        Unusable data raise `InputError`: NaN or infinity, zero vectors with normalised inputs, another width than the
        configured one, modalities of different lengths, and fewer than 8 rows.
        """
        with _refusals():
            X = self._one_array(X, reset=True, ensure_min_samples=data.FEWEST)
            configs = self._configs(X)
            model = self._new_model(configs)
            values = arrays.checked(model, X)
            _check_complete(values, model)
            objective = resolve(OBJECTIVES[self.objective].target)(configs.objective)
            trainer = Trainer(model, objective, data.from_arrays(values, configs.training), configs.training)
        self.history_, self.metrics_ = _follow(trainer, progress)
        self.model_ = model.eval()
        return self

    @overload
    def transform(self, X: np.ndarray) -> np.ndarray: ...

    @overload
    def transform(self, X: Mapping[str, np.ndarray]) -> Arrays: ...

    def transform(self, X: Input) -> Output:
        """Latents (n, k) float32 in the form of X, which may have any of the head's modalities.

        For a plain array, `set_output` selects a table as the result.
        """
        model = self._fitted()
        with _refusals():
            if _is_by_modality(X):
                return arrays.transform(model, X)
            return next(iter(arrays.transform(model, self._one_array(X, reset=False)).values()))

    @overload
    def inverse_transform(self, Z: np.ndarray) -> np.ndarray: ...

    @overload
    def inverse_transform(self, Z: Mapping[str, np.ndarray]) -> Arrays: ...

    @torch.no_grad()
    def inverse_transform(self, Z: Input) -> Output:
        """Reconstructed inputs (n, d) float32 of latents (n, k), in the form of Z."""
        model = self._fitted()
        latents = {name: arrays.as_latents(model, z) for name, z in arrays.by_modality(model, Z).items()}
        decoded = {name: tensor.cpu().numpy() for name, tensor in model.decode(latents).items()}
        return decoded if isinstance(Z, Mapping) else next(iter(decoded.values()))

    @torch.no_grad()
    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Similarities of latents, larger is nearer: (n, k), (m, k) → (n, m) float32."""
        model = self._fitted()
        alike = model.similarity(arrays.as_latents(model, a), arrays.as_latents(model, b))
        return alike.cpu().numpy()

    @torch.no_grad()
    def score(self, X: Input, y: Any = None) -> float:
        """The negative loss of X, so that a grid search prefers the smaller loss."""
        model = self._fitted()
        with _refusals():
            values = arrays.checked(model, self._one_array(X, reset=False))
            _check_complete(values, model)
        inputs = {name: arrays.as_inputs(model, rows) for name, rows in values.items()}
        objective = resolve(OBJECTIVES[self.objective].target)(self._configs().objective)
        place = (self._configs().training.seed, views.EVALUATION, 0, 0)
        return -float(views.losses(model, objective, inputs, place=place)["total"])

    @available_if(lambda self: self._has_columns)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the k columns of `transform` for a plain array; a head of several modalities has none."""
        width = self._fitted().latent_dim
        return np.array([f"{self.head}{number}" for number in range(width)], dtype=object)

    def save(self, folder: str | Path, card: Mapping[str, Any] | None = None) -> Path:
        """Write model.safetensors, config.json and README.md, to which `card` adds facts such as the encoder."""
        facts = {"metrics": getattr(self, "metrics_", {}), **(card or {})}
        return saving.save(self._fitted(), folder, facts)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities of the head."""
        return self._any_model().modalities

    def normalised(self, X: Arrays) -> Arrays:
        """The inputs as the head receives them: at unit length if it was trained that way, else unchanged."""
        if self._fitted().normalise != "l2":
            return X
        return {name: lengths.unit(rows) for name, rows in X.items()}

    @property
    def parameter_count(self) -> dict[str, int]:
        """Number of stored parameters, and of those that affect the output."""
        return self._any_model().parameter_count

    @property
    def circuit(self) -> Circuit | None:
        """The head's circuit, or None for a classical head."""
        return self._any_model().circuit

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _has_columns(self) -> bool:
        """Whether input and output are one plain array."""
        if hasattr(self, "model_"):
            return len(self.model_.modalities) == 1
        return len(self._settings.get("modalities") or [UNNAMED]) == 1

    def _one_array(self, X: Any, **asked: Any) -> Any:
        """A plain array, validated by scikit-learn: shape, dtype, and number and names of columns."""
        if _is_by_modality(X) or not self._has_columns:
            return X
        try:
            return validate_data(self, X, ensure_all_finite=False, **asked)
        except (TypeError, ValueError) as err:
            kind = RefusedKindError if isinstance(err, TypeError) else RefusedError
            raise kind(str(err), remedy="Pass a dense array (n, d) of numbers.") from err

    def _configs(self, X: Any = None) -> RunConfigs:
        """The configs of the settings; with data, open settings are filled in."""
        settings = {name: value for name, value in self._settings.items() if value is not None}
        if X is None:
            return split_settings(self.head, self.objective, settings)
        known = {field.name for field in dataclasses.fields(config_class("head", self.head))}
        found = {name: value for name, value in _of_data(X, settings).items() if name in known}
        return split_settings(self.head, self.objective, found | settings)

    def _fitted(self) -> AbstractHead:
        if not hasattr(self, "model_"):
            raise UnfittedError(
                "This head is not fitted yet.", remedy="Call fit first, or load a saved head."
            )
        return self.model_

    def _any_model(self) -> AbstractHead:
        return self.model_ if hasattr(self, "model_") else self._new_model(self._configs())

    def _new_model(self, configs: RunConfigs) -> AbstractHead:
        model: AbstractHead = resolve(HEADS[self.head].target)(configs.head)
        model.normalise = configs.training.normalise
        return model


def _follow(
    trainer: Trainer, progress: Callable[[int, int | None], None] | None
) -> tuple[list[dict[str, float]], dict[str, float]]:
    """Run the training; returns the losses of each step and the final held-out metrics."""
    history: list[dict[str, float]] = []
    metrics: dict[str, float] = {}
    for event in trainer.run():
        if isinstance(event, events.Step):
            history.append(dict(event.losses))
            if progress is not None:
                progress(event.step, trainer.steps)
        elif isinstance(event, events.Evaluation):
            metrics = dict(event.metrics)
    return history, metrics


def _is_by_modality(X: Any) -> bool:
    """Whether data are a dict by modality, which scipy's dictionary-of-keys matrix is not."""
    return isinstance(X, Mapping) and not issparse(X)


def _of_data(X: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings inferred from data in either form."""
    if not _is_by_modality(X):
        width = {} if np.ndim(X) != 2 else {"input_dim": np.shape(X)[1]}
        return {"modalities": (UNNAMED,), **width}
    widths = {name: np.shape(rows)[1] for name, rows in X.items() if np.ndim(rows) == 2}
    others = [width for name, width in widths.items() if name != "text"]
    if not widths or "input_dim" in settings:
        return {}
    width = next(iter([*others, *widths.values()]))
    return {"input_dim": width, "input_dim_text": 0 if widths.get("text", width) == width else widths["text"]}


@contextmanager
def _refusals() -> Iterator[None]:
    """Convert refusals to classes that are also `ValueError`."""
    try:
        yield
    except (TypeError, ValueError):
        raise
    except InputError as err:
        raise RefusedError(err.message, remedy=err.remedy) from err
    except ConfigError as err:
        raise RefusedSettingError(err.message, remedy=err.remedy) from err


def _check_complete(values: Arrays, model: AbstractHead) -> None:
    missing = [name for name in model.modalities if name not in values]
    if missing:
        raise InputError(
            f"The {missing[0]} vectors are missing.",
            remedy=f"Pass all of {', '.join(model.modalities)}, or create the head for what you have.",
        )
