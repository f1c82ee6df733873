"""The same items in several spaces: maps, change, agreement, neighbours and refusals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qlatent.errors import InputError
from qlatent.services.experiments import side_by_side as service
from qlatent.services.training.request import TrainingRequest
from qlatent.store.workspace import Workspace
from tests import carried_out
from tests.services.experiment_workspace import labelled
from tests.services.run_workspace import add

QUICK = {"qubits": 2, "epochs": 1, "snapshots": 2}


def trained(workspace, dataset, head, **settings):
    return carried_out.trained(workspace, TrainingRequest(dataset, head=head, settings=QUICK | settings))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A workspace with a 2-d head with a circuit and a linear 3-d one of the same items."""
    with Workspace.open(tmp_path_factory.mktemp("side by side") / "workspace") as workspace:
        add(workspace, "pairs", labelled())
        flat = trained(workspace, "pairs", "acqua", depth=1)
        yield (
            workspace,
            {"acqua": flat, "acqua_linear": trained(workspace, "pairs", "acqua_linear", qubits=3)},
        )


def spaces(done, *heads):
    return [(done[1][head], head) for head in heads]


def test_maps_hold_the_same_items_and_their_change(done):
    workspace = done[0]
    found = service.side_by_side(workspace, spaces(done, "acqua", "acqua_linear"))
    assert found.modalities == ("image", "text") and len(found.spaces) == 2
    assert all(space.places.shape == (2 * len(found.rows), 2) for space in found.spaces)
    assert found.point_rows.tolist() == [*found.rows, *found.rows]
    for space in found.spaces:
        assert np.nanmin(space.change) >= 0 and np.nanmax(space.change) <= 1
    first = workspace.run(found.spaces[0].run_id)
    z = first.snapshot(first.snapshot_steps()[-1])["image"]
    a, b = found.spaces[0].places[0], found.spaces[0].places[1]  # a 2-d latent is only turned: distances stay
    assert math.dist(a, b) == pytest.approx(float(np.linalg.norm(z[0] - z[1])), abs=1e-5)


def test_positions_have_one_size_whatever_the_lengths_in_a_space_are(done):
    found = service.side_by_side(done[0], spaces(done, "acqua", "acqua_linear"))
    first, other = found.spaces
    halved = replace(other, places=0.5 * first.places, title="half as large")
    large, small, third = service.positions(replace(found, spaces=[first, halved, other]))
    np.testing.assert_allclose(large.values.astype(int), small.values.astype(int), atol=1)
    for each, space in ((large, first), (small, halved), (third, other)):
        np.testing.assert_allclose(each.coordinates(0), space.places, atol=each.step.max())
        assert each.step[0] == pytest.approx(
            each.step[1]
        )  # a square, so that lengths look the same on both axes
    reached = max(np.abs(each.values.astype(int)).max() for each in (large, third))
    assert reached == 32767
    image, _ = service.positions(found, "image")
    np.testing.assert_allclose(image.coordinates(0), first.places[: len(found.rows)], atol=image.step.max())


def test_neighbours_in_each_space_stand_next_to_each_other(done):
    workspace = done[0]
    found = service.side_by_side(workspace, spaces(done, "acqua", "acqua_linear"))
    row = int(found.rows[3])
    lists = service.neighbours(workspace, found, row, "text", k=5)
    assert [each.title for each in lists] == ["Input space", "acqua", "acqua_linear"]
    assert all(lists[0].kept) and all(row not in each.rows for each in lists)
    for each in lists[1:]:
        assert each.kept == [other in lists[0].rows for other in each.rows]
    with pytest.raises(InputError, match="Row 999 is not on the map"):
        service.neighbours(workspace, found, 999, "text")


def test_spaces_of_other_items_or_vectors_are_refused(done):
    workspace = done[0]
    add(workspace, "others", labelled(40, seed=1))
    other = trained(workspace, "others", "acqua_linear")
    moved = trained(workspace, "pairs", "acqua_linear", seed=5, probe_size=30)
    lonely = trained(workspace, "pairs", "acqua_linear", probe_size=1)
    with pytest.raises(InputError, match="trained on another dataset"):
        service.side_by_side(workspace, [*spaces(done, "acqua"), (other, "other")])
    with pytest.raises(InputError, match="has recorded other items than acqua"):
        service.side_by_side(workspace, [*spaces(done, "acqua"), (moved, "moved")])
    with pytest.raises(InputError, match="Got 5 spaces"):
        service.side_by_side(workspace, spaces(done, "acqua") * 5)
    with pytest.raises(InputError, match="has recorded too few items: 1; neighbourhoods need 3"):
        service.side_by_side(workspace, [(lonely, "lonely")])


def slow_r(before, after):
    """R_NX(k), k = 1 … n-2, by intersecting sets of neighbours."""
    n = len(before)
    near = [np.argsort(cdist(x, x) - np.eye(n), axis=1)[:, 1:] for x in (before, after)]
    k = np.arange(1, n - 1)
    q = [
        np.mean([len(set(a[:each]) & set(b[:each])) / each for a, b in zip(*near, strict=True)]) for each in k
    ]
    return k, ((n - 1) * np.array(q) - k) / (n - 1 - k)


def test_agreement_is_the_share_of_common_neighbours_above_chance_at_every_size(done):
    workspace = done[0]
    found = service.side_by_side(workspace, spaces(done, "acqua", "acqua_linear"))
    probe = workspace.run(found.spaces[0].run_id).probe()
    for space in found.spaces:
        folder = workspace.run(space.run_id)
        z = folder.snapshot(folder.snapshot_steps()[-1])
        both = [slow_r(probe[f"input_{name}"].astype(float), z[name].astype(float)) for name in z]
        k, r = (
            both[0][0],
            np.mean([each for _, each in both], axis=0),
        )  # images and texts each, not across the gap
        assert space.agreement.k[:-1].tolist() == k.tolist()
        np.testing.assert_allclose(space.agreement.r[:-1], r, atol=1e-12)
        assert space.area.value == pytest.approx((r / k).sum() / (1 / k).sum())
        assert space.area.low < space.area.value < space.area.high
    assert found.spaces[0].area.value != found.spaces[1].area.value
