"""Measure CLIP-ACQUA and its twins on held-out pairs: mean |d_x − d_z| and reconstruction.

    python benchmarks/acqua_heldout.py PAIRS.npz [--seeds N] [--out FILE] [--set key=value …]

PAIRS.npz holds `image` and `text`, (n, d). Every run uses the split of seed 0; the seeds change weights and batch
order. Also reports the step at which each term of the loss has covered 95 % of its decrease, and the score of a
constant latent distance: the median training distance in place of every d_z.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from qlatent.objectives.acqua import AcquaObjective
from qlatent.provenance import made_by
from qlatent.registry import HEADS, resolve
from qlatent.training.core import events
from qlatent.training.core.configs import split_settings
from qlatent.training.vectors import data
from qlatent.training.vectors.loop import Trainer
from qlatent.types import Arrays

PARTS = ("reconstruction_image", "reconstruction_text", "pair_distance")
Numbers = dict[str, float]


def run(head: str, prepared: data.TrainingData, settings: Mapping[str, Any]) -> Numbers:
    """Held-out metrics after training, and the step at which each term of the held-out loss had nearly converged."""
    configs = split_settings(head, "acqua", settings)
    model = resolve(HEADS[head].target)(configs.head)
    trainer = Trainer(model, AcquaObjective(configs.objective), prepared, configs.training)
    begun = time.perf_counter()
    seen = [(e.step, e.metrics) for e in trainer.run() if isinstance(e, events.Evaluation)]
    when = {f"step_{part}": nearly_down([(step, metrics[part]) for step, metrics in seen]) for part in PARTS}
    return {**seen[-1][1], **when, "seconds": time.perf_counter() - begun}


def nearly_down(curve: list[tuple[int, float]]) -> float:
    """The first step at which a curve has covered 95 % of its decrease from the first to the last value."""
    first, last = curve[0][1], curve[-1][1]
    return float(next(step for step, value in curve if first - value >= 0.95 * (first - last)))


def constant(prepared: data.TrainingData) -> float:
    """Mean |d_x − c| of the held-out pairs, c the median distance of the training pairs."""
    train, heldout = (
        np.linalg.norm(part["image"] - part["text"], axis=1) for part in (prepared.train, prepared.heldout)
    )
    return float(np.abs(heldout - np.median(train)).mean())


def interval(values: list[float]) -> Numbers:
    """Mean with its 95 % interval over seeds (Student's t), and the largest value."""
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1)) / len(values) ** 0.5
    half = float(stats.t.ppf(0.975, len(values) - 1)) * spread
    return {"mean": mean, "half_width_95": half, "max": max(values)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--heads", nargs="+", default=["acqua", "acqua_twin", "acqua_linear"])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = {"split_rule": "contents"} | dict(
        pair.split("=", 1) for pair in given.set
    )  # that of the kept figures
    with np.load(given.pairs, allow_pickle=False) as file:
        arrays: Arrays = {name: file[name] for name in ("image", "text")}
    result: dict[str, Any] = {
        "pairs": given.pairs.name,
        "settings": settings,
        "seeds": given.seeds,
        "heads": {},
    }
    for head in given.heads:
        prepared = data.from_arrays(arrays, split_settings(head, "acqua", {**settings, "seed": 0}).training)
        runs = [run(head, prepared, {**settings, "seed": seed}) for seed in range(given.seeds)]
        result["heads"][head] = {name: interval([each[name] for each in runs]) for name in runs[0]}
        result |= {
            "train": prepared.train_pairs,
            "heldout": prepared.heldout_pairs,
            "constant": constant(prepared),
        }
        show(head, result["heads"][head])
    print(
        f"{result['train']} pairs to train, {result['heldout']} held out; constant: {result['constant']:.4f}"
    )
    if given.out:
        given.out.write_text(json.dumps({"made_by": made_by(), **result}, indent=2) + "\n")


def show(head: str, numbers: dict[str, Numbers]) -> None:
    """One line a head."""
    told = []
    for name in ("pair_error", "reconstruction_image", "reconstruction_text"):
        mean, half, largest = numbers[name].values()
        told.append(f"{name} {mean:.4f} ± {half:.4f} (max {largest:.4f})")
    steps = "/".join(f"{numbers[f'step_{part}']['mean']:.0f}" for part in PARTS)
    print(
        f"{head:13}",
        *told,
        f"95 % down at step {steps}  {numbers['seconds']['mean']:.0f} s",
        sep="  ",
        flush=True,
    )


if __name__ == "__main__":
    main()
