"""Measure how much review work the orders of a queue save, by replay of known labels.

    python benchmarks/triage.py DATA [--workspace FOLDER] [--sets demo sms abt mismatch coverage] [--out FILE]

DATA holds sms-spam, listings-abt-buy and clip-embeddings. Sets: the demo drawn anew from five seeds; SMS spam as text;
Abt-Buy, where 85 % of the partners are removed by seed, so that few listings of Buy have one among those of Abt;
image–text mismatches among COCO pairs, a tenth of whose captions are swapped; and the coverage of intervals. Texts are
vectors of all-MiniLM-L6-v2 (requirements-encoder.txt). Five seeds each; intervals are Student's over seeds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frozen_heads
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import roc_auc_score

import qlatent
from qlatent.metrics.statistics.differences import mean_interval
from qlatent.provenance import made_by
from qlatent.services import demo
from qlatent.services.triage import signals, simulations
from qlatent.services.triage.signals import Basis
from qlatent.services.triage.simulations import Question
from qlatent.services.vectors import encoding
from qlatent.services.workspaces import open_workspace
from qlatent.triage import estimation, likeness, scoring
from qlatent.triage.simulation import NAMES, Replay
from qlatent.types import Arrays, content_hash

SEEDS = range(5)
DRAWN = range(201, 206)  # seeds of the demo that nothing was chosen on
LISTINGS = 1000
REGULARISED = 10.0  # of canonical axes: the best of 0.1, 1, 10, 100 and 10,000 on the fashion pairs
HEAD = {"qubits": 8, "epochs": 30, "seed": 0}


def main() -> None:
    """Print a table of each set, and write all of them as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace"))
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=list(SETS))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    known = json.loads(options.out.read_text()) if options.out and options.out.exists() else {}
    for name in options.sets:
        known[name] = SETS[name](options.data, options.workspace)
        if options.out:
            options.out.write_text(json.dumps(known | {"made_by": made_by()}, indent=1) + "\n")


def by_demo(data: Path, folder: Path) -> dict[str, Any]:
    """All kinds of bad listings together; what is learned from in turn."""
    found: dict[str, dict[str, list[Replay]]] = {}
    bases = {
        "64 axes and columns": (Basis(), ("random", "oldest", "risk", "uncertainty", "disagreement", "duplicates")),
        "8 axes and columns": (Basis(axes=8), ("risk",)),
        "64 axes alone": (Basis(columns=False), ("risk",)),
    }  # fmt: skip
    for seed in DRAWN:
        workspace = open_workspace(folder / f"demo-{seed}")
        demo.furnish(workspace, count=LISTINGS, seed=seed)
        values = ("bait", "repost", "price outlier")
        labels = simulations.labels_of(workspace, demo.DATASET, "truth", values)
        for name, (basis, orders) in bases.items():
            evidence = signals.evidence(workspace, demo.DATASET, basis, leave_out=("truth", "truth_of"))
            made = simulations.replays(evidence, labels, Question(orders), seeds=[seed])
            merged = found.setdefault(name, {})
            for order, each in made.items():
                merged.setdefault(order, []).extend(each)
        workspace.close()
    return _told("The demo, five fresh draws of 1,000 listings, 13 % bad", found)


def by_sms(data: Path, folder: Path) -> dict[str, Any]:
    """Spam among messages; the vectors, their axes, and the latents of a small head."""
    table = pd.read_csv(data / "sms-spam" / "sms_spam.csv", keep_default_na=False)
    vectors = _vectors(folder, list(table["text"]))
    labels = (table["label"] == "spam").to_numpy(np.float64)
    head = qlatent.create("acqua", objective="distance_correlation", **HEAD)
    latents = np.asarray(head.fit(vectors).transform(vectors))
    found = {}
    for name, points, axes, orders in (
        ("64 axes", vectors, 64, ("random", "oldest", "risk", "uncertainty", "duplicates")),
        ("8 axes", vectors, 8, ("risk",)),
        ("8 latents of CLIP-ACQUA", latents, 0, ("risk",)),
        ("all 384 numbers", vectors, 0, ("risk",)),
    ):
        evidence = signals.of_arrays({"text": points}, {}, most=axes, beside=False)
        found[name] = simulations.replays(evidence, labels, Question(orders), seeds=SEEDS)
        print(name, flush=True)
    without = Question(("risk",), every=0)
    evidence = signals.of_arrays({"text": vectors}, {}, beside=False)
    found["64 axes, nothing at random"] = simulations.replays(evidence, labels, without, seeds=SEEDS)
    return _told(f"SMS spam: {len(labels):,} messages, {labels.mean():.1%} spam", found)


def by_abt(data: Path, folder: Path) -> dict[str, Any]:
    """Listings of Buy whose product Abt has listed before: 15 % of the partners are left."""
    table = pd.read_csv(data / "listings-abt-buy" / "listings.csv", keep_default_na=False, dtype=str)
    matches = pd.read_csv(data / "listings-abt-buy" / "matches.csv", dtype=str)
    vectors = _vectors(folder, list(table["name"]))
    found: dict[str, dict[str, list[Replay]]] = {}
    share = []
    for seed in SEEDS:
        partners = np.random.default_rng(seed).permutation(matches["idAbt"].unique())
        removed = set(partners[: round(0.85 * len(partners))])
        gone = (table["dataset"] == "Abt") & table["id"].isin(removed)
        kept, points = table[~gone], vectors[(~gone).to_numpy()]
        bad = set(matches.loc[~matches["idAbt"].isin(removed), "idBuy"])
        of_buy = (kept["dataset"] == "Buy").to_numpy()
        labels = np.where(of_buy, kept["id"].isin(bad).to_numpy(np.float64), np.nan)
        share.append(float(np.nanmean(labels)))
        for name, beside in (("64 axes and columns", True), ("64 axes alone", False)):
            evidence = signals.of_arrays({"text": points}, {}, texts=list(kept["name"]), beside=beside)
            made = simulations.replays(
                evidence, labels, Question(("random", "oldest", "risk", "uncertainty")), seeds=[seed]
            )
            for order, each in made.items():
                found.setdefault(name, {}).setdefault(order, []).extend(each)
    return _told(f"Abt-Buy: 1,092 listings of Buy, {np.mean(share):.1%} with a partner", found)


def by_mismatch(data: Path, folder: Path) -> dict[str, Any]:
    """The area under the curve of each score of mismatch among COCO pairs, and the work by it."""
    pairs = np.load(data / "clip-embeddings" / "coco_pairs_vitb16.npz")
    images, texts = pairs["image"].astype(np.float32), pairs["text"].astype(np.float32)
    areas: dict[str, list[float]] = {}
    found: dict[str, dict[str, list[Replay]]] = {}
    for seed in SEEDS:
        swapped, bad = _swapped(texts, seed)
        for name, score in _mismatch_scores({"image": images, "text": swapped}, seed).items():
            areas.setdefault(name, []).append(float(roc_auc_score(bad, score)))
            if name in ("8 axes, PCA", "8 canonical axes", "all 512 numbers"):
                signal = signals.Signals(len(bad), disagreement=score)
                evidence = signals.Evidence(np.empty((len(bad), 0)), {}, (), np.empty((len(bad), 0)), signal)
                asked = Question(("random", "oldest", "disagreement"))
                made = simulations.replays(evidence, bad.astype(np.float64), asked, seeds=[seed])
                for order, each in made.items():
                    found.setdefault(name, {}).setdefault(order, []).extend(each)
    rows = {
        name: dict(zip(("mean", "low", "high"), mean_interval(each), strict=True))
        for name, each in areas.items()
    }
    print(
        "\nCOCO, 350 pairs, a tenth of the captions swapped: area under the ROC curve\n\n| score | AUC |\n|---|---|"
    )
    for name, row in rows.items():
        print(f"| {name} | {row['mean']:.3f} ({row['low']:.3f}–{row['high']:.3f}) |", flush=True)
    return {"auc": rows, **_told("COCO, by disagreement", found)}


def by_coverage(data: Path, folder: Path) -> dict[str, Any]:
    """How often the interval of a risk holds the true probability, and that of the bad items left the true number."""
    rows = []
    for columns, decided, spread, shift in (
        (8, 200, 1.0, -3),
        (8, 200, 0.3, -2),
        (30, 300, 1.0, -3),
        (8, 200, 3.0, -3),
    ):
        held = [_risk_coverage(columns, decided, spread, shift, seed) for seed in range(40)]
        rows.append(
            {"columns": columns, "decided": decided, "spread": spread, "coverage": float(np.nanmean(held))}
        )
        print(rows[-1], flush=True)
    left = []
    for items, bad in ((1000, 0), (1000, 20), (1000, 150)):
        made = [_left_coverage(items, bad, seed) for seed in range(200)]
        left.append({"items": items, "bad": bad, "coverage": float(np.mean(made))})
        print(left[-1], flush=True)
    return {"risk": rows, "left": left}


def _risk_coverage(columns: int, decided: int, spread: float, shift: float, seed: int) -> float:
    """The share of 1,500 items whose interval holds their probability; columns and weights are normal."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(1500, columns))
    likely = expit(rows @ rng.normal(size=columns) * spread + shift)
    bad = rng.random(1500) < likely
    known, rest = np.split(rng.permutation(1500), [decided])
    if not bad[known].any():
        return float("nan")
    risk = scoring.fit(rows, known[bad[known]], known[~bad[known]], seed=seed).risk(rows[rest])
    return float(((risk.low <= likely[rest]) & (likely[rest] <= risk.high)).mean())


def _left_coverage(items: int, bad: int, seed: int) -> bool:
    """Whether the interval holds the bad items left after 40 % of a queue whose order knows something."""
    rng = np.random.default_rng(seed)
    kinds = rng.permutation(items) < bad
    score = rng.normal(size=items) + 1.5 * kinds
    replay = simulations.simulation.replayed(kinds, lambda decided, found: score, seed=seed)
    reviewed, found = items * 2 // 5, int(replay.bad[: items * 2 // 5].sum())
    low, high = estimation.estimate(replay.draws(reviewed), undecided=items - reviewed, found=found).interval
    return low <= bad - found <= high


def _swapped(texts: NDArray[np.float32], seed: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A tenth of the captions go round among themselves."""
    chosen = np.random.default_rng(1000 + seed).permutation(len(texts))[: len(texts) // 10]
    place = np.arange(len(texts))
    place[chosen] = np.roll(chosen, 1)
    return texts[place], np.isin(np.arange(len(texts)), chosen)


def _mismatch_scores(places: Arrays, seed: int) -> dict[str, NDArray[np.float64]]:
    """Each score of a mismatch (n,), larger for worse pairs; none is told which captions were swapped."""
    image, text = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in places.values())
    scores = {
        "all 512 numbers, plain cosine": -(image * text).sum(axis=1),
        "all 512 numbers": _apart(places),
        "neighbours (after LEMoN)": _by_neighbours(image, text),
        "8 canonical axes": _apart(_canonical(places, 8)),
    }
    for title, head, objective, settings in (
        ("8 axes, PCA", "pca", "acqua", {"dim": 8, "epochs": 1}),
        ("8 latents, MLP with NT-Xent", "mlp", "ntxent", {"dim": 8, "epochs": 60}),
        ("8 latents, CLIP-ACQUA with NT-Xent", "acqua", "ntxent", {"qubits": 8, "epochs": 60}),
        ("8 latents, CLIP-ACQUA with NT-Xent, begun at PCA", "acqua", "ntxent",
         {"qubits": 8, "epochs": 60, "bridge_start": "pca"}),
    ):  # fmt: skip
        made = qlatent.create(head, objective=objective, seed=seed, **settings).fit(places)
        scores[title] = _apart(made.transform(places))
    return scores


def _apart(places: Arrays) -> NDArray[np.float64]:
    found = signals.disagreement(places)
    assert found is not None
    return found


def _by_neighbours(image: NDArray[np.float32], text: NDArray[np.float32], k: int = 10) -> NDArray[np.float64]:
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


def _canonical(places: Arrays, count: int) -> Arrays:
    """Both modalities on their first canonical axes, with ridge (Hotelling 1936; Vinod 1976)."""
    first, second = (each - each.mean(axis=0) for each in places.values())

    def whitened(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        values, axes = np.linalg.eigh(rows.T.astype(np.float64) @ rows)
        return (axes / np.sqrt(np.clip(values, 0, None) + REGULARISED * values.mean())) @ axes.T

    left, right = whitened(first), whitened(second)
    u, _, v = np.linalg.svd(left @ (first.T @ second) @ right)
    return {"image": (first @ left @ u)[:, :count], "text": (second @ right @ v.T)[:, :count]}


def _vectors(folder: Path, texts: list[str]) -> NDArray[np.float32]:
    workspace, coder = open_workspace(folder / "texts"), frozen_heads.encoder(frozen_heads.minilm())
    encoding.encode_texts(workspace, {text: text for text in texts}, encoder=coder)
    found = workspace.items.embeddings(coder.key, "text", [content_hash(each) for each in texts])
    workspace.close()
    return found


def _told(title: str, found: dict[str, dict[str, list[Replay]]]) -> dict[str, Any]:
    """Print a table and return the figures; the references are told once."""
    print(f"\n{title}\n\n| learned from | order | {' | '.join(NAMES)} |\n|---|---|{'---|' * len(NAMES)}")
    documents = {name: simulations.summary(made) for name, made in found.items()}
    for place, (name, document) in enumerate(documents.items()):
        for order, figures in document["orders"].items():
            if place and order in simulations.REFERENCES:
                continue
            cells = [
                f"{figures[each]:.2f} ({figures['intervals'][each][0]:.2f}–{figures['intervals'][each][1]:.2f})"
                for each in NAMES
            ]
            print(f"| {name} | {order} | {' | '.join(cells)} |", flush=True)
    best = next(iter(documents.values()))["perfect"]
    print(f"| – | perfect | {' | '.join(f'{best[each]:.2f}' for each in NAMES)} |", flush=True)
    return {"title": title, "found": documents, "left": {name: _left(made) for name, made in found.items()}}


def _left(made: dict[str, list[Replay]]) -> dict[str, float]:
    """How often the interval of bad items left held the truth, asked at 20, 40, 60 and 80 % of each replay by risk."""
    held = []
    for replay in made.get("risk", []):
        for share in (0.2, 0.4, 0.6, 0.8):
            reviewed = int(share * len(replay.rows))
            bad = int(replay.bad[:reviewed].sum())
            undecided = len(replay.rows) - reviewed
            low, high = estimation.estimate(replay.draws(reviewed), undecided=undecided, found=bad).interval
            held.append(low <= int(replay.bad.sum()) - bad <= high)
    return {"asked": len(held), "held": float(np.mean(held))} if held else {"asked": 0, "held": float("nan")}


SETS: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "demo": by_demo, "sms": by_sms, "abt": by_abt, "mismatch": by_mismatch, "coverage": by_coverage,
}  # fmt: skip

if __name__ == "__main__":
    main()
