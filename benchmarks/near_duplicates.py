"""Measure near-duplicates on listings of two shops, on re-posts of the demo, on altered photos, and their time.

    python benchmarks/near_duplicates.py DATA [--model FOLDER] [--out FILE] [--parts NAME …] [--rows N]

DATA holds the folders listings-abt-buy and flickr8k-1k. Each figure is the mean over five seeds: a seed draws half of
the truth, on which the threshold is chosen, and the score is that of the other half.

- texts: Abt-Buy, 1,081 × 1,092 listings, all pairs between the shops, name and description. Trigrams as the program
  compares them, vectors of all-MiniLM-L6-v2 (`--model`), and, where they are installed (requirements-bench.txt),
  RapidFuzz and datasketch's MinHash-LSH; by a plain threshold, and with one-to-one (mutual best) matches only.
- reposts: the demo's listings, where re-posts show the goods of an earlier listing cropped to 82–92 % of each side,
  recoloured, three in ten mirrored, with other words; by picture, text and vectors of the built-in encoder.
- photos: 1,000 photographs and altered copies of 400 of them: altered as the demo's re-posts are, or scaled to 50–90 %
  and stored as JPEG of quality 30–70; by whole pictures only, and as the program compares them. And how many bits the
  hash of a thumbnail differs from that of the whole picture.
- time: for `--rows` items CPU seconds to find the pairs, to group them, and to group them anew at another threshold,
  and by how many MB the peak of memory grew meanwhile (Linux).
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import frozen_heads
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from qlatent.demo import listings
from qlatent.demo.draw import SIZE
from qlatent.images import decoded
from qlatent.provenance import made_by
from qlatent.store.items.thumbnails import thumbnail
from qlatent.triage.duplicates import groups, images, matching, texts, vectors
from qlatent.triage.duplicates.images import Hashes
from qlatent.triage.duplicates.matching import Candidates
from qlatent.triage.duplicates.pairs import Pairs, near
from qlatent.triage.duplicates.texts import Trigrams
from qlatent.triage.duplicates.vectors import Vectors

SEEDS = 5
THRESHOLDS = (0.0, 0.1, 0.3, 0.5, 0.6)
Floats = NDArray[np.floating[Any]]


def five(found: Candidates, owners: int) -> dict[str, Any]:
    """The mean score over seeds, with the least and largest F1."""
    scores = [matching.chosen_and_scored(found, owners, seed=seed) for seed in range(SEEDS)]
    means = {
        name: float(np.mean([getattr(each, name) for each in scores]))
        for name in ("f1", "precision", "recall", "threshold")
    }
    return means | {"f1_least": min(each.f1 for each in scores), "f1_most": max(each.f1 for each in scores)}


def shown(name: str, found: dict[str, Any]) -> None:
    print(
        f"{name:58} F1 {found['f1']:.3f} ({found['f1_least']:.3f}–{found['f1_most']:.3f})  precision "
        f"{found['precision']:.3f}  recall {found['recall']:.3f}  threshold {found['threshold']:.3f}",
        flush=True,
    )


# --- listings of two shops ------------------------------------------------------------------------------------


def two_shops(data: Path, model: str) -> dict[str, Any]:
    table = pd.read_csv(data / "listings-abt-buy" / "listings.csv", dtype=str, keep_default_na=False)
    table = table.sort_values("dataset", kind="stable").reset_index(drop=True)
    lefts = int((table["dataset"] == "Abt").sum())
    row = {each: number for number, each in enumerate(table["id"])}
    known = pd.read_csv(data / "listings-abt-buy" / "matches.csv", dtype=str).to_numpy()
    true = np.zeros((lefts, len(table) - lefts), dtype=np.bool_)
    for abt, buy in known:
        true[row[abt], row[buy] - lefts] = True
    both = (table["name"] + ". " + table["description"]).tolist()
    apart: dict[str, Floats] = {
        "trigrams of name and description": Trigrams(both).distances(0, lefts, lefts),
        "trigrams of the name": Trigrams(table["name"].tolist()).distances(0, lefts, lefts),
    }
    if model:
        for name, given in (("name and description", both), ("the name", table["name"].tolist())):
            apart[f"MiniLM of {name}"] = sentence_vectors(model, given).distances(0, lefts, lefts)
    others = {}
    if importlib.util.find_spec("rapidfuzz"):
        others |= rapidfuzz_distances(table["name"].tolist(), lefts, apart["trigrams of the name"])
    if importlib.util.find_spec("datasketch"):
        others |= minhash_distances(both, lefts, apart["trigrams of name and description"])
    found: dict[str, Any] = {}
    for name, distances in (apart | others).items():
        for how, candidates in (
            ("threshold", plain(distances, true)),
            ("one-to-one", mutual(distances, true)),
        ):
            found[f"{name}, {how}"] = five(candidates, lefts)
            shown(f"{name}, {how}", found[f"{name}, {how}"])
    return found


def plain(distances: Floats, true: NDArray[np.bool_]) -> Candidates:
    """All pairs of the two sources."""
    owner = np.repeat(np.arange(true.shape[0]), true.shape[1])
    return Candidates(distances.ravel(), true.ravel(), owner, np.nonzero(true)[0])


class Given:
    """Distances (lefts, rights) of two sources that are known already."""

    block = 1 << 22

    def __init__(self, distances: Floats) -> None:
        self._distances = distances

    def __len__(self) -> int:
        return sum(self._distances.shape)

    def distances(self, start: int, stop: int, begin: int) -> Floats:
        return self._distances[start:stop]


def mutual(distances: Floats, true: NDArray[np.bool_]) -> Candidates:
    """The pairs that are each other's nearest."""
    left, right, apart = matching.mutual_best(Given(distances), len(distances))
    return Candidates(apart, true[left, right], left, np.nonzero(true)[0])


def sentence_vectors(model: str, given: list[str]) -> Vectors:
    from qlatent.encoders.configs import TextConfig
    from qlatent.encoders.text import TextEncoder

    coder = TextEncoder(TextConfig(model=model))
    found = [coder.embed_texts(given[at : at + 64]) for at in range(0, len(given), 64)]
    return Vectors(np.concatenate(found))


def rapidfuzz_distances(names: list[str], lefts: int, trigrams: Floats) -> dict[str, Floats]:
    """RapidFuzz on names, alone and as the product of both likenesses."""
    from rapidfuzz import fuzz, process, utils

    prepared = [utils.default_process(each) for each in names]
    likeness = process.cdist(
        prepared[:lefts], prepared[lefts:], scorer=fuzz.token_set_ratio, dtype=np.float32, workers=1
    ) / 100  # fmt: skip
    return {
        "RapidFuzz token_set_ratio of the name": 1 - likeness,
        "RapidFuzz × trigrams of the name": 1 - likeness * (1 - trigrams),
    }


def minhash_distances(given: list[str], lefts: int, trigrams: Floats) -> dict[str, Floats]:
    """Trigrams of the pairs that MinHash-LSH proposes; the others are at distance 1."""
    from datasketch import MinHash, MinHashLSH

    def sketch(text: str) -> MinHash:
        padded, made = f" {texts.plain(text)} ", MinHash(128)
        made.update_batch([padded[at : at + 3].encode() for at in range(len(padded) - 2)])
        return made

    sketches = [sketch(each) for each in given]
    index = MinHashLSH(threshold=0.2, num_perm=128)
    for number, each in enumerate(sketches[lefts:]):
        index.insert(number, each)
    found = np.ones_like(trigrams)
    for number, each in enumerate(sketches[:lefts]):
        near_ones = index.query(each)
        found[number, near_ones] = trigrams[number, near_ones]
    return {"trigrams of what MinHash-LSH (0.2) proposes": found}


# --- re-posts of the demo, and altered photographs --------------------------------------------------------------


def within(contents: Any, group: NDArray[np.int64], *, widest: float) -> dict[str, Any]:
    """The score of all pairs of one source, of which those of a group are true."""
    pairs = near(contents, widest=widest, most=4_000_000)
    sizes = np.bincount(group)
    true_owner = np.repeat(np.arange(len(sizes)), sizes * (sizes - 1) // 2)
    first, second = group[pairs.first], group[pairs.second]
    return five(Candidates(pairs.distance, first == second, first, true_owner), len(sizes))


def reposts(count: int) -> dict[str, Any]:
    drawn = list(listings.listings(count, seed=1))
    row = {each.id: number for number, each in enumerate(drawn)}
    origin = [row[each.truth_of] if each.truth == "repost" else row[each.id] for each in drawn]
    group = np.unique(np.array(origin), return_inverse=True)[1].astype(np.int64)
    hashes = images.hashed([each.image for each in drawn])
    found = {
        "re-posts by picture": within(hashes, group, widest=images.WIDEST),
        "re-posts by text": within(Trigrams([each.text for each in drawn]), group, widest=0.9),
    }
    for modality, points in built_in(drawn).items():
        found[f"re-posts by the built-in encoder's {modality} vectors"] = within(points, group, widest=0.5)
    for name, score in found.items():
        shown(name, score)
    return found | {"listings": count, "true pairs": int(sum(n * (n - 1) // 2 for n in np.bincount(group)))}


def built_in(drawn: list[listings.Listing]) -> dict[str, Vectors]:
    from qlatent.encoders.builtin import BuiltinEncoder
    from qlatent.encoders.configs import BuiltinConfig

    coder = BuiltinEncoder(BuiltinConfig())
    parts = [drawn[at : at + 64] for at in range(0, len(drawn), 64)]
    pictures = [
        coder.embed_images(np.stack([coder.prepare_image(each.image) for each in part])) for part in parts
    ]
    written = [coder.embed_texts([each.text for each in part]) for part in parts]
    return {"image": Vectors(np.concatenate(pictures)), "text": Vectors(np.concatenate(written))}


def photos(data: Path) -> dict[str, Any]:
    archive = np.load(data / "flickr8k-1k" / "images.npz")
    content, edge = archive["data"], archive["offsets"]
    files = [content[start:stop].tobytes() for start, stop in pairwise(edge)]
    pictures, rng = [decoded(each) for each in files], np.random.default_rng(0)
    altered = {
        "cropped, recoloured, some mirrored": [
            listings._altered(each.resize((SIZE, SIZE)), rng) for each in pictures[:400]
        ],
        "scaled and compressed": [_recompressed(each, rng) for each in pictures[:400]],
    }
    group = np.concatenate([np.arange(len(pictures)), np.arange(400)])
    whole, found = images.hashed(pictures), {}
    for name, copies in altered.items():
        hashes = images.joined([whole, images.hashed(copies)])
        for how, contents in (("parts", hashes), ("whole pictures only", without_parts(hashes))):
            found[f"photos {name}, {how}"] = within(contents, group, widest=20)
            shown(f"photos {name}, {how}", found[f"photos {name}, {how}"])
    thumbnails = images.hashed([decoded(thumbnail(each, item="").webp) for each in files])
    bits = np.bitwise_count(thumbnails.whole ^ whole.whole)
    spread = [float(np.asarray(each.convert("L"), dtype=np.float64).std()) for each in pictures]
    found["thumbnails"] = {
        "same": float((bits == 0).mean()), "mean bits": float(bits.mean()), "most bits": int(bits.max()),
        "flat": int(whole.flat.sum()), "least spread": min(spread),
    }  # fmt: skip
    print("thumbnails against whole pictures", found["thumbnails"])
    return found


def without_parts(hashes: Hashes) -> Hashes:
    return Hashes(hashes.whole, hashes.whole, hashes.whole[:, None], hashes.flat)


def _recompressed(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    size = tuple(int(side * rng.uniform(0.5, 0.9)) for side in picture.size)
    content = io.BytesIO()
    picture.resize(size).save(content, "JPEG", quality=int(rng.integers(30, 70)))  # type: ignore[arg-type]
    return decoded(content.getvalue())


# --- time -------------------------------------------------------------------------------------------------------


def times(rows: int) -> dict[str, Any]:
    """CPU seconds of each step on random hashes, drawn texts and random vectors."""
    rng = np.random.default_rng(0)
    found = {"rows": rows}
    for name, widest, contents in (
        ("image", images.WIDEST, random_hashes(rng, rows)),
        ("text", texts.WIDEST, Trigrams(drawn_texts(rng, rows))),
        ("vector", vectors.WIDEST, random_vectors(rng, rows)),
    ):
        found[name] = timed(contents, widest, rows)
        print(name, json.dumps(found[name]), flush=True)
    pictures = [listing.image for listing in listings.listings(200, seed=2)]
    cpu = time.process_time()
    images.hashed(pictures)
    found["hashing, ms for each picture"] = (time.process_time() - cpu) / len(pictures) * 1000
    print(f"hashing {found['hashing, ms for each picture']:.2f} ms for each picture")
    return found


def timed(contents: Any, widest: float, rows: int) -> dict[str, Any]:
    held, cpu = megabytes("VmRSS"), time.process_time()
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    pairs: Pairs = near(contents, widest=widest)
    searched, cpu = time.process_time() - cpu, time.process_time()
    merges = groups.linkage(pairs)
    linked = time.process_time() - cpu
    content, again, counts = np.arange(rows, dtype=np.int32), [], []
    for share in THRESHOLDS:
        cpu = time.process_time()
        counts.append(len(groups.cut(merges, content, share * pairs.widest)))
        again.append(time.process_time() - cpu)
    return {
        "pairs found": searched, "grouped": linked, "grouped anew, most": max(again), "pairs": len(pairs),
        "widest": pairs.widest, "groups": counts, "memory, MB": round(megabytes("VmHWM") - held),
    }  # fmt: skip


def megabytes(field: str) -> float:
    """What this process holds now (VmRSS), or held at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def random_hashes(rng: np.random.Generator, rows: int) -> Hashes:
    whole, mirrored = rng.integers(2**64, size=(2, rows), dtype=np.uint64)
    copies = rng.integers(rows, size=rows // 10)
    whole[: len(copies)] = whole[copies] ^ (
        np.uint64(1) << rng.integers(64, size=len(copies), dtype=np.uint64)
    )
    parts = rng.integers(2**64, size=(rows, images.PARTS), dtype=np.uint64)
    return Hashes(whole, mirrored, parts, np.zeros(rows, np.bool_))


def drawn_texts(rng: np.random.Generator, rows: int) -> list[str]:
    from qlatent.demo.scene import random_scene
    from qlatent.demo.words import title_and_description

    return [". ".join(title_and_description(random_scene(rng), rng)) for _ in range(rows)]


def random_vectors(rng: np.random.Generator, rows: int) -> Vectors:
    points = rng.normal(size=(rows, 512)).astype(np.float32)
    copies = rng.integers(rows, size=rows // 10)
    points[: len(copies)] = points[copies] + 0.1 * points[: len(copies)]
    return Vectors(points)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--model", default=frozen_heads.minilm(), help="folder or id (default: all-MiniLM-L6-v2)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "near_duplicates.json"
    )
    parser.add_argument("--parts", nargs="+", default=["texts", "reposts", "photos", "time"])
    parser.add_argument("--listings", type=int, default=2000, help="listings of the demo")
    parser.add_argument("--rows", type=int, default=100_000, help="items whose time is measured")
    asked = parser.parse_args()
    work = {
        "texts": lambda: two_shops(asked.data, asked.model), "reposts": lambda: reposts(asked.listings),
        "photos": lambda: photos(asked.data), "time": lambda: times(asked.rows),
    }  # fmt: skip
    kept = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    document = kept | {"made_by": made_by(), "seeds": SEEDS}
    for part in asked.parts:
        document[part] = work[part]()
        asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
