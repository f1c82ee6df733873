"""Measure how much review work the orders of a queue save, by replay of known labels.

    python benchmarks/triage.py DATA [--workspace FOLDER] [--sets demo sms groups abt coverage] [--out FILE]

DATA holds sms-spam and listings-abt-buy. Sets: the demo drawn anew from five seeds; SMS spam as text, also by heads
that are trained anew with each seed; near-duplicate messages decided as groups; Abt-Buy, where 85 % of the partners are
removed by seed, so that few listings of Buy have one among those of Abt; and the coverage of intervals. Texts are
vectors of all-MiniLM-L6-v2 (requirements-encoder.txt). Five seeds each; intervals are Student's over seeds. Mismatches
of image and text: triage_mismatch.py.
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
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

import qlatent
from qlatent.provenance import made_by
from qlatent.services import demo
from qlatent.services.datasets import coded
from qlatent.services.triage import signals, simulations
from qlatent.services.triage.groups import SHOWN
from qlatent.services.triage.signals import Basis
from qlatent.services.triage.simulations import Question
from qlatent.services.vectors import encoding
from qlatent.services.workspaces import open_workspace
from qlatent.triage import estimation, scoring
from qlatent.triage.duplicates import groups, texts
from qlatent.triage.duplicates.pairs import near
from qlatent.triage.duplicates.texts import Trigrams
from qlatent.triage.simulation import NAMES, Replay
from qlatent.types import content_hash

SEEDS = range(5)
DRAWN = range(201, 206)  # seeds of the demo that nothing was chosen on
LISTINGS = 1000
HEADS = {
    "CLIP-ACQUA": ("acqua", {"qubits": 8}), "its classical twin": ("acqua_twin", {"dim": 8}),
    "a frozen circuit": ("acqua_frozen", {"qubits": 8}),
}  # fmt: skip


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
    found = {}
    for name, points, axes, orders in (
        ("64 axes", vectors, 64, ("random", "oldest", "risk", "uncertainty", "duplicates")),
        ("8 axes", vectors, 8, ("risk",)),
        ("all 384 numbers", vectors, 0, ("risk",)),
    ):
        evidence = signals.of_arrays({"text": points}, {}, most=axes, beside=False)
        found[name] = simulations.replays(evidence, labels, Question(orders), seeds=SEEDS)
        print(name, flush=True)
    for name, (head, settings) in HEADS.items():
        for seed in SEEDS:
            made = qlatent.create(head, objective="distance_correlation", epochs=30, seed=seed, **settings)
            evidence = signals.of_arrays(
                {"text": np.asarray(made.fit(vectors).transform(vectors))}, {}, most=0, beside=False
            )
            for order, each in simulations.replays(
                evidence, labels, Question(("risk",)), seeds=[seed]
            ).items():
                found.setdefault(f"8 latents of {name}", {}).setdefault(order, []).extend(each)
        print(name, flush=True)
    without = Question(("risk",), every=0)
    evidence = signals.of_arrays({"text": vectors}, {}, beside=False)
    found["64 axes, nothing at random"] = simulations.replays(evidence, labels, without, seeds=SEEDS)
    return _told(f"SMS spam: {len(labels):,} messages, {labels.mean():.1%} spam", found)


def by_groups(data: Path, folder: Path) -> dict[str, Any]:
    """Near-duplicate messages decided as one after a look at no more of them than a preview shows."""
    table = pd.read_csv(data / "sms-spam" / "sms_spam.csv", keep_default_na=False)
    bad = (table["label"] == "spam").to_numpy()
    merges = groups.linkage(near(Trigrams(list(table["text"])), widest=texts.WIDEST))
    found = groups.cut(merges, np.arange(len(bad), dtype=np.int32), texts.USUAL)
    sizes = [len(found.members(place)) for place in range(len(found))]
    wrong = [
        min(bad[found.members(place)].sum(), (~bad[found.members(place)]).sum())
        for place in range(len(found))
    ]
    alone = len(bad) - sum(sizes)
    shown = [min(size, 3 * SHOWN) for size in sizes]
    return {
        "items": len(bad), "groups": len(sizes), "in groups": sum(sizes), "largest": max(sizes),
        "of another kind than most of their group": int(sum(wrong)),
        "decisions for each item shown, groups": sum(sizes) / sum(shown),
        "decisions for each item shown, all": len(bad) / (alone + sum(shown)),
        "decisions for each decision taken, groups": sum(sizes) / len(sizes),
        "spam in groups": int(sum(bad[found.members(place)].sum() for place in range(len(found)))),
    }  # fmt: skip


def by_abt(data: Path, folder: Path) -> dict[str, Any]:
    """Listings of Buy whose product Abt has listed before: 15 % of the partners are left.

    That a listing is compared with those of another seller was chosen on half of the products; `_other_half` had no
    part in it.
    """
    table = pd.read_csv(data / "listings-abt-buy" / "listings.csv", keep_default_na=False, dtype=str)
    matches = pd.read_csv(data / "listings-abt-buy" / "matches.csv", dtype=str)
    vectors = _vectors(folder, list(table["name"]))
    found: dict[str, dict[str, list[Replay]]] = {}
    share, half = [], _other_half(table, matches)
    for seed in SEEDS:
        partners = np.random.default_rng(seed).permutation(matches["idAbt"].unique())
        removed = set(partners[: round(0.85 * len(partners))])
        there = ~((table["dataset"] == "Abt") & table["id"].isin(removed)).to_numpy()
        bad = table["id"].isin(set(matches.loc[~matches["idAbt"].isin(removed), "idBuy"])).to_numpy()
        labels = np.where((table["dataset"] == "Buy").to_numpy(), bad.astype(np.float64), np.nan)
        share.append(float(np.nanmean(labels)))
        learning = ("random", "oldest", "risk", "uncertainty")
        for name, taken, seller, beside, orders in (
            ("64 axes and columns, sellers known", there, "shop", True, learning),
            ("the same, the half on which nothing was chosen", there & half, "shop", True, learning),
            ("64 axes and columns, sellers not known", there, None, True, ("risk",)),
            ("64 axes alone", there, None, False, ("risk",)),
        ):
            shops = {"shop": coded.compact(table["dataset"][taken].to_numpy(object))} if seller else {}
            evidence = signals.of_arrays(
                {"text": vectors[taken]},
                shops,
                texts=list(table["name"][taken]),
                beside=beside,
                seller=seller,
            )
            made = simulations.replays(evidence, labels[taken], Question(orders), seeds=[seed])
            for order, each in made.items():
                found.setdefault(name, {}).setdefault(order, []).extend(each)
    return _told(f"Abt-Buy: 1,092 listings of Buy, {np.mean(share):.1%} with a partner", found)


def _other_half(table: pd.DataFrame, matches: pd.DataFrame) -> NDArray[np.bool_]:
    """Mask of listings: half of the products, with all listings of each."""
    row = {each: number for number, each in enumerate(table["id"])}
    pairs = [[row[each] for each in matches[column]] for column in ("idAbt", "idBuy")]
    links = coo_array((np.ones(len(matches)), pairs), shape=(len(table), len(table)))
    count, product = connected_components(links, directed=False)
    return np.asarray(np.random.default_rng(9000).permutation(count)[product] % 2 == 1)


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


def _vectors(folder: Path, given: list[str]) -> NDArray[np.float32]:
    workspace, coder = open_workspace(folder / "texts"), frozen_heads.encoder(frozen_heads.minilm())
    encoding.encode_texts(workspace, {text: text for text in given}, encoder=coder)
    found = workspace.items.embeddings(coder.key, "text", [content_hash(each) for each in given])
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
    "demo": by_demo, "sms": by_sms, "groups": by_groups, "abt": by_abt, "coverage": by_coverage,
}  # fmt: skip

if __name__ == "__main__":
    main()
