"""The spec of a run: what it is to do, frozen when it is created. Torch-free.

`spec.json` in a run's folder holds one. This module is the only reader; it brings older
spellings and formats up to date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, TypeAdapter, ValidationError

from qlatent import spellings
from qlatent.errors import StoreError
from qlatent.registry import HEADS, head_class, respelled
from qlatent.store.runs.run_folder import RunFolder

FORMAT = 2
Source = Literal["vectors", "images", "retrieval"]
"""What a training learns from: stored vectors, the images themselves, or which item answers which query."""


class BaseSpec(BaseModel):
    """What the spec of every kind of run says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = 2
    kind: str
    id: str = ""  # given by the queue
    name: str
    created: float  # unix seconds
    dataset: str | None
    threads: int = 1
    device: str = "auto"
    part_of: str = ""  # the table of many runs that it was made for, in words

    def document(self) -> dict[str, Any]:
        """The spec as plain JSON."""
        return self.model_dump(mode="json")

    @property
    def datasets(self) -> tuple[str, ...]:
        """The ids of the datasets that the run reads."""
        return (self.dataset,) if self.dataset else ()


class Configs(BaseModel):
    """The settings of head, objective and training, defaults included, by field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head: dict[str, Any]
    objective: dict[str, Any]
    training: dict[str, Any]


class BaseTraining(BaseSpec):
    """Train a head on a dataset as it was at `dataset_version`."""

    kind: Literal["train"] = "train"
    dataset: str
    dataset_version: int
    encoder: str  # key of the vectors; empty where the encoder learns too
    modalities: tuple[str, ...]
    head: str
    objective: str
    settings: dict[str, Any]  # what was asked for, flat
    configs: Configs
    weights: str = ""  # id of a kept head that is measured as it is: nothing learns
    panel: bool = False  # measure every metric at the end
    keep: bool = True  # keep the head when it is trained


class VectorTraining(BaseTraining):
    """Train on stored vectors."""

    source: Literal["vectors"] = "vectors"


class ImageTraining(BaseTraining):
    """Train a backbone under the head, from the images themselves."""

    source: Literal["images"] = "images"
    content: str  # names exactly these images, labels and splits


class RetrievalTraining(BaseTraining):
    """Train queries to find their answers."""

    source: Literal["retrieval"] = "retrieval"
    judgements: str = ""  # name of the stored judgements; empty: items of one label answer each other


class Encoding(BaseSpec):
    """Encode a dataset, or augmented views of its images."""

    kind: Literal["encode"] = "encode"
    dataset: str
    encoder: str
    settings: dict[str, Any]
    modalities: tuple[str, ...] | None = None  # None: all that dataset and encoder have
    views: int = 0


class Measurement(BaseSpec):
    """Measure every metric of finished trainings."""

    kind: Literal["measure"] = "measure"
    runs: tuple[str, ...]


class ImageProbe(BaseSpec):
    """Take the linear probe of a finished training on images, by the published protocol."""

    kind: Literal["probe"] = "probe"
    run: str


class EncodeWith(BaseModel):
    """The encoder for queries that have no vectors yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str
    settings: dict[str, Any]


class RetrievalEvaluation(BaseSpec):
    """Evaluate heads by retrieval."""

    kind: Literal["retrieval_evaluation"] = "retrieval_evaluation"
    dataset: str  # the corpus
    encoder: str
    heads: tuple[str, ...]
    queries: str = ""  # id of a dataset
    files: dict[str, str] = {}  # name of an uploaded file by its role
    encode_with: EncodeWith | None = None
    against: str = ""
    seed: int = 0

    @property
    def datasets(self) -> tuple[str, ...]:
        """The ids of the datasets that the run reads."""
        return tuple(filter(None, (self.dataset, self.queries)))


class DemoPreparation(BaseSpec):
    """Draw, import and encode the demo's listings, then queue its training."""

    kind: Literal["demo"] = "demo"
    dataset: None = None
    count: int
    seed: int


Kind = TypeVar("Kind", bound=BaseSpec)
TrainSpec = VectorTraining | ImageTraining | RetrievalTraining
RunSpec = TrainSpec | Encoding | Measurement | ImageProbe | RetrievalEvaluation | DemoPreparation


def _tag(document: Any) -> str:
    kind = document.get("kind", "") if isinstance(document, Mapping) else document.kind
    if kind != "train":
        return str(kind)
    source = document.get("source") if isinstance(document, Mapping) else document.source
    return f"train {source}"


_ADAPTER: TypeAdapter[RunSpec] = TypeAdapter(
    Annotated[
        Annotated[VectorTraining, Tag("train vectors")]
        | Annotated[ImageTraining, Tag("train images")]
        | Annotated[RetrievalTraining, Tag("train retrieval")]
        | Annotated[Encoding, Tag("encode")]
        | Annotated[Measurement, Tag("measure")]
        | Annotated[ImageProbe, Tag("probe")]
        | Annotated[RetrievalEvaluation, Tag("retrieval_evaluation")]
        | Annotated[DemoPreparation, Tag("demo")],
        Discriminator(_tag),
    ]
)


def of(folder: RunFolder) -> RunSpec:
    """The spec of the run in this folder; a `StoreError` if it cannot be understood."""
    return read(folder.spec)


def training_spec(folder: RunFolder) -> TrainSpec:
    """The spec of the training in this folder; a `StoreError` if it is another kind of run."""
    return read_training(folder.spec)


def read_training(document: Mapping[str, Any]) -> TrainSpec:
    """The spec of a training that a document holds; a `StoreError` if it is another kind of run."""
    found = read(document)
    if isinstance(found, VectorTraining | ImageTraining | RetrievalTraining):
        return found
    raise StoreError(f"Run {found.id or found.name} is no training: it is of kind {found.kind!r}.")


def expected(spec: RunSpec, kind: type[Kind]) -> Kind:
    """The spec as one of this kind; a `StoreError` if it is another."""
    if not isinstance(spec, kind):
        raise StoreError(f"Run {spec.id or spec.name} is of kind {spec.kind!r}, which is not expected here.")
    return spec


def read(document: Mapping[str, Any]) -> RunSpec:
    """The spec that a document holds, written by this version or an earlier one; else a `StoreError`."""
    return _read(json.dumps(document))


@lru_cache(maxsize=4096)
def _read(text: str) -> RunSpec:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise StoreError(
            "The spec of a run cannot be understood: it is no JSON object.", remedy="Remove the run."
        )
    if document.get("format", 1) not in (1, FORMAT):
        raise StoreError(
            f"The spec of run {document.get('id')} has format {document['format']}; this version reads up to {FORMAT}.",
            remedy="Update qlatent.",
        )
    try:
        return _ADAPTER.validate_python(current(document))
    except (ValidationError, KeyError, TypeError, AttributeError) as err:
        raise StoreError(
            f"The spec of run {document.get('id')} cannot be understood: {_first(err)}",
            remedy="Remove the run, or open the workspace with the version that made it.",
        ) from err


def _first(err: Exception) -> str:
    if isinstance(err, ValidationError):
        found = err.errors()[0]
        place = ".".join(map(str, found["loc"][1:]))
        return f"{place}: {found['msg']}" if place else found["msg"]
    return f"{type(err).__name__} {err}"


def current(document: Mapping[str, Any]) -> dict[str, Any]:
    """A spec document in today's format and spelling."""
    found = spellings.current("spec", document) | {"format": FORMAT}
    if found["kind"] == "train":
        found["source"] = found.get("source") or "vectors"
        found["configs"] = _current_configs(found["configs"], found["head"])
    return found


def _current_configs(configs: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """The configs of a training, with what was a rule without a name, or stood elsewhere, in its place."""
    head, objective, training = (dict(configs[name]) for name in ("head", "objective", "training"))
    if "learn_scale" in training:  # it belongs to the objective
        objective["learn_scale"] = training.pop("learn_scale")
    if name in HEADS:
        head = respelled(head_class(name), head)
    training.setdefault("split_rule", "contents")  # the only rule before it had a name
    return {"head": head, "objective": objective, "training": training}
