"""The figures beside a map, and the sentences below it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from qlatent.layout.plane import Basis
from qlatent.services.runs.frames import Evolution
from qlatent.ui.latent_map import figures, maps

BASIS: Basis = "pooled"
WITHIN = ("spearman_image", "spearman_text", "neighbour_overlap_image", "neighbour_overlap_text")
BETWEEN = ("gap", "pair_error", "recall_1_image", "recall_1_text")


def evolution(view: str = "laid", **changes: Any) -> Evolution:
    """A run of two frames of three items."""
    shown = ("image", "text") if view in ("both", "laid") else (view,)
    names = ("explained_variance", "procrustes_residual", *WITHIN, *BETWEEN, "spearman", "neighbour_overlap")
    table = {name: np.array([0.25, 0.5]) for name in names}
    table |= {"gap_before": np.full(2, 1.5), "neighbour_chance_within": np.full(2, 0.05)}
    found = Evolution(
        steps=np.array([0, 1]),
        places={name: np.zeros((2, 3, 2), "f4") for name in shown},
        norms={name: np.ones((2, 3), "f4") for name in ("image", "text")},
        norm_ranges={"image": (0.0, 1.0), "text": (0.0, 1.0)},
        honesty=table,
        rows=np.arange(3),
        heldout=np.zeros(3, dtype=bool),
        ids=["a", "b", "c"],
        labels=["", "", ""],
        images=[None] * 3,
        total=3,
        size=4,
        basis=BASIS,
        view=view,
        views=("image", "text", "both", "laid"),
        extent=np.array([[0.0, 1.0]] * 2),
        whole=np.array([[0.0, 1.0]] * 2),
        left_out=np.zeros(2, dtype=np.int64),
    )
    return dataclasses.replace(found, **changes)


def labels(found: Evolution) -> list[str]:
    return [each.label for each in figures.metrics(found)]


def test_figures_are_given_within_each_modality_shown_and_between_them() -> None:
    assert labels(evolution()) == [
        "Shown by the axes", "Movement", "Distances kept, images", "Neighbours kept, images", "Distances kept, texts",
        "Neighbours kept, texts", "Gap images–texts", "Pair distance change", "Images find own text",
    ]  # fmt: skip
    one = labels(evolution("text"))
    assert "Distances kept, texts" in one and "Distances kept, images" not in one
    assert one[-1] == "Texts find own image"


def test_figures_over_both_together_are_shown_only_where_a_run_has_nothing_else_and_say_so() -> None:
    assert not any("together" in label for label in labels(evolution()))
    table = {name: each for name, each in evolution().honesty.items() if name not in WITHIN}
    assert "Distances kept, images and texts together" in labels(evolution(honesty=table))


def test_a_run_of_one_modality_names_none() -> None:
    found = evolution("text", views=("text",))
    assert labels(found)[2:] == ["Distances kept", "Neighbours kept"]


def test_shares_are_per_cent_beside_what_they_are_compared_with() -> None:
    by_label = {each.label: each for each in figures.metrics(evolution())}
    kept, gap = by_label["Neighbours kept, images"], by_label["Gap images–texts"]
    assert (kept.values, kept.unit, kept.level, kept.note) == ([25.0, 50.0], "%", 5.0, "chance 5 %")
    assert (gap.level, gap.note) == (1.5, "before 1.50")


def test_what_is_unknown_in_every_frame_is_left_out() -> None:
    table = evolution().honesty | {"gap": np.full(2, np.nan), "pair_error": np.array([np.nan, 0.5])}
    found = {each.label: each.values for each in figures.metrics(evolution(honesty=table))}
    assert "Gap images–texts" not in found
    assert found["Pair distance change"] == [None, 0.5]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ["means laid on each other, 0.5 spreads apart in the latents"]),
        ({"view": "both"}, []),
        ({"view": "both", "left_out": np.array([0, 2])}, ["2 items whose latents are not finite numbers"]),
        ({"view": "both", "whole": np.zeros((2, 2))}, ["All points are at one place"]),
        ({"view": "both", "steps": np.array([0])}, ["one frame so far"]),
    ],
)
def test_sentences_say_what_the_map_cannot_show(changes: dict[str, Any], said: list[str]) -> None:
    remarks = maps.remarks(evolution(**changes))
    assert len(remarks) == len(said)
    for remark, part in zip(remarks, said, strict=True):
        assert part in remark


def test_neighbours_with_the_same_label_are_told_of_map_latents_and_vectors() -> None:
    shares = {"labels_text": 0.3, "labels_text_latents": 0.4, "labels_text_vectors": 0.61}
    found = evolution("text", honesty={name: np.full(2, share) for name, share in shares.items()})
    assert "30% on the map, 40% in the latents, 61% in the vectors" in maps.agreement(found)
    assert maps.agreement(evolution()) == ""


def test_colours_name_labels_only_where_they_name_those_of_most_items() -> None:
    assert maps._telling(["a", "b", "", "a"]) == "label"
    assert maps._telling(["a", "a", "a"]) == "norm"
    assert maps._telling([str(number) for number in range(40)]) == "norm"


def test_a_head_is_shown_by_modality_with_what_lies_between_and_not_over_both() -> None:
    measured = dict.fromkeys(("spearman", "neighbour_overlap"), 0.77) | dict.fromkeys(
        (*WITHIN, *BETWEEN), 0.25
    )
    shown = figures.of_head(measured | {"neighbour_chance_within": 0.05, "parameters": None})
    assert [each.label for each in shown] == [
        "Distances kept, images", "Neighbours kept, images", "Distances kept, texts", "Neighbours kept, texts",
        "Gap images–texts", "Pair distance change", "Images find own text", "Texts find own image",
    ]  # fmt: skip
    assert [each.values for each in shown[:2]] == [[0.25], [25.0]]
    assert shown[1].note == "chance 5 %"


def test_a_head_measured_over_both_together_only_says_so_and_one_modality_says_nothing_more() -> None:
    measured = {"spearman": 0.77, "neighbour_overlap": 0.5}
    assert [each.label for each in figures.of_head(measured | {"pair_error": 0.1})] == [
        "Distances kept, images and texts together", "Neighbours kept, images and texts together",
        "Pair distance change",
    ]  # fmt: skip
    assert [each.label for each in figures.of_head(measured)] == ["Distances kept", "Neighbours kept"]
    assert figures.of_head({"spearman": float("nan")}) == figures.of_head({}) == []
