"""What is selected, as small frozen definitions that can be stored as JSON and travel in a link.

A definition names what to select, never the rows, so it stays small whatever it holds and is resolved anew each time.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator

from qlatent.errors import InputError
from qlatent.layout.norm_view import NormView
from qlatent.layout.plane import Basis

MOST_VERTICES = 256
MOST_IDS = 100_000
DEEPEST = 16  # set operations within each other

Int16 = Annotated[int, Field(ge=-(2**15), lt=2**15)]
Value = bool | int | float | str


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DrawnMap(_Part):
    """The map a lasso was drawn on: a run's frame, a stored layout or the plane of a dataset's vectors, and how its
    coordinates were quantised.

    A coordinate is low + step · (value + 32768), value being an int16. `camera` is for a lasso in space: the eight
    numbers of a matrix (2, 4), row by row, from the values (x, y, z, 1) to the plane that it was drawn in.
    """

    run: str = ""
    layout: str = ""
    encoder: str = ""  # key of the vectors
    version: int | None = Field(
        default=None, ge=0
    )  # of the dataset, since further vectors may turn their plane
    view: str = (
        ""  # one modality, or a name for several (see `services/runs/map_views`); "" for the map's own
    )
    frame: int = Field(default=0, ge=0)
    frames: int | None = Field(
        default=None, ge=1
    )  # how many the map had, since later ones may turn its plane
    basis: Basis = "pooled"
    norm: NormView = ""  # whether the map shows the norm as radius or axis
    tour: Literal["", "grand", "labels", "norm"] = ""  # `frame` is then the number of a plane
    of: int = Field(default=0, ge=0)  # the frame of the run that is toured
    low: Annotated[tuple[float, ...], Field(min_length=2, max_length=3)]
    step: Annotated[tuple[float, ...], Field(min_length=2, max_length=3)]
    camera: Annotated[tuple[float, ...], Field(min_length=8, max_length=8)] | None = None

    @model_validator(mode="after")
    def _one_map(self) -> Self:
        if sum(map(bool, (self.run, self.layout, self.encoder))) != 1:
            raise ValueError("a lasso is drawn on a run, a layout or vectors: give one of them")
        if len(self.low) != len(self.step) or min(self.step) <= 0:
            raise ValueError("low and step have one number for each axis, and steps are greater than 0")
        return self

    @property
    def unmeasured(self) -> DrawnMap:
        """The same map without what only a lasso needs: how coordinates were quantised, and a camera."""
        axes = len(self.low)
        return self.model_copy(update={"low": (0.0,) * axes, "step": (1.0,) * axes, "camera": None})


class Lasso(_Part):
    """The points inside a polygon of int16 vertices, by the even–odd rule."""

    kind: Literal["lasso"] = "lasso"
    polygon: Annotated[tuple[tuple[Int16, Int16], ...], Field(min_length=3, max_length=MOST_VERTICES)]
    on: DrawnMap

    @model_validator(mode="after")
    def _seen(self) -> Self:
        if (len(self.on.low) == 3) != (self.on.camera is not None):
            raise ValueError("a lasso on a map in space needs a camera, and a plane has none")
        return self


class Column(_Part):
    """The items by their value in one column: one of `values`, within `least` and `largest`, or missing.

    `words` must all occur in a text. Bounds are numbers, or dates as text.
    """

    kind: Literal["column"] = "column"
    name: str
    values: Annotated[tuple[Value, ...], Field(max_length=10_000)] = ()
    least: float | str | None = None
    largest: float | str | None = None
    words: str = ""
    missing: bool = False

    @model_validator(mode="after")
    def _something(self) -> Self:
        asked = (self.values, self.least is not None or self.largest is not None, self.words)
        if sum(map(bool, asked)) > 1 or not (any(asked) or self.missing):
            raise ValueError("give values, a range or words, or ask for missing values")
        return self


class Search(_Part):
    """The hits of a search: the `terms` of a query, and encoder, modality, head and k where they are given."""

    kind: Literal["search"] = "search"
    search: dict[str, JsonValue]


class Ids(_Part):
    """The items with these ids."""

    kind: Literal["ids"] = "ids"
    ids: Annotated[tuple[str, ...], Field(max_length=MOST_IDS)]


class Cluster(_Part):
    """The items of a cluster of a stored layout, or `on` another map, clustered by `settings`.

    -1 holds the items with a point in no cluster.
    """

    kind: Literal["cluster"] = "cluster"
    layout: str = ""
    on: DrawnMap | None = None
    number: int = Field(ge=-1)
    settings: dict[str, JsonValue] = {}

    @model_validator(mode="after")
    def _one_map(self) -> Self:
        if bool(self.layout) == (self.on is not None):
            raise ValueError("a cluster is of a stored layout or on another map: give one of them")
        return self


class Kept(_Part):
    """The items of a named collection."""

    kind: Literal["collection"] = "collection"
    collection: str


class SetOf(_Part):
    """A set of other selections: all of them, what they share, the first without the others, or all but the first."""

    kind: Literal["set"] = "set"
    how: Literal["union", "intersection", "difference", "complement"]
    of: Annotated[tuple[Definition, ...], Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _numbers(self) -> Self:
        if self.how == "complement" and len(self.of) != 1:
            raise ValueError("a complement is of one selection")
        return self


Definition = Annotated[Lasso | Column | Search | Ids | Cluster | Kept | SetOf, Field(discriminator="kind")]
SetOf.model_rebuild()
_ADAPTER: TypeAdapter[Definition] = TypeAdapter(Definition)


def read(document: Any) -> Definition:
    """The definition in a JSON document; one that is none raises `InputError` with what is wrong."""
    try:
        if _depth(document) > DEEPEST:
            raise InputError(f"The selection has more than {DEEPEST} set operations within each other.")
        return _ADAPTER.validate_python(document)
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        raise InputError(
            f"This is not a selection: {place + ': ' if place else ''}{first['msg']}.", remedy="Select anew."
        ) from err


def written(definition: Definition) -> dict[str, Any]:
    """The definition as a JSON document, without values that are the default."""
    document: dict[str, Any] = _ADAPTER.dump_python(definition, mode="json", exclude_defaults=True)
    return {"kind": definition.kind, **_tagged(document, definition)}


def _tagged(document: dict[str, Any], definition: Definition) -> dict[str, Any]:
    """The document with the kinds of the parts of a set, which are defaults but tell the parts apart."""
    if isinstance(definition, SetOf):
        return document | {"of": [written(each) for each in definition.of]}
    return document


def _depth(document: Any) -> int:
    """How many sets are within each other; counted before pydantic follows them."""
    depth, level = 0, [document]
    while level and depth <= DEEPEST:
        level = [part for each in level if isinstance(each, dict) for part in _parts(each)]
        depth += 1
    return depth


def _parts(document: dict[str, Any]) -> list[Any]:
    of = document.get("of")
    return list(of) if isinstance(of, list | tuple) else []
