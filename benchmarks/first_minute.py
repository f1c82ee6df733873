"""Measure what the two maps of Home tell: CLIP-ACQUA's own loss and distance correlation, on freshly drawn listings.

    python benchmarks/first_minute.py [--out FILE] [--count N] [--seeds 101 102 103 104 105]

Both are the demo's trainings (`services/demo.py`): one head, one seed, two losses. Beside them stand the same head with
distance correlation and a frozen circuit, its classical twin, and PCA to two numbers. Four in five listings are trained
on, by whole groups (a re-post stays with what it copies); everything is judged on the fifth. Kinds are told on the map:
by the ten nearest training points of both modalities, by a straight line (logistic regression), and for an image by its
ten nearest texts. Chance is the commonest kind. Spearman's correlation is of distances between the vectors as the
encoder gives them; the linear correlation of distances and trustworthiness are on vectors of length 1. Each number is
the mean over the seeds with its 95 % t-interval.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.model_selection import GroupShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import qlatent
from qlatent.demo.listings import Listing, listings
from qlatent.encoders.builtin import BuiltinEncoder
from qlatent.encoders.configs import BuiltinConfig
from qlatent.metrics.geometry.honesty import honesty
from qlatent.metrics.pairs.distances import condensed, pairwise
from qlatent.provenance import made_by
from qlatent.services.demo import HEAD, TRAININGS

OWN, TOWARDS = TRAININGS
WITHOUT_CIRCUIT = {name: value for name, value in HEAD.items() if name not in ("qubits", "latent")}
HEADS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("CLIP-ACQUA's own loss", OWN.head, OWN.objective, dict(OWN.settings)),
    ("distance correlation", TOWARDS.head, TOWARDS.objective, dict(TOWARDS.settings)),
    ("… frozen circuit", "acqua_frozen", TOWARDS.objective, dict(TOWARDS.settings)),
    ("… classical twin", "acqua_twin", TOWARDS.objective, WITHOUT_CIRCUIT | {"dim": 2, "focus": 4.0}),
    ("PCA", "pca", "acqua", {"dim": 2}),
)
NEAREST = 10
Vectors = dict[str, NDArray[Any]]


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103, 104, 105])
    options = parser.parse_args()
    encoder = BuiltinEncoder(BuiltinConfig())
    rows: list[dict[str, Any]] = []
    for seed in options.seeds:
        items = list(listings(options.count, seed=seed))
        images = encoder.embed_images(np.stack([encoder.prepare_image(each.image) for each in items]))
        vectors = {"image": images, "text": encoder.embed_texts([each.text for each in items])}
        train, judged = _split(items, seed)
        kinds = np.array([each.kind for each in items])
        for title, head, objective, settings in HEADS:
            begun = time.process_time()
            fitted = qlatent.create(head, objective=objective, seed=0, heldout=0.0, **settings).fit(
                {name: each[train] for name, each in vectors.items()}
            )
            taken = round(time.process_time() - begun, 1)
            latents = {name: np.asarray(each) for name, each in fitted.transform(vectors).items()}
            row = {"seed": seed, "head": title} | _measured(vectors, latents, kinds, train, judged)
            rows.append(row | {"training_cpu_s": taken})
            print(json.dumps(rows[-1]), flush=True)
        if options.out:
            _write(options.out, rows, encoder=encoder.key, count=options.count)
    for title, figures in _summaries(rows).items():
        print(f"{title:24}", *(f"{name} {mean:.2f} ± {half:.2f}" for name, (mean, half) in figures.items()))


def _write(path: Path, rows: list[dict[str, Any]], *, encoder: str, count: int) -> None:
    """All rows so far, with the mean over their seeds."""
    report = {"benchmark": "first_minute", "encoder": encoder, "count": count}
    report |= {"seeds": sorted({row["seed"] for row in rows}), "rows": rows}
    report |= {"mean_and_half_interval": _summaries(rows), "made_by": made_by()}
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _summaries(rows: list[dict[str, Any]]) -> dict[str, dict[str, tuple[float, float]]]:
    return {title: _summary([row for row in rows if row["head"] == title]) for title, *_ in HEADS}


def _split(items: list[Listing], seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to train on and to judge on; copies are on the side of what they copy."""
    groups = [each.truth_of or each.id for each in items]
    split = GroupShuffleSplit(n_splits=1, test_size=0.2, random_state=seed)
    train, judged = next(split.split(groups, groups=groups))
    return train, judged


def _measured(
    vectors: Vectors, latents: Vectors, kinds: NDArray[Any], train: NDArray[Any], judged: NDArray[Any]
) -> dict[str, float]:
    """How far kinds are told apart on the map, and what the latents kept of the vectors, on the listings held out."""
    fitted, asked = np.tile(kinds[train], 2), np.tile(kinds[judged], 2)
    points, wanted = (np.concatenate([each[rows] for each in latents.values()]) for rows in (train, judged))
    line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, C=10.0))
    names, counts = np.unique(kinds[train], return_counts=True)
    kept = honesty(
        {name: each[judged] for name, each in vectors.items()},
        {name: each[judged] for name, each in latents.items()},
    )
    before = np.concatenate([_unit(each)[judged] for each in vectors.values()])
    return {
        "kind_by_nearest": _accuracy(KNeighborsClassifier(NEAREST), points, fitted, wanted, asked),
        "kind_by_line": _accuracy(line, points, fitted, wanted, asked),
        "kind_of_image_by_texts": _accuracy(
            KNeighborsClassifier(NEAREST), latents["text"][train], kinds[train], latents["image"][judged], kinds[judged]
        ),
        "chance": float((kinds[judged] == names[counts.argmax()]).mean()),
        "spearman": kept["spearman"],
        "spearman_image": kept["spearman_image"],
        "spearman_text": kept["spearman_text"],
        "distance_correlation": float(
            np.corrcoef(condensed(pairwise(before)), condensed(pairwise(wanted)))[0, 1]
        ),
        "trustworthiness": float(trustworthiness(before, wanted, n_neighbors=NEAREST)),
        "gap": kept["gap"],
    }  # fmt: skip


def _accuracy(model: Any, points: Any, names: Any, asked: Any, truth: Any) -> float:
    return float(model.fit(points, names).score(asked, truth))


def _unit(vectors: NDArray[Any]) -> NDArray[Any]:
    """Vectors of length 1, as the heads are trained on them."""
    unit: NDArray[Any] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _summary(rows: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Mean over the seeds, and half the 95 % t-interval, of each figure."""
    found = {}
    for name in rows[0]:
        if name in ("seed", "head"):
            continue
        values = np.array([row[name] for row in rows])
        half = (
            stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
            if len(values) > 1
            else 0.0
        )
        found[name] = (float(values.mean()), float(half))
    return found


if __name__ == "__main__":
    main()
