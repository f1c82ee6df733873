"""What the figures of a kept head are called: those of a training's end and of an evaluation. Torch-free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qlatent.registry import SCOPES
from qlatent.registry import TOGETHER as TOGETHER_TITLE

TOGETHER = ("spearman", "neighbour_overlap", "neighbour_chance")  # over two modalities, mostly the gap
TITLES = {
    "gap": "Gap images–texts",
    "gap_before": "Gap images–texts, in the vectors",
    "pair_error": "Mean |d_x − d_z| of matched pairs",
    "recall_1_image": "Images whose nearest text is their own (R@1)",
    "recall_1_text": "Texts whose nearest image is their own (R@1)",
    "recall_chance": "R@1 by chance",
    "spearman": "Spearman of distances",
    "neighbour_overlap": "kNN overlap@10",
    "neighbour_chance": "kNN overlap@10 by chance",
    "neighbour_chance_within": "kNN overlap@10 by chance, images or texts alone",
    "norm_min": "Norm of a latent, smallest",
    "norm_median": "Norm of a latent, median",
    "norm_max": "Norm of a latent, largest",
    "sample_points": "Points whose ranks and neighbours are compared",
    "reconstruction": "Reconstruction error (L1)",
    "total": "Loss",
    "pair_distance": "Loss of the pair distance, |d_x − d_z|",
    "text_of_image": "Loss of finding the text of an image",
    "image_of_text": "Loss of finding the image of a text",
    "train_pairs": "Rows for training",
    "heldout_pairs": "Rows held out",
    "train_groups": "Groups for training",
    "heldout_groups": "Groups held out",
    "groups_on_both_sides": "Groups on both sides",
}


def title(name: str) -> str:
    """The title of a figure; an unknown name is its own."""
    measured, _, scope = name.rpartition("_")
    if name not in TITLES and measured in TITLES and scope in SCOPES:
        return f"{TITLES[measured]}, {SCOPES[scope]}"
    return TITLES.get(name, name)


def titled(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Name, title and value of each; with two modalities, figures over both together come last and say so."""
    together = [name for name in TOGETHER if name in figures and "pair_error" in figures]
    for name, value in figures.items():
        if name not in together:
            yield name, title(name), value
    for name in together:
        yield name, f"{title(name)}, {TOGETHER_TITLE}", figures[name]
