"""The protocol of a kind of training: its spec, its work, its figures, and what it leaves behind. Torch-free."""

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
    """What records a run: appends to its event log."""

    folder: RunFolder
    trainer: Any

    def append(self, kind: str, **values: Any) -> None: ...


class TrainingKind(ABC):
    """One kind of training. A new kind is a class of its own and a line in `table.KINDS`."""

    source: ClassVar[Source]
    config: ClassVar[type]
    """The class of its training config."""
    usual: ClassVar[tuple[str, str]]
    """Head and objective where nothing else is asked for."""
    keeps_checkpoints: ClassVar[bool] = False
    """Whether checkpoints stay when the run has finished."""

    @abstractmethod
    def spec(self, workspace: Workspace, request: TrainingRequest) -> TrainSpec:
        """The spec of a run of this request; what cannot work is refused with a `QlatentError`."""

    @abstractmethod
    def trainer(self, workspace: Workspace, spec: Any, configs: RunConfigs, head: Any, objective: Any) -> Any:
        """A `training.core.loop.Work` at its first step. Loads torch."""

    @abstractmethod
    def final_metrics(self, folder: RunFolder, trainer: Any, step: int) -> dict[str, float]:
        """The figures that a run ends with."""

    @abstractmethod
    def learns_from(self, modalities: Sequence[str], *, stored: str) -> bool:
        """Whether it can be offered for a dataset of this kind with these modalities."""

    def record(self, writer: Writer, event: events.Event) -> dict[str, float]:
        """Keep an event that only this kind has; returns figures for the next snapshot."""
        raise NotImplementedError(f"{type(event).__name__} in a training from {self.source}")

    def encoder(self, folder: RunFolder, trainer: Any) -> str:
        """The key of the encoder whose vectors the head takes."""
        return training_spec(folder).encoder

    def leave(self, folder: RunFolder, trainer: Any) -> None:  # noqa: B027  (most kinds leave nothing)
        """Save what belongs beside the head."""


def configs_of(spec: TrainSpec, training: type) -> RunConfigs:
    """The three configs of a training run, as they were when it was created."""
    return RunConfigs(
        make_config(config_class("head", spec.head), spec.configs.head),
        make_config(config_class("objective", spec.objective), spec.configs.objective),
        make_config(training, spec.configs.training),
    )


def documented(configs: RunConfigs) -> Configs:
    """The configs as a spec holds them."""
    return Configs(**{name: asdict(getattr(configs, name)) for name in ("head", "objective", "training")})
