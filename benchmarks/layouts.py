"""Measure layouts of real vectors: what they keep, and how long they take.

    python benchmarks/layouts.py DATA [--workspace FOLDER] [--model FOLDER_OR_ID] [--out FILE] [--repetitions N]

DATA is the folder of the data sets. Three sets of `--rows` texts as all-MiniLM-L6-v2 sees them: Banking77 (77 intents),
AG News (4 topics) and SMS spam (2 classes); the 81 texts of the groceries by the same model (fruit, vegetables,
packages); and the image vectors of fashion_pairs_512 (CLIP; it has 826 articles, their label is the first garment that
the description names). PCA is what the page Explore draws first. Methods take turns on each set; each has been called
once before, so that numba's compiler is not timed. LocalMAP and PaCMAP are measured if `pacmap` (with faiss-cpu) can be
imported. Beside the figures of the map stands the accuracy among the vectors themselves. Then a fifth of the items is
placed on a layout of the others, and all frames of a made-up training (from a random projection of the fashion images
to their principal axes, 8 numbers) are laid out together, with the time that was estimated before. Vectors are kept in
the workspace, so that a second call does not encode again.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import statistics
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import frozen_heads
import numpy as np

from qlatent import lengths
from qlatent.layout import aligned, neighbours, umap
from qlatent.layout.plane import plane
from qlatent.provenance import made_by
from qlatent.services.layouts.quality import quality
from qlatent.services.vectors import encoding
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.types import content_hash

ENOUGH = 500  # items for a fifth to be placed later
AISLES = ("Fruit", "Vegetables", "Packages")
GARMENTS = (
    "t-shirt", "dress", "trousers", "jeans", "skirt", "shorts", "leggings", "jacket", "coat", "blazer", "cardigan",
    "hoodie", "sweatshirt", "sweater", "jumper", "shirt", "blouse", "vest", "bra", "briefs", "bikini", "swimsuit",
    "socks", "tights", "shoes", "boots", "sandals", "sneakers", "bag", "hat", "cap", "scarf", "belt", "earrings",
    "necklace", "ring", "sunglasses", "top", "bodysuit", "pyjama",
)  # fmt: skip
Points = np.ndarray
Labelled = tuple[Points, list[str]]
FIGURES = ("trustworthiness", "continuity", "neighbour_overlap", "neighbour_accuracy")


def encoded(workspace: Workspace, texts: list[str], labels: list[str], *, model: str) -> Labelled:
    """Unit vectors of the distinct texts, with their labels."""
    kept = {text: label for text, label in zip(texts, labels, strict=True) if text.strip()}
    coder = encoding.make_encoder("text", {"model": model})
    encoding.encode_texts(workspace, {text: text for text in kept}, encoder=coder)
    points = workspace.items.embeddings(coder.key, "text", [content_hash(text) for text in kept])
    return lengths.unit(points), list(kept.values())


def some(texts: list[str], labels: list[str], rows: int) -> tuple[list[str], list[str]]:
    """At most `rows` of the texts, drawn at random."""
    chosen = np.random.default_rng(0).permutation(len(texts))[:rows]
    return [texts[row] for row in chosen], [labels[row] for row in chosen]


def texts(data: Path, rows: int) -> dict[str, tuple[list[str], list[str]]]:
    """The sets of texts by name: texts and labels."""

    def table(path: str) -> list[dict[str, str]]:
        with (data / path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    banking, news = table("text-banking77/banking77.csv"), table("text-agnews/ag_news_test_part.csv")
    messages, groceries = table("sms-spam/sms_spam.csv"), table("grocery-pairs/items.csv")
    return {
        "Banking77": some([each["text"] for each in banking], [each["category"] for each in banking], rows),
        "AG News": some(
            [f"{each['title']}. {each['description']}" for each in news], [each["label_name"] for each in news], rows
        ),
        "SMS spam": some([each["text"] for each in messages], [each["label"] for each in messages], rows),
        "grocery texts": (
            [f"{each['title']}. {each['description']}" for each in groceries], [aisle(each) for each in groceries]
        ),
    }  # fmt: skip


def aisle(grocery: dict[str, str]) -> str:
    """Fruit, Vegetables or Packages: a folder in the path of the picture."""
    return next(part for part in grocery["source_path"].split("/") if part in AISLES)


def fashion(data: Path) -> Labelled:
    """The CLIP vectors of the articles' pictures, with their garments."""
    with (data / "clip-embeddings/fashion_items.csv").open(encoding="utf-8", newline="") as file:
        articles = list(csv.DictReader(file))
    with np.load(data / "clip-embeddings/fashion_pairs_512.npz") as content:
        return content["image"], [garment(each["description"]) for each in articles]


def sets(asked: argparse.Namespace) -> dict[str, Labelled]:
    """The sets by name: vectors (n, d) and labels."""
    with open_workspace(asked.workspace) as workspace:
        found = {
            name: encoded(workspace, *each, model=asked.model)
            for name, each in texts(asked.data, asked.rows).items()
        }
    return found | {"fashion, CLIP": fashion(asked.data)}


def garment(description: str) -> str:
    """The garment that a description names first; "" if it names none."""
    found = re.search("|".join(GARMENTS), description.lower())
    return found[0] if found else ""


def methods() -> dict[str, Callable[[Points], Points]]:
    """Each layout as a function of vectors, all with seed 0 and their own defaults."""
    found: dict[str, Callable[[Points], Points]] = {
        "PCA": lambda points: plane([points]).project(points),
        "UMAP": lambda points: by_umap(points, umap.UmapConfig()),
        "UMAP 200": lambda points: by_umap(points, umap.UmapConfig(epochs=200)),
        "densMAP": lambda points: by_umap(points, umap.UmapConfig(densmap=True)),
    }
    if find_spec("pacmap") and find_spec("faiss"):
        with warnings.catch_warnings(action="ignore"):
            import pacmap
        found["LocalMAP"] = lambda points: pacmap.LocalMAP(random_state=0).fit_transform(points, init="pca")
        found["PaCMAP"] = lambda points: pacmap.PaCMAP(random_state=0).fit_transform(points, init="pca")
    return found


def by_umap(points: Points, config: umap.UmapConfig) -> Points:
    """UMAP with cosine distances."""
    return umap.lay_out(points, neighbours.nearest(points, k=config.neighbours), config)


def placed(found: Labelled) -> dict[str, float]:
    """How often the 10 nearest known items name the label of an item that was placed later, and the time of placing.

    Beside it the same for the layout of all items together, and among the vectors.
    """
    points, words = found[0], np.array(found[1])
    order = np.random.default_rng(1).permutation(len(points))
    new, known = order[: len(points) // 5], order[len(points) // 5 :]
    config = umap.UmapConfig()
    places = by_umap(points[known], config)
    begun = time.perf_counter()
    added = umap.add(neighbours.nearest_known(points[new], points[known], k=15), places, config)
    seconds = time.perf_counter() - begun
    whole = by_umap(points, config)
    return {
        "placed": named(added, places, words[known], words[new]),
        "laid_out_together": named(whole[new], whole[known], words[known], words[new]),
        "vectors": named(points[new], points[known], words[known], words[new]),
        "seconds_per_1000": 1000 * seconds / len(new),
    }


def named(asked: Points, known: Points, words: np.ndarray, expected: np.ndarray) -> float:
    """How often the 10 nearest known points name the expected label."""
    from sklearn.neighbors import KNeighborsClassifier

    labelled = expected != ""
    voter = KNeighborsClassifier(10).fit(known[words != ""], words[words != ""])
    return float((voter.predict(asked[labelled]) == expected[labelled]).mean())


def aligned_frames(points: Points, frames: int = 12) -> dict[str, float]:
    """Expected and measured seconds of a layout of all frames."""
    end = plane([points], dimensions=3).project(points)
    random = points @ np.random.default_rng(0).normal(size=(points.shape[1], 8)) / 8
    end = np.pad(end, ((0, 0), (0, 5)))
    given = [random * (1 - share) + 3 * end * share for share in np.linspace(0, 1, frames)]
    expected = aligned.estimate(given, umap.UmapConfig())
    begun = time.perf_counter()
    aligned.lay_out_frames(given, umap.UmapConfig())
    return {
        "frames": frames, "points": len(points), "expected_seconds": expected.seconds,
        "seconds": time.perf_counter() - begun,
    }  # fmt: skip


def timed(method: Callable[[Points], Points], points: Points) -> tuple[Points, float, float]:
    """The places, with wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    places = method(points)
    return places, time.perf_counter() - wall, time.process_time() - cpu


def measured(found: Labelled, repetitions: int) -> dict[str, dict[str, object]]:
    """Figures by method, with the seconds of each turn."""
    points, labels = found
    table: dict[str, dict[str, object]] = {}
    turns: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repetitions):
        for name, method in methods().items():
            places, wall, cpu = timed(method, points)
            turns.setdefault(name, []).append((wall, cpu))
            if name not in table:
                table[name] = dict(quality(points, places, labels=labels))
    for name, row in table.items():
        row["wall_seconds"], row["cpu_seconds"] = map(list, zip(*turns[name], strict=True))
    return table


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace"))
    parser.add_argument(
        "--model", default=frozen_heads.minilm(), help="folder or id (default: all-MiniLM-L6-v2)"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "layouts.json")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--rows", type=int, default=3000)
    return parser.parse_args()


def main() -> None:
    asked = options()
    warm = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    first = {name: timed(method, warm)[1] for name, method in methods().items()}
    print("first call, with the compiler:", {name: round(value, 1) for name, value in first.items()})
    document: dict[str, Any] = {"made_by": made_by(), "first_call_seconds": first}
    for name, labelled in sets(asked).items():
        document[name] = one_set(name, labelled, asked.repetitions)
    document["aligned"] = aligned_frames(labelled[0])
    print("\nall frames together:", {key: round(value, 1) for key, value in document["aligned"].items()})
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def one_set(name: str, labelled: Labelled, repetitions: int) -> dict[str, Any]:
    """Measure and print one set."""
    rows = measured(labelled, repetitions)
    among = next(iter(rows.values()))["neighbour_accuracy_vectors"]
    print(f"\n{name}: {len(labelled[0]):,} items; 10-NN accuracy among the vectors {among:.3f}")
    for method, row in rows.items():
        shown = "  ".join(f"{figure} {row[figure]:.3f}" for figure in FIGURES)
        wall, cpu = (row[key] for key in ("wall_seconds", "cpu_seconds"))
        print(
            f"  {method:9} {shown}  wall {statistics.median(wall):5.1f} s "
            f"({min(wall):.1f}–{max(wall):.1f})  CPU {statistics.median(cpu):5.1f} s",
            flush=True,
        )
    found: dict[str, Any] = {"rows": len(labelled[0]), "methods": rows}
    if len(labelled[0]) >= ENOUGH:
        found["placing"] = placed(labelled)
        print("  a fifth placed later:", {key: round(value, 3) for key, value in found["placing"].items()})
    return found


if __name__ == "__main__":
    main()
