"""What a score rests on: the parts of decided items add up to what the latents add."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.triage import axes, grounds, scoring


def test_what_decided_items_add_is_what_the_latents_add_and_the_nearest_come_first() -> None:
    rng = np.random.default_rng(0)
    points = {name: rng.normal(size=(200, 6)).astype(np.float32) for name in ("image", "text")}
    bad = np.arange(200) % 4 == 0
    points["text"][bad, 0] += 2
    points["image"][5] = np.nan
    by = {name: axes.fitted(each) for name, each in points.items()}
    latents = np.hstack([by[name].of(each) for name, each in points.items()])
    learned = np.column_stack([latents, rng.random(200)])  # and one column beside
    decided = np.arange(180)  # so many good ones that none is presumed
    model = scoring.fit(learned, decided[bad[:180]], decided[~bad[:180]], seed=0)
    assert model.calibrated and model.presumed == 0
    made = grounds.of(model, learned, by, [f"i{row}" for row in model.decided])
    kept = grounds.read(made.arrays())
    for row in (190, 5, 8):
        found = kept.nearest({name: each[row] for name, each in points.items()}, most=200)
        usual = np.median(learned, axis=0)
        whole = (model.shares(learned[row]) - model.shares(usual))[:12].sum()
        assert sum(each.adds for each in found) == pytest.approx(whole, rel=0.02, abs=0.02)
        alike = latents[decided] @ latents[row]
        alike /= np.linalg.norm(latents[decided], axis=1) * np.linalg.norm(latents[row])
        first = [f"i{each}" for each in np.argsort(-alike)[:4]]
        assert [each.item for each in found[:4]] == first
        assert [each.alike for each in found[:4]] == pytest.approx(np.sort(alike)[::-1][:4], abs=1e-5)
        assert all(each.bad == bad[int(each.item[1:])] for each in found)
    nearest = kept.nearest({name: each[8] for name, each in points.items()}, but="i8")
    assert len(nearest) == 5 and "i8" not in [each.item for each in nearest]
    assert kept.nearest({}) == []


def test_of_only_bad_items_each_adds_nothing() -> None:
    points = np.random.default_rng(1).normal(size=(3, 2))
    by = axes.fitted(points)
    model = scoring.fit(by.of(points), [0, 1, 2], [], seed=0)
    found = grounds.of(model, by.of(points), {"text": by}, ["a", "b", "c"]).nearest({"text": points[0]})
    assert found[0].item == "a" and [each.adds for each in found] == [0, 0, 0]
