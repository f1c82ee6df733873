"""Measure how well eight numbers tell that image and text do not belong together, beside all numbers and neighbours.

    python benchmarks/triage_mismatch.py DATA [--out FILE]

DATA holds clip-embeddings: 350 pairs of COCO, 826 articles of a clothing shop, and 100 pictures of Flickr8k, each as
vectors of CLIP. A tenth of the texts are swapped among themselves. A head is fitted to all pairs, the swapped ones
among them ("in place"), or to four fifths of them to score the last fifth ("held out"), five times. Nothing is told
which texts were swapped. Settings of heads were chosen on the articles and on Flickr8k, not on COCO. Five seeds draw
swaps and first weights; intervals are Student's over seeds. The grocery photographs cannot be measured without an
encoder of photographs: the built-in one has only learned drawings.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

import qlatent
from qlatent.metrics.statistics.differences import mean_interval
from qlatent.provenance import made_by
from qlatent.services.triage import signals, simulations
from qlatent.services.triage.simulations import Question
from qlatent.triage import likeness
from qlatent.triage.simulation import Replay
from qlatent.types import Arrays

SEEDS = range(5)
FOLDS = 5
REGULARISED = 10.0  # of canonical axes: the best of 0.1, 1, 10, 100 and 10,000 on the articles
SETTINGS: dict[str, Any] = {
    "objective": "ntxent", "temperature": 0.2, "epochs": 10, "shared": True, "bridge_start": "pca", "heldout": 0.0,
}  # fmt: skip
HEADS: dict[str, tuple[str, dict[str, Any]]] = {
    "PCA": ("pca", {"dim": 8, "epochs": 1, "heldout": 0.0}),
    "CLIP-ACQUA, linear": ("acqua_linear", {"dim": 8, **SETTINGS}),
    "CLIP-ACQUA, no entanglers": ("acqua_separable", {"qubits": 8, **SETTINGS}),
    "CLIP-ACQUA": ("acqua", {"qubits": 8, "quantum_init": 1.0, **SETTINGS}),
    "CLIP-ACQUA, classical twin": ("acqua_twin", {"dim": 8, **SETTINGS}),
    "CLIP-ACQUA, frozen circuit": ("acqua_frozen", {"qubits": 8, **SETTINGS}),
    "CLIP-ACQUA, begun at random, two encoders": (
        "acqua",
        {"qubits": 8, "objective": "ntxent", "epochs": 60, "heldout": 0.0},
    ),
}
REPLAYED = ("all 512 numbers", "PCA, in place", "CLIP-ACQUA, linear, in place", "canonical axes, in place")

Scores = NDArray[np.float64]
Fit = Callable[[Arrays], Callable[[Arrays], Arrays]]


def main() -> None:
    """Print a table of each set, and write all of them as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found: dict[str, Any] = {"made_by": made_by()}
    for name, pairs in sets(options.data / "clip-embeddings").items():
        found[name] = measured(name, pairs)
        if options.out:
            options.out.write_text(json.dumps(found, indent=1) + "\n")


def sets(folder: Path) -> dict[str, Arrays]:
    """Image and text vectors (n, 512) by the name of the set."""
    coco = np.load(folder / "coco_pairs_vitb16.npz")
    shop = np.load(folder / "fashion_pairs_512.npz")
    flickr = np.load(folder / "flickr100_vitb32.npz")
    _, first = np.unique(flickr["text_image_index"], return_index=True)
    return {
        "COCO, 350 pairs": {"image": coco["image"], "text": coco["text"]},
        "Flickr8k, 100 pairs": {"image": flickr["image"], "text": flickr["text"][first]},
        "clothing, 826 articles": {"image": shop["image"], "text": shop["text"]},
    }


def measured(title: str, pairs: Arrays) -> dict[str, Any]:
    """The area under the curve of each score with its interval, and what orders by some of them save."""
    pairs = {name: each.astype(np.float32) for name, each in pairs.items()}
    areas: dict[str, list[float]] = {}
    replays: dict[str, dict[str, list[Replay]]] = {}
    for seed in SEEDS:
        swapped, bad = _swapped(pairs["text"], seed)
        for name, score in _scores({"image": pairs["image"], "text": swapped}, seed).items():
            areas.setdefault(name, []).append(float(roc_auc_score(bad, score)))
            if name in REPLAYED:
                known = signals.Signals(len(bad), disagreement=score)
                evidence = signals.Evidence({}, np.empty((len(bad), 0)), (), known)
                asked = Question(("random", "oldest", "disagreement"))
                for order, each in simulations.replays(
                    evidence, bad.astype(float), asked, seeds=[seed]
                ).items():
                    replays.setdefault(name, {}).setdefault(order, []).extend(each)
    rows = {
        name: dict(zip(("mean", "low", "high"), mean_interval(each), strict=True))
        for name, each in areas.items()
    }
    print(f"\n{title}\n\n| score | AUC |\n|---|---|")
    for name, row in rows.items():
        print(f"| {name} | {row['mean']:.3f} ({row['low']:.3f}–{row['high']:.3f}) |", flush=True)
    orders = {name: simulations.summary(each) for name, each in replays.items()}
    for name, each in orders.items():
        told = each["orders"]["disagreement"]
        print(
            name,
            *(f"{told[figure]:.2f} {told['intervals'][figure]}" for figure in ("share_for_half", "wss95")),
        )
    return {"auc": rows, "orders": orders}


def _swapped(texts: NDArray[np.float32], seed: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A tenth of the texts go round among themselves."""
    chosen = np.random.default_rng(1000 + seed).permutation(len(texts))[: len(texts) // 10]
    place = np.arange(len(texts))
    place[chosen] = np.roll(chosen, 1)
    return texts[place], np.isin(np.arange(len(texts)), chosen)


def _scores(places: Arrays, seed: int) -> dict[str, Scores]:
    """Each score of a mismatch (n,), larger for worse pairs."""
    image, text = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in places.values())
    scores = {
        "all 512 numbers, plain cosine": -(image * text).sum(axis=1),
        "all 512 numbers": _apart(places),
        "neighbours (after LEMoN)": _by_neighbours(image, text),
    }
    fits: dict[str, Fit] = {"canonical axes": _canonical} | {
        name: _fit(head, settings, seed) for name, (head, settings) in HEADS.items()
    }
    for name, fit in fits.items():
        scores[f"{name}, in place"] = _apart(fit(places)(places))
        scores[f"{name}, held out"] = _held_out(fit, places, seed)
    return scores


def _fit(head: str, settings: dict[str, Any], seed: int) -> Fit:
    return lambda places: qlatent.create(head, seed=seed, **settings).fit(places).transform


def _held_out(fit: Fit, places: Arrays, seed: int) -> Scores:
    """The score (n,) of each pair by latents that were fitted without it."""
    count = len(places["image"])
    fold, score = np.random.default_rng(seed).permutation(count) % FOLDS, np.empty(count)
    for number in range(FOLDS):
        made = fit({name: each[fold != number] for name, each in places.items()})
        score[fold == number] = _apart(made(places))[fold == number]
    return score


def _apart(places: Arrays) -> Scores:
    found = signals.disagreement(places)
    assert found is not None
    return found


def _by_neighbours(image: NDArray[np.float32], text: NDArray[np.float32], k: int = 10) -> Scores:
    """Cosine distance of the pair, plus those to the texts of like images and to the images of like texts.

    After Zhang et al. 2024, "LEMoN: label error detection using multimodal neighbors", with equal weights.
    """
    by_image, by_text = (likeness.compared(each, np.arange(len(each)), near=k).near for each in (image, text))
    return np.asarray(
        3.0
        - (image * text).sum(axis=1)
        - np.einsum("nkd,nd->nk", text[by_image], text).mean(axis=1)
        - np.einsum("nkd,nd->nk", image[by_text], image).mean(axis=1),
        dtype=np.float64,
    )


def _canonical(places: Arrays, count: int = 8) -> Callable[[Arrays], Arrays]:
    """The first canonical axes of both modalities, with ridge (Hotelling 1936; Vinod 1976)."""
    means = {name: each.mean(axis=0) for name, each in places.items()}
    first, second = (each - means[name] for name, each in places.items())

    def whitened(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        values, axes = np.linalg.eigh(rows.T.astype(np.float64) @ rows)
        return np.asarray((axes / np.sqrt(np.clip(values, 0, None) + REGULARISED * values.mean())) @ axes.T)

    left, right = whitened(first), whitened(second)
    u, _, v = np.linalg.svd(left @ (first.T @ second) @ right)
    axes = {"image": (left @ u)[:, :count], "text": (right @ v.T)[:, :count]}
    return lambda others: {name: (each - means[name]) @ axes[name] for name, each in others.items()}


if __name__ == "__main__":
    main()
