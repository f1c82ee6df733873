"""What a step names, and what a `trainings.toml` has to say so that it is made again. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from qlatent.errors import InputError, QlatentError
from qlatent.services.experiments import grid as grids
from qlatent.services.experiments.grid import Experiment
from qlatent.services.lessons import material, preparing
from qlatent.services.lessons.manifest import GridOfTrainings, LessonData, Manifest, Training, manifest
from qlatent.services.runs import listing
from qlatent.services.runs.specs import VectorTraining
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import training_spec
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import TrainingConfig

AS_THEY_ARE, WITH = "identity", "distance_correlation"
"""The head that changes nothing, with which lessons show vectors before any head, and its objective."""

MOST_ON_A_MAP = 200_000  # items of a run


@dataclass(frozen=True)
class Source:
    """The vectors behind a data set of a lesson: a dataset at a version, by an encoder."""

    dataset: str
    version: int
    encoder: str  # key


@dataclass
class Naming:
    """The names that a step uses; what the package's manifest does not have becomes an entry of the lesson's own."""

    workspace: Workspace
    data: dict[str, LessonData] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)  # of `data`
    runs: dict[str, Training] = field(default_factory=dict)
    experiments: dict[str, GridOfTrainings] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def manifest(self) -> Manifest:
        """The entries as a `trainings.toml` has them."""
        return Manifest(data=self.data, runs=self.runs, experiments=self.experiments)

    def run(self, run_id: str) -> str:
        """The name of a run; one that a lesson cannot train again raises `InputError`."""
        run = listing.summary(self.workspace, run_id)
        spec = run.spec
        if not isinstance(spec, VectorTraining) or spec.weights:
            raise InputError(
                f"A lesson trains its heads on vectors, and {run.name!r} is no such training.",
                remedy="Show a run of a head that was trained on vectors.",
            )
        known = self._known(spec)
        if known and "/" not in known:
            return known
        settings = _plain(spec.settings)
        if seed := spec.configs.training.get("seed"):  # 0 is the one that lessons have by themselves
            settings["seed"] = seed
        else:
            settings.pop("seed", None)
        if not self._same(spec, settings):
            self.remarks.append(
                f"An earlier version of the program trained {run.name!r}: these settings train another run today."
            )
        data = self._data(Source(spec.dataset, spec.dataset_version, spec.encoder))
        name = _free(known.rpartition("/")[2] or spec.head, (*manifest().names, *self.runs))
        self.runs[name] = Training(
            data=data, head=spec.head, objective=spec.objective, title=run.name, settings=settings
        )
        return name

    def vectors(self, dataset: str, encoder: str) -> str:
        """The name of the vectors of a dataset, as the run of a head that changes nothing."""
        source = Source(dataset, self.workspace.items.version(dataset), encoder)
        data = self._data(source)
        items = self.workspace.items.count(dataset)
        more = items > TrainingConfig().probe_size
        settings = {"probe_size": min(items, MOST_ON_A_MAP)} if more else {}
        for name, training in manifest().runs.items():
            if (training.data, training.head, training.settings) == (data, AS_THEY_ARE, settings):
                return name
        title = f"{self.workspace.catalogue.dataset(dataset).name}, before any head"
        name = _free("vectors", (*manifest().names, *self.runs))
        self.runs[name] = Training(
            data=data, head=AS_THEY_ARE, objective=WITH, title=title, settings=settings
        )
        return name

    def experiment(self, found: Experiment, dim: int) -> str:
        """The name of an experiment at one dimension; of several objectives the first is taken."""
        heads = tuple(head for head in found.heads if not head.startswith(grids.KEPT))
        if len(heads) < len(found.heads):
            self.remarks.append("Kept heads are left out: a lesson trains its heads.")
        if len(found.objectives) > 1:
            self.remarks.append(f"A table in a lesson has one loss: {grids.goal(found.objectives[0])}.")
        if len(found.dims) > 1:
            self.remarks.append(f"A table in a lesson has one latent dimension: {dim}.")
        data = self._data(Source(found.dataset, found.dataset_version, found.encoder))
        settings = {key: each for key, each in found.settings.items() if grids.COMMON.get(key) != each}
        grid = GridOfTrainings(
            title=found.name, data=data, heads=heads, objective=found.objectives[0], dim=dim,
            seeds=found.seeds, settings=_plain(settings),
        )  # fmt: skip
        for name, known in manifest().experiments.items():
            alike = known.model_copy(update={"heads": grids.with_controls(known.heads), "title": grid.title})
            if alike == grid:
                return name
        name = _free("heads", (*manifest().names, *self.experiments))
        self.experiments[name] = grid
        return name

    def _known(self, spec: VectorTraining) -> str:
        """The name by which lessons know a training, "" if none does."""
        key = training_key(spec)
        for name, training in manifest().runs.items():
            with suppress(QlatentError):  # data that cannot be read
                same = material.dataset_id(self.workspace, training.data) == spec.dataset
                if same and training_key(preparing.spec(self.workspace, name)) == key:
                    return name
        return ""

    def _same(self, spec: VectorTraining, settings: Mapping[str, Any]) -> bool:
        """Whether these settings make the training of this spec again."""
        request = TrainingRequest(
            spec.dataset, spec.encoder, head=spec.head, objective=spec.objective, settings=settings
        )
        try:
            again = training_spec(self.workspace, request)
        except QlatentError:
            return False
        return training_key(
            again.model_copy(update={"dataset_version": spec.dataset_version})
        ) == training_key(spec)

    def _data(self, source: Source) -> str:
        for name, each in self.sources.items():
            if each == source:
                return name
        for name in manifest().data:
            with suppress(QlatentError):
                if "/" not in name and material.dataset_id(self.workspace, name) == source.dataset:
                    return name
        name = _free("items", (*manifest().data, *self.sources))
        self.sources[name] = source
        title = self.workspace.catalogue.dataset(source.dataset).name
        self.data[name] = LessonData(title=title, files=(f"{name}.parquet",))
        return name


def _free(name: str, taken: tuple[str, ...]) -> str:
    """The name, or with a number if it is taken."""
    numbered = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in numbered if each not in taken)


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as TOML can say them: it has no word for None, which is the default where it occurs."""
    return {
        key: list(each) if isinstance(each, tuple) else each
        for key, each in settings.items()
        if each is not None
    }
