"""The interface of a kind of training: its spec, trainer, metrics and saved files. Torch-free."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from qlatent.registry import config_class, make_config
from qlatent.services.runs.specs import Configs, Source, TrainSpec, training_spec
from qlatent.services.training.request import TrainingRequest
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs

if TYPE_CHECKING:
    from qlatent.training.core import events


class Writer(Protocol):
    """Appends to a run's event log."""

    folder: RunFolder
    trainer: Any

    def append(self, kind: str, **values: Any) -> None: ...


class TrainingKind(ABC):
    """One kind of training. Add a kind by a subclass and a line in `table.KINDS`."""

    source: ClassVar[Source]
    config: ClassVar[type]
    """Class of the training config."""
    usual: ClassVar[tuple[str, str]]
    """Default head and objective."""
    keeps_checkpoints: ClassVar[bool] = False
    """Whether checkpoints are kept after the run has finished."""

    @abstractmethod
    def spec(self, workspace: Workspace, request: TrainingRequest) -> TrainSpec:
        """The spec of a run for this request; a request that cannot work raises `QlatentError`."""

    @abstractmethod
    def trainer(self, workspace: Workspace, spec: Any, configs: RunConfigs, head: Any, objective: Any) -> Any:
        """A `training.core.loop.Work` at its first step. Imports torch."""

    @abstractmethod
    def final_metrics(self, folder: RunFolder, trainer: Any, step: int) -> dict[str, float]:
        """The final metrics of a run."""

    @abstractmethod
    def learns_from(self, modalities: Sequence[str], *, stored: str) -> bool:
        """Whether this kind can train on a dataset with this stored form and these modalities."""

    def record(self, writer: Writer, event: events.Event) -> dict[str, float]:
        """Save an event specific to this kind; returns metrics for the next snapshot."""
        raise NotImplementedError(f"{type(event).__name__} in a training from {self.source}")

    def encoder(self, folder: RunFolder, trainer: Any) -> str:
        """The key of the encoder whose vectors are the head's inputs."""
        return training_spec(folder).encoder

    def leave(self, folder: RunFolder, trainer: Any) -> None:  # noqa: B027  (most kinds save nothing more)
        """Save further files beside the head."""


def configs_of(spec: TrainSpec, training: type) -> RunConfigs:
    """The configs of a training run, as of its creation."""
    return RunConfigs(
        make_config(config_class("head", spec.head), spec.configs.head),
        make_config(config_class("objective", spec.objective), spec.configs.objective),
        make_config(training, spec.configs.training),
    )


def documented(configs: RunConfigs) -> Configs:
    """The configs in the form stored in a spec."""
    return Configs(**{name: asdict(getattr(configs, name)) for name in ("head", "objective", "training")})
