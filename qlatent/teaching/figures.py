"""The live figures that a step can show; the fields of a figure are the state it starts in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

Angle = Annotated[float, Field(ge=-6.3, le=6.3)]
"""An angle of a gate, in radians."""
LESSON_SEED = 0
"""The seed with which the trainings of lessons begin."""
Seed = Annotated[int, Field(ge=LESSON_SEED, le=9999)]


@dataclass(frozen=True, config={"extra": "forbid"})
class MapFigure:
    """The map of a run at one frame; −1 is the last. Without `view` the one that shows the structure.

    `seed` is that of the training, of which somebody may have made others than the lesson's.
    """

    run: str
    frame: Annotated[int, Field(ge=-1)] = -1
    view: Literal["", "image", "text", "both", "laid"] = ""
    colour: Literal["norm", "label"] = "norm"
    item: str = ""  # id of the selected item
    seed: Seed = LESSON_SEED
    kind: Literal["map"] = "map"

    @property
    def runs(self) -> tuple[str, ...]:
        """The trainings that the figure shows."""
        return (self.run,)


@dataclass(frozen=True, config={"extra": "forbid"})
class LinkedFigure:
    """The last maps of two runs on the same items, with one selection."""

    runs: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)]
    colour: Literal["norm", "label"] = "label"
    item: str = ""
    kind: Literal["linked"] = "linked"


@dataclass(frozen=True, config={"extra": "forbid"})
class WaysFigure:
    """The way of each item on the map, from its exact place over the jobs in their order.

    `frame` is the stage whose places are shown as points: 0 is exact, then come the jobs, and −1 is the last.
    """

    jobs: Annotated[tuple[str, ...], Field(min_length=1, max_length=4)]
    frame: Annotated[int, Field(ge=-1)] = -1
    colour: Literal["moved", "label"] = "label"
    item: str = ""
    kind: Literal["ways"] = "ways"

    @property
    def runs(self) -> tuple[str, ...]:
        """The trainings that the figure names: none but through its jobs."""
        return ()


@dataclass(frozen=True, config={"extra": "forbid"})
class LossFigure:
    """The loss of a run in its parts, step by step."""

    run: str
    seed: Seed = LESSON_SEED
    kind: Literal["losses"] = "losses"

    @property
    def runs(self) -> tuple[str, ...]:
        """The trainings that the figure shows."""
        return (self.run,)


@dataclass(frozen=True, config={"extra": "forbid"})
class TableFigure:
    """An experiment as a table of heads × metrics, over its first `seeds` seeds."""

    experiment: str
    metrics: Annotated[tuple[str, ...], Field(min_length=1)]
    seeds: Annotated[int, Field(ge=1, le=20)] = 5
    kind: Literal["table"] = "table"

    @property
    def runs(self) -> tuple[str, ...]:
        """The trainings that the figure shows: none by name."""
        return ()


@dataclass(frozen=True, config={"extra": "forbid"})
class CircuitFigure:
    """A circuit of a layout or of a trained head, after `gate` gates (−1: all), gate by gate or as Bloch spheres.

    A head's circuit has the angles of `item`. `angles` are the values of single angles, by names such as "input 0" and
    "weight 3"; other angles of a layout are 0. The student can move those named in `move`.
    """

    kind: Literal["circuit", "bloch"]
    run: str = ""
    modality: Literal["image", "text"] = "image"
    item: str = ""
    layout: str = ""
    qubits: Annotated[int, Field(ge=1, le=8)] = 1
    layers: Annotated[int, Field(ge=1, le=10)] = 1
    gate: Annotated[int, Field(ge=-1)] = -1
    angles: dict[str, Angle] = Field(default_factory=dict)
    move: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[str, ...]:
        """The trainings that the figure shows."""
        return (self.run,) if self.run else ()


@dataclass(frozen=True, config={"extra": "forbid"})
class ViewsFigure:
    """A picture with its two stored augmented views, and how alike the first is to the other and to those of others.

    `by` is what is compared: the cosine of the encoder's vectors ("vector") or of what NT-Xent gets from the head
    ("projection"), or the fidelity of the circuit's states ("state"). The head is that of the first run ("start") or of
    the last ("end"). `temperature` is that of NT-Xent. The student can change the fields named in `change`.
    """

    runs: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)]
    item: str
    by: Literal["vector", "projection", "state"] = "vector"
    at: Literal["start", "end"] = "end"
    temperature: Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False)] = 0.07
    change: tuple[Literal["item", "by", "at", "temperature"], ...] = ("item",)
    kind: Literal["views"] = "views"

    @property
    def run(self) -> str:
        """The training whose head is shown."""
        return self.runs[0] if self.at == "start" else self.runs[-1]


@dataclass(frozen=True, config={"extra": "forbid"})
class GradientsFigure:
    """The variance of gradients of a layout at random angles, by its number of "qubits", or of "layers" on four qubits.

    The student can change what is counted, and the layout where `layouts` offers several.
    """

    layout: str
    layers: Annotated[int, Field(ge=1, le=10)] = 10  # where qubits are counted
    by: Literal["qubits", "layers"] = "qubits"
    layouts: tuple[str, ...] = ()
    kind: Literal["gradients"] = "gradients"

    @property
    def runs(self) -> tuple[str, ...]:
        """The trainings that the figure shows: none."""
        return ()


Figure = (
    MapFigure
    | LinkedFigure
    | WaysFigure
    | LossFigure
    | TableFigure
    | CircuitFigure
    | ViewsFigure
    | GradientsFigure
)
SEEDS = ("seed", "seeds")
"""Fields that say which trainings a figure shows: a question is about those with which the step begins."""
FIGURES: dict[str, type] = {
    "map": MapFigure,
    "linked": LinkedFigure,
    "ways": WaysFigure,
    "losses": LossFigure,
    "table": TableFigure,
    "circuit": CircuitFigure,
    "bloch": CircuitFigure,
    "views": ViewsFigure,
    "gradients": GradientsFigure,
}
STATE: dict[str, tuple[str, ...]] = {
    "map": ("seed", "view", "frame", "colour", "item"),
    "linked": ("colour", "item"),
    "ways": ("frame", "colour", "item"),
    "losses": ("seed",),
    "table": ("seeds",),
    "circuit": ("gate", "angles"),
    "bloch": ("gate", "angles"),
    "views": ("item", "by", "at", "temperature"),
    "gradients": ("layout", "layers", "by"),
}
"""What a student changes in each kind of figure: links and notebooks write it down."""
NAMING = ("run", "runs", "experiment", "jobs")
"""Fields that name what a `trainings.toml` has."""


def renamed(figure: Figure, known: Callable[[str], str]) -> Figure:
    """The figure with the names of its trainings and experiments replaced."""
    changed: dict[str, Any] = {}
    for name in {each.name for each in fields(figure)} & set(NAMING):
        value = getattr(figure, name)
        changed[name] = tuple(map(known, value)) if isinstance(value, tuple) else value and known(value)
    return replace(figure, **changed)
