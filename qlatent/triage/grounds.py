"""What the score of an item rests on: the decided items that are most like it, and what each adds to its logit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.triage.axes import Axes
from qlatent.triage.scoring import Model
from qlatent.types import Arrays

Floats = NDArray[np.float64]
_AXES = "axes of "


@dataclass(frozen=True, slots=True)
class Ground:
    """A decided item beside another."""

    item: str
    bad: bool  # as it was decided when the model learned from it
    alike: float  # cosine of their latents
    adds: float  # to the logit of the other by its latents, against the usual item; below 0 it lowers it


@dataclass(frozen=True, eq=False)
class Grounds:
    """The m decided items that a model learned from, by their d latents."""

    axes: Mapping[str, Axes]  # modality → how its vectors become latents
    items: NDArray[np.bytes_]  # (m,) ids in UTF-8
    bad: NDArray[np.bool_]  # (m,)
    latents: NDArray[np.float32]  # (m, d)
    forces: Floats  # (m,) of the calibrated logit, see `Model.forces`
    usual: Floats  # (d,)

    def nearest(self, vectors: Mapping[str, ArrayLike], *, but: str = "", most: int = 5) -> list[Ground]:
        """The decided items most like one with these vectors (k,) by modality, most alike first, without item `but`.

        Likeness is the cosine of what the model reads of the vectors, so items without any have none. What an item adds
        is its part of the sum that the model's weights are: over all that was learned from, these parts add up to what
        the latents add to the logit.
        """
        parts = [
            each.of(np.asarray(vectors[name])[None])[0]
            if name in vectors
            else np.zeros(each.directions.shape[1])
            for name, each in self.axes.items()
        ]
        given = np.concatenate(parts) if parts else np.zeros(0)
        norms = np.linalg.norm(self.latents, axis=1) * np.linalg.norm(given)
        there = np.flatnonzero((norms > 0) & (self.items != np.bytes_(but.encode())))
        alike = (self.latents[there] @ given) / norms[there]
        adds = self.forces[there] * (self.latents[there] @ (given - self.usual))
        return [
            Ground(
                self.items[there[place]].decode(), bool(self.bad[there[place]]), float(alike[place]), float(adds[place])
            )
            for place in np.argsort(-alike, kind="stable")[:most]
        ]  # fmt: skip

    def arrays(self) -> Arrays:
        """The grounds as arrays by name; `read` is the way back."""
        found: Arrays = {
            "items": self.items, "bad": self.bad, "latents": self.latents, "forces": self.forces, "usual": self.usual,
        }  # fmt: skip
        for name, each in self.axes.items():
            found[f"{_AXES}{name}"] = np.vstack([each.mean, each.directions.T]).astype(np.float32)
        return found


def of(model: Model, learned: Floats, axes: Mapping[str, Axes], ids: list[str]) -> Grounds:
    """The grounds of a model of `learned` rows (n, f), of which the first columns are the latents by these axes.

    `ids` are those of `model.decided`.
    """
    width = sum(each.directions.shape[1] for each in axes.values())
    bad = np.arange(len(ids)) < model.positive
    return Grounds(
        axes, np.array([each.encode() for each in ids], dtype=np.bytes_), bad,
        learned[model.decided, :width].astype(np.float32), model.slope * model.forces,
        np.median(learned[:, :width], axis=0),
    )  # fmt: skip


def read(arrays: Arrays) -> Grounds:
    """The grounds from their `arrays`."""
    axes = {
        name.removeprefix(_AXES): Axes(
            each[0].astype(np.float64), np.ascontiguousarray(each[1:].T, dtype=np.float64)
        )
        for name, each in arrays.items()
        if name.startswith(_AXES)
    }
    return Grounds(axes, arrays["items"], arrays["bad"], arrays["latents"], arrays["forces"], arrays["usual"])
