"""What is known of items before any decision: their latents, and columns that speak for a bad one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from qlatent.services.datasets import coded, roles
from qlatent.services.triage import signals
from qlatent.services.triage.signals import Basis
from qlatent.store.workspace import Workspace
from qlatent.triage.scoring import surprise
from tests.services import shop_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("signals") / "workspace") as opened:
        yield opened


def test_the_evidence_of_a_dataset(workspace: Workspace) -> None:
    found = signals.evidence(workspace, "shop", Basis())
    assert found.latents.shape == (30, 16)
    assert_allclose((found.latents**2).sum(axis=1).mean(), 9)
    images, texts = (
        np.stack([shop_workspace.vectors(number)[name] for number in range(30)]) for name in ("image", "text")
    )
    images, texts = images - images.mean(axis=0), texts - texts.mean(axis=0)
    cosine = (images * texts).sum(axis=1) / np.linalg.norm(images, axis=1) / np.linalg.norm(texts, axis=1)
    assert_allclose(found.signals.disagreement, 1 - cosine, atol=1e-6)
    assert found.signals.date is not None
    assert np.diff(found.signals.date).tolist() == [1] * 29
    columns = dict(zip(found.titles, found.columns.T, strict=True))
    assert_allclose(columns["image and text disagree"], surprise(1 - cosine), atol=1e-4)
    prices = np.array([np.nan if number % 5 == 0 else number / 2 for number in range(30)])
    assert_allclose(columns["price is large"], surprise(prices))
    assert_allclose(columns["price is small"], surprise(-prices))
    assert columns["fresh is true"].tolist() == [float(number % 2 == 0) for number in range(30)]
    assert columns["label is pear"].sum() == 9
    assert "price is unusual among similar items" in columns
    assert "words repeat an earlier text" in columns
    assert not any("split" in title for title in columns)
    assert signals.evidence(workspace, "shop", Basis()) is found  # kept until items or vectors change


def test_roles_say_what_is_hidden_and_which_column_is_the_risk(workspace: Workspace) -> None:
    before = roles.roles(workspace, "shop")
    try:
        roles.set_roles(workspace, "shop", {"fresh": "hidden", "label": "hidden", "price": "risk"})
        found = signals.evidence(workspace, "shop", Basis())
    finally:
        workspace.catalogue.update_dataset("shop", roles=before)
    assert not any(title.startswith(("label", "fresh")) for title in found.titles)
    assert found.signals.column is not None
    assert found.signals.column[3] == 1.5
    assert np.isnan(found.signals.column[5])
    assert any(title.startswith("label") for title in signals.evidence(workspace, "shop", Basis()).titles)


def test_columns_that_tell_the_label_are_left_out(workspace: Workspace) -> None:
    found = signals.evidence(workspace, "shop", Basis(), leave_out=("label", "price"))
    assert not any(title.startswith(("label", "price")) for title in found.titles)
    alone = signals.evidence(workspace, "shop", Basis(columns=False))
    assert alone.titles == ()
    assert alone.learned.shape == (30, 16)


def test_one_modality_without_columns_has_no_disagreement() -> None:
    found = signals.of_arrays({"text": np.ones((1, 4), dtype=np.float32)}, {})
    assert found.signals.disagreement is None
    assert found.titles == ("text is like an earlier one",)
    assert np.isfinite(found.learned).all()
    wide = {"image": np.ones((2, 3), dtype=np.float32), "text": np.ones((2, 4), dtype=np.float32)}
    assert signals.disagreement(wide) is None


def test_with_sellers_an_item_repeats_what_another_seller_had() -> None:
    texts = ["red kettle", "green kettle", "red kettle", "blue vase"]
    points = np.eye(4, dtype=np.float32)[[0, 1, 0, 2]]
    sellers = coded.compact(np.array(["ann", "bob", "ann", "bob"], dtype=object))
    found = signals.of_arrays({"text": points}, {"shop": sellers}, texts=texts, seller="shop")
    columns = dict(zip(found.titles, found.columns.T, strict=True))
    assert columns["words repeat an earlier text of another seller"].argmax() == 1
    assert columns["text is like an earlier one of another seller"][2] == 0  # its own copy is no other's
    alone = signals.of_arrays({"text": points}, {"shop": sellers}, texts=texts)
    assert dict(zip(alone.titles, alone.columns.T, strict=True))["words repeat an earlier text"].argmax() == 2


def test_a_price_that_differs_from_similar_items_stands_out() -> None:
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(3), 30)
    points = (10 * np.eye(3)[kinds] + rng.normal(size=(90, 3))).astype(np.float32)
    prices = np.array([1.0, 30, 900])[kinds] * rng.lognormal(0, 0.1, size=90)
    prices[70] = 30.0
    found = signals.of_arrays({"text": points}, {"price": pd.Series(prices, dtype="Float64")})
    columns = dict(zip(found.titles, found.columns.T, strict=True))
    assert columns["price is unusual among similar items"].argmax() == 70
    assert columns["price is unusual among similar items"][70] == pytest.approx(np.log(90))
