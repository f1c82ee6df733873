"""Measure what neighbours tell in the demo: in the built-in encoder's vectors, and on maps of two numbers.

    python benchmarks/demo_structure.py [--out FILE] [--count N] [--seeds 101 102 103] [--maps all|demo|first|none]

Goals, on seeds that the encoder was not trained on: the ten nearest neighbours name the kind of a listing in ≥ 80 % in
the vectors and in ≥ 50 % on the map that follows the two nearest; R@1 ≥ 0.8 among 200 fresh pairs. The accuracy is that
of a vote of the ten nearest others, each modality by itself, baits and re-posts included.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import qlatent
from qlatent.demo.listings import Listing, drawn_pair, listings
from qlatent.demo.neighbours import neighbour_accuracy
from qlatent.demo.retrieval import score_pairs
from qlatent.encoders.builtin import BuiltinEncoder
from qlatent.encoders.configs import BuiltinConfig
from qlatent.layout.plane import plane
from qlatent.provenance import made_by
from qlatent.services.demo import TRAININGS

COLUMNS = ("kind", "category", "colour")
Vectors = Mapping[str, np.ndarray]

WIDE = {"qubits": 2, "hidden": 128, "latent": "dense", "batch_size": 256, "epochs": 100}
OTHERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("acqua", "acqua", {}),
    ("acqua", "neighbours", WIDE | {"neighbours": 2}),
    ("acqua", "distance_correlation", WIDE),
    ("acqua", "stress", WIDE),
    ("acqua", "ntxent", WIDE),
    ("acqua", "contrast", WIDE),
    ("acqua", "neighbours", WIDE),
    ("acqua", "neighbours", WIDE | {"neighbours": 30}),
    ("acqua", "neighbours", WIDE | {"neighbours": 2, "hidden": 0}),
    (
        "acqua_twin",
        "neighbours",
        {"dim": 2, "hidden": 128, "batch_size": 256, "epochs": 100, "neighbours": 2},
    ),
    ("acqua", "neighbours", {"qubits": 4}),
    ("acqua", "distance_correlation", {"qubits": 4}),
    ("mlp", "neighbours", {"dim": 2}),
    ("pca", "acqua", {"dim": 2}),
)  # trained on the first seed only


def main() -> None:
    """Print both tables and write them as JSON."""
    options = _options()
    encoder = BuiltinEncoder(BuiltinConfig())
    report: dict[str, Any] = {"encoder": encoder.key, "count": options.count, "vectors": [], "maps": []}
    for seed in options.seeds:
        items = list(listings(options.count, seed=seed))
        vectors = _encoded(encoder, [item.image for item in items], [item.text for item in items])
        row = {"seed": seed, "pairs": _recalls(encoder, seed), "accuracy": _accuracies(vectors, items)}
        report["vectors"].append(row)
        print(json.dumps(row), flush=True)
        for head, objective, settings in _trainings(options.maps, first=seed == options.seeds[0]):
            row = {"seed": seed} | _mapped(vectors, items, head, objective, settings)
            report["maps"].append(row)
            print(json.dumps(row), flush=True)
    if options.out:
        options.out.write_text(json.dumps(report | {"made_by": made_by()}, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--maps", choices=("all", "demo", "first", "none"), default="all")
    return parser.parse_args()


def _trainings(maps: str, *, first: bool) -> list[tuple[str, str, dict[str, Any]]]:
    """The demo's own trainings on every seed, or the one whose map it shows; all others on the first seed."""
    own = [(each.head, each.objective, dict(each.settings)) for each in TRAININGS]
    if maps in ("first", "none"):
        return own[-1:] if maps == "first" else []
    return own + (list(OTHERS) if maps == "all" and first else [])


def _encoded(encoder: BuiltinEncoder, images: list[Any], texts: list[str]) -> Vectors:
    prepared = np.stack([encoder.prepare_image(image) for image in images])
    return {"image": encoder.embed_images(prepared), "text": encoder.embed_texts(texts)}


def _recalls(encoder: BuiltinEncoder, seed: int) -> dict[str, float]:
    """R@1 of 200 fresh pairs in both directions."""
    rng = np.random.default_rng(seed)
    images, texts = zip(*(drawn_pair(rng) for _ in range(200)), strict=True)
    vectors = _encoded(encoder, list(images), list(texts))
    scores = score_pairs(vectors["image"], vectors["text"], rng=rng)
    return {name: each["R@1"]["value"] for name, each in scores.items()}


def _accuracies(points: Vectors, items: list[Listing], *, cosine: bool = True) -> dict[str, dict[str, float]]:
    """Accuracy by modality and column."""
    return {
        modality: {
            column: round(
                neighbour_accuracy(
                    each / np.linalg.norm(each, axis=1, keepdims=True) if cosine else each,
                    [getattr(item, column) for item in items],
                ),
                3,
            )
            for column in COLUMNS
        }
        for modality, each in points.items()
    }


def _mapped(
    vectors: Vectors, items: list[Listing], head: str, objective: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """Accuracy on the plane of each modality's own axes after training, and the seconds that it took."""
    begun, cpu = time.perf_counter(), time.process_time()
    latents = qlatent.create(head, objective=objective, seed=0, **settings).fit(vectors).transform(vectors)
    taken = {"cpu_s": round(time.process_time() - cpu, 1), "wall_s": round(time.perf_counter() - begun, 1)}
    places = {name: plane([each]).project(each) for name, each in latents.items()}
    said = {"head": head, "objective": objective, "settings": settings}
    return said | {"accuracy": _accuracies(places, items, cosine=False)} | taken


if __name__ == "__main__":
    main()
