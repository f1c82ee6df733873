"""AlignedUMAP: one layout of each frame of a training, each held near its neighbours in time.

The steps are umap-learn's own functions (its `AlignedUMAP`), with two differences: every frame starts from the fixed
plane instead of its own eigenvectors, so that frames agree from the first epoch, and epochs are told as they pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.layout import memberships
from qlatent.layout.epochs import bar_settings
from qlatent.layout.imported import umap_aligned, umap_functions
from qlatent.layout.neighbours import Metric, Points, nearest
from qlatent.layout.plane import align, plane
from qlatent.layout.umap import FEW, START, UmapConfig
from qlatent.types import Progress

EPOCHS = 200  # as in umap-learn's AlignedUMAP
WINDOW = 3  # frames before and after that a frame is held to
PULL = 0.01  # strength with which it is held, umap-learn's default
PIECE_POINTS, PIECE_FRAMES, PIECE_EPOCHS = 300, 7, 21
HELD = 0.64  # what one more frame to be held to adds to a pull: benchmarks/layout_times.py


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected seconds of a layout of frames: `starting` for the compiler, `moving` for the epochs."""

    starting: float
    moving: float

    @property
    def seconds(self) -> float:
        """All together."""
        return self.starting + self.moving


def lay_out_frames(
    frames: Sequence[Points],
    config: UmapConfig,
    *,
    metric: Metric = "cosine",
    progress: Progress | None = None,
    every: float = 0.2,
) -> NDArray[np.float32]:
    """The places (F, n, c) of F `frames` (n, k) of the same points.

    `progress` hears of epochs, at most one each `every` seconds, and may raise `Cancelled`. Fewer than four points stay
    on the fixed plane. Raises `InputError` for fewer than two frames.
    """
    if len(frames) < 2:
        raise InputError(
            f"{len(frames)} frame has nothing to be aligned with.", remedy="Use UMAP for a single frame."
        )
    known = align(frames)
    flat = plane(known.moments, dimensions=config.dimensions)
    turned = (np.asarray(frame) @ turn for frame, turn in zip(frames, known.rotations, strict=True))
    start = np.stack([flat.project(frame) for frame in turned])  # (F, n, c)
    if start.shape[1] < FEW or not np.abs(start).max() > 0:
        return start.astype(np.float32)
    near = [nearest(frame, k=config.neighbours, metric=metric) for frame in frames]
    epochs = config.epochs or EPOCHS
    graphs = [memberships.graph(each) for each in near]
    return _moved(start, graphs, config, epochs, bar_settings(progress, every=every))


def estimate(
    frames: Sequence[Points],
    config: UmapConfig,
    *,
    metric: Metric = "cosine",
    clock: Callable[[], float] = time.perf_counter,
) -> Estimate:
    """The expected time of `lay_out_frames`, measured by a few epochs of a few frames and points of the same latents.

    The first epoch waits for numba's compiler. A later one takes a time in proportion to its pulls: an edge of weight w
    is pulled every w_max / w epochs, and each pull reads the frames that its own is held to. Faint edges are not due
    yet in the epochs of the piece, so its pulls are counted.
    """
    few = [np.asarray(frame)[:PIECE_POINTS] for frame in frames[:PIECE_FRAMES]]
    piece = UmapConfig(config.dimensions, config.neighbours, config.min_dist, PIECE_EPOCHS, seed=config.seed)
    marks: list[float] = []
    begun = clock()
    lay_out_frames(few, piece, metric=metric, progress=lambda done, total: marks.append(clock()), every=0)
    if len(marks) < 3:  # so few points that no epoch is needed
        return Estimate(0.0, clock() - begun)
    weights = [memberships.graph(nearest(each, k=config.neighbours, metric=metric)).data for each in few]
    due = [weight / weight.max() for weight in weights]  # pulls of each edge in an epoch
    told = np.array(
        [_pulls(np.floor(each * (PIECE_EPOCHS - 1))) for each in due]
    )  # the first epoch pulls none
    pull = (marks[-1] - marks[1]) / float(told @ _reading(len(few)))
    each_point = float(np.mean([each.sum() for each in due])) / len(few[0])
    pulls = (config.epochs or EPOCHS) * len(frames[0]) * each_point
    return Estimate(marks[1] - begun, pull * pulls * float(_reading(len(frames)).sum()))


def _pulls(counts: NDArray[np.float64]) -> float:
    """The pulls of edges that are pulled `counts` times (e,): the first of each has one push of five less."""
    return float(counts.sum() - (counts > 0).sum() / 7)  # a pull moves both ends, and its pushes one each


def _reading(frames: int) -> NDArray[np.float64]:
    """How much longer a pull takes in each frame (F,) than one in a frame that is held to no other.

    umap-learn holds a frame to those from `WINDOW` before it to `WINDOW` - 1 after it.
    """
    places = np.arange(frames)
    held = np.minimum(places, WINDOW) + np.minimum(frames - 1 - places, WINDOW - 1)
    return 1 + HELD * held


def _moved(
    start: NDArray[np.floating], graphs: list[Any], config: UmapConfig, epochs: int, bar: dict[str, Any]
) -> NDArray[np.float32]:
    functions, several = umap_functions(), umap_aligned()
    rng = np.random.RandomState(config.seed)
    scaled = START * start / np.abs(start).max() + rng.normal(scale=1e-4, size=start.shape)
    edges = [graph.tocoo() for graph in graphs]
    relations = same_points(len(graphs), start.shape[1])
    weights = several.build_neighborhood_similarities(
        _typed([graph.indptr.astype(np.int32) for graph in graphs]),
        _typed([graph.indices.astype(np.int32) for graph in graphs]),
        relations,
    )
    a, b = functions.find_ab_params(1.0, config.min_dist)
    places = _typed([np.ascontiguousarray(frame, dtype=np.float32) for frame in scaled])
    moved = several.optimize_layout_aligned_euclidean(
        places, places,
        _typed([each.row.astype(np.int32) for each in edges]),
        _typed([each.col.astype(np.int32) for each in edges]),
        epochs,
        _typed([functions.make_epochs_per_sample(each.data, epochs).astype(np.float64) for each in edges]),
        weights, relations, rng.randint(functions.INT32_MIN, functions.INT32_MAX, 3).astype(np.int64),
        a=a, b=b, lambda_=PULL, parallel=False, tqdm_kwds=bar, move_other=True,
    )  # fmt: skip
    return np.stack(list(moved))


def same_points(frames: int, points: int) -> NDArray[np.int32]:
    """Which point of frame i + offset is point p of frame i: the same one, (F, 2 · window + 1, n); -1 outside."""
    relations = np.full((frames, 2 * WINDOW + 1, points), -1, dtype=np.int32)
    for frame in range(frames):
        for offset in range(-WINDOW, WINDOW + 1):
            if offset and 0 <= frame + offset < frames:
                relations[frame, WINDOW + offset] = np.arange(points)
    return relations


def _typed(arrays: list[Any]) -> Any:
    from numba.typed import List

    return List(arrays)
