"""Run specs: typed descriptions of runs, frozen at creation. Torch-free.

Each is stored as `spec.json` in the run folder. Only this module reads it; it converts older spellings and formats.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, TypeAdapter, ValidationError

from qlatent import spellings
from qlatent.errors import StoreError
from qlatent.hardware.work import RunOptions
from qlatent.registry import HEADS, head_class, respelled
from qlatent.store.runs.run_folder import RunFolder

FORMAT = 2
Source = Literal["vectors", "images", "retrieval"]
"""Training data of a run: stored vectors, images, or queries with their answers."""


class BaseSpec(BaseModel):
    """Fields that the specs of all kinds of runs share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = 2
    kind: str
    id: str = ""  # set by the queue
    name: str
    created: float  # unix seconds
    dataset: str | None
    threads: int = 1
    device: str = "auto"
    part_of: str = ""  # description of the sweep that it belongs to

    def document(self) -> dict[str, Any]:
        """The spec as JSON values."""
        return self.model_dump(mode="json")

    @property
    def datasets(self) -> tuple[str, ...]:
        """The ids of the datasets that the run reads."""
        return (self.dataset,) if self.dataset else ()


class Configs(BaseModel):
    """The settings of head, objective and training, including defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head: dict[str, Any]
    objective: dict[str, Any]
    training: dict[str, Any]


class BaseTraining(BaseSpec):
    """A training of a head on version `dataset_version` of a dataset."""

    kind: Literal["train"] = "train"
    dataset: str
    dataset_version: int
    encoder: str  # key of the vectors; "" if the encoder is trained too
    modalities: tuple[str, ...]
    head: str
    objective: str
    settings: dict[str, Any]  # requested settings, flat
    configs: Configs
    weights: str = ""  # id of a kept head that is measured without training
    panel: bool = False  # measure every metric at the end
    keep: bool = True  # keep the head after training


class VectorTraining(BaseTraining):
    """A training on stored vectors."""

    source: Literal["vectors"] = "vectors"


class ImageTraining(BaseTraining):
    """A training of a backbone and a head on images."""

    source: Literal["images"] = "images"
    content: str  # hash of the images, labels and splits


class RetrievalTraining(BaseTraining):
    """A training for retrieval."""

    source: Literal["retrieval"] = "retrieval"
    judgements: str = ""  # name of the stored judgements; "": items of one label answer each other


class Encoding(BaseSpec):
    """An encoding of a dataset, or of augmented views of its images."""

    kind: Literal["encode"] = "encode"
    dataset: str
    encoder: str
    settings: dict[str, Any]
    modalities: tuple[str, ...] | None = None  # None: all that dataset and encoder have
    views: int = 0


class Measurement(BaseSpec):
    """A measurement of the metric panel of finished trainings."""

    kind: Literal["measure"] = "measure"
    runs: tuple[str, ...]


class ImageProbe(BaseSpec):
    """A published linear probe of a finished training on images."""

    kind: Literal["probe"] = "probe"
    run: str


class EncodeWith(BaseModel):
    """The encoder for queries without vectors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str
    settings: dict[str, Any]


class RetrievalEvaluation(BaseSpec):
    """An evaluation of heads by retrieval."""

    kind: Literal["retrieval_evaluation"] = "retrieval_evaluation"
    dataset: str  # the corpus
    encoder: str
    heads: tuple[str, ...]
    queries: str = ""  # id of a dataset
    files: dict[str, str] = {}  # names of uploaded files by role
    encode_with: EncodeWith | None = None
    against: str = ""
    seed: int = 0

    @property
    def datasets(self) -> tuple[str, ...]:
        """The ids of the datasets that the run reads."""
        return tuple(filter(None, (self.dataset, self.queries)))


class Layout(BaseSpec):
    """A layout of a dataset's vectors, or of the latents of a run at one frame or at all of them."""

    kind: Literal["layout"] = "layout"
    dataset: str
    dataset_version: int
    encoder: str = ""  # key of the vectors; "" for the latents of a run
    run: str = ""
    step: int | None = None  # of the frame; None for vectors, and for all frames together
    modality: str
    method: Literal["pca", "umap", "aligned"]
    metric: Literal["cosine", "euclidean", "log_fidelity"]
    dimensions: int
    neighbours: int
    min_dist: float
    epochs: int  # 0: the method's own number
    densmap: bool
    seed: int
    extends: str = ""  # the run of the layout whose places are kept, while items that are new get one


class SearchIndexing(BaseSpec):
    """The building of a search index of the vectors of one encoder and modality."""

    kind: Literal["search_index"] = "search_index"
    dataset: str
    encoder: str  # key
    modality: str


class DuplicateSearch(BaseSpec):
    """A comparison of all items of a dataset with each other, for near-duplicates."""

    kind: Literal["duplicates"] = "duplicates"
    dataset: str
    dataset_version: int
    by: Literal["image", "text", "vector"]
    encoder: str = ""  # key of the vectors; "" for images, texts and the latents of a run
    modality: str = ""  # of the vectors or latents
    run: str = ""  # whose last latents are compared


class HardwareJob(BaseSpec):
    """An execution of a kept head's circuit on a device, for items of a dataset; it never holds a key."""

    kind: Literal["hardware"] = "hardware"
    dataset: str
    dataset_version: int
    encoder: str  # key of the vectors
    head: str
    head_id: str  # of the kept head
    modality: str
    rows: tuple[int, ...]
    runs_on: str  # name of the device, as `hardware/opening.py` reads it
    options: RunOptions
    recompiled: bool = False
    account: str = ""  # fingerprint of the account that pays; "" for what runs here

    @property
    def remote(self) -> bool:
        """Whether it is carried out on another machine, so that its worker only waits."""
        return self.runs_on not in ("exact", "shots") and ":" not in self.runs_on


class DemoPreparation(BaseSpec):
    """A preparation of the demo: draw, import and encode listings, then queue the training."""

    kind: Literal["demo"] = "demo"
    dataset: None = None
    count: int
    seed: int


Kind = TypeVar("Kind", bound=BaseSpec)
TrainSpec = VectorTraining | ImageTraining | RetrievalTraining
RunSpec = (
    TrainSpec
    | Encoding
    | Measurement
    | ImageProbe
    | RetrievalEvaluation
    | Layout
    | SearchIndexing
    | DuplicateSearch
    | HardwareJob
    | DemoPreparation
)


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
        | Annotated[Layout, Tag("layout")]
        | Annotated[SearchIndexing, Tag("search_index")]
        | Annotated[DuplicateSearch, Tag("duplicates")]
        | Annotated[HardwareJob, Tag("hardware")]
        | Annotated[DemoPreparation, Tag("demo")],
        Discriminator(_tag),
    ]
)


def of(folder: RunFolder) -> RunSpec:
    """The spec of the run in this folder; an invalid spec raises `StoreError`."""
    return read(folder.spec)


def training_spec(folder: RunFolder) -> TrainSpec:
    """The spec of the training in this folder; another kind of run raises `StoreError`."""
    return read_training(folder.spec)


def read_training(document: Mapping[str, Any]) -> TrainSpec:
    """The spec of a training from its document; another kind of run raises `StoreError`."""
    found = read(document)
    if isinstance(found, VectorTraining | ImageTraining | RetrievalTraining):
        return found
    raise StoreError(f"Run {found.id or found.name} is not a training: its kind is {found.kind!r}.")


def expected(spec: RunSpec, kind: type[Kind]) -> Kind:
    """The spec, checked to be of this kind; another kind raises `StoreError`."""
    if not isinstance(spec, kind):
        raise StoreError(f"Run {spec.id or spec.name} is of kind {spec.kind!r}, which is not expected here.")
    return spec


def read(document: Mapping[str, Any]) -> RunSpec:
    """The spec from a document of this or an earlier version; an invalid document raises `StoreError`."""
    return _read(json.dumps(document))


@lru_cache(maxsize=4096)
def _read(text: str) -> RunSpec:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise StoreError(
            "The spec of a run cannot be read: it is not a JSON object.", remedy="Remove the run."
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
    """A spec document converted to the present format and spelling."""
    found = spellings.current("spec", document) | {"format": FORMAT}
    if found["kind"] == "train":
        found["source"] = found.get("source") or "vectors"
        found["configs"] = _current_configs(found["configs"], found["head"])
    return found


def _current_configs(configs: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """The configs of a training, converted: moved fields are in place, and implicit rules have names."""
    head, objective, training = (dict(configs[name]) for name in ("head", "objective", "training"))
    if "learn_scale" in training:  # moved to the objective
        objective["learn_scale"] = training.pop("learn_scale")
    if name in HEADS:
        head = respelled(head_class(name), head)
    training.setdefault("split_rule", "contents")  # the only rule of earlier versions
    return {"head": head, "objective": objective, "training": training}
