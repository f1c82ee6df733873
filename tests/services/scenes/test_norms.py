"""Norms against columns and classes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from qlatent.errors import InputError
from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import norms, scenes
from qlatent.store.workspace import Workspace
from tests.services.shop_workspace import KINDS, vectors


def test_norms_against_a_column_of_numbers(workspace: Workspace) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("both"))
    image, text = norms.against(workspace, scene, "column:price", frame=0)
    rows = [row for row in range(30) if row % 5]  # the others have no price
    lengths = [np.linalg.norm(vectors(row)["text"]) for row in rows]
    assert (image.modality, text.modality, text.points) == ("image", "text", 24)
    np.testing.assert_allclose(text.norms, lengths, rtol=1e-5)
    np.testing.assert_allclose(text.values, np.array(rows) / 2)
    assert text.correlation == pytest.approx(spearmanr(rows, lengths).statistic)


def test_norms_in_each_class_the_largest_first(workspace: Workspace) -> None:
    scene = scenes.of_run(workspace, "r1", Drawing("image"))
    (found,) = norms.against(workspace, scene, "label", frame=1)
    latents = np.linalg.norm(workspace.run("r1").snapshot(8)["image"], axis=1)
    labels = np.array([KINDS[row % 3] if row != 7 else "" for row in scene.rows])
    assert found.classes["items"].is_monotonic_decreasing and set(found.classes["name"]) == set(KINDS)
    for line in found.classes.itertuples():
        own = latents[labels == line.name]
        assert line.items == len(own)
        np.testing.assert_allclose(
            [line.quarter, line.middle, line.three_quarters], np.quantile(own, (0.25, 0.5, 0.75)), rtol=1e-6
        )
    (density,) = norms.against(workspace, scene, "density", frame=0)
    assert density.points == scene.items
    with pytest.raises(InputError, match="cannot be coloured"):
        norms.against(workspace, scene, "smell", frame=0)
