"""An item in a head's circuit, against the head and the run's last frame."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.circuits import circuits, picked_item
from qlatent.services.heads import kept_heads
from qlatent.services.runs import queue
from qlatent.services.runs.frames import evolution
from qlatent.services.training.request import TrainingRequest
from qlatent.store.workspace import Workspace
from tests import carried_out
from tests.services.run_workspace import add, pairs

SETTINGS = {
    "plain": ("acqua", {"depth": 2}),
    "hidden": ("acqua", {"depth": 2, "hidden": 6, "input_scaling": "sigmoid"}),
    "dense": ("acqua", {"depth": 2, "latent": "dense", "input_scaling": "none"}),
    "shared": ("acqua", {"depth": 2, "shared": True}),
    "frozen": ("acqua_frozen", {"depth": 2}),
    "qssl": ("qssl", {"sigmoid_temperature": 0.7}),
    "qssl, one network each": ("qssl_separable", {"shared": False}),
}


@pytest.fixture(scope="module", params=list(SETTINGS))
def trained(request, tmp_path_factory):
    with Workspace.open(tmp_path_factory.mktemp(request.param) / "workspace") as workspace:
        add(workspace, "pairs", pairs(30))
        quick = {"qubits": 3, "epochs": 2, "batch_size": 16, "snapshots": 3}
        head, own = SETTINGS[request.param]
        run = carried_out.trained(workspace, TrainingRequest("pairs", head=head, settings=quick | own))
        yield workspace, run, kept_heads.find(workspace, run).id


@pytest.mark.parametrize("modality", ["image", "text"])
def test_an_items_angles_give_its_latent_and_its_point(trained, modality):
    workspace, run, head = trained
    view = circuits.of_head(workspace, head, modality=modality)
    row = next(iter(picked_item.offered(workspace, view)))
    item = picked_item.with_item(workspace, view, row)
    drawn = evolution(workspace, run)
    place = int(np.flatnonzero(drawn.rows == row)[0])
    found = picked_item.on_map(workspace, item, item, drawn)
    np.testing.assert_allclose(found.now, drawn.places[modality][-1, place], atol=1e-4)
    np.testing.assert_allclose(found.trained, found.now)


def test_changed_angles_move_the_point_and_leave_the_trained_one(trained):
    workspace, run, head = trained
    view = circuits.of_head(workspace, head, modality="image")
    item = picked_item.with_item(workspace, view, next(iter(picked_item.offered(workspace, view))))
    angles = np.concatenate([item.inputs + 1.0, item.weights])
    moved = circuits.with_angles(item, angles)
    found = picked_item.on_map(workspace, moved, item, evolution(workspace, run))
    assert np.linalg.norm(found.now - found.trained) > 1e-2


def test_a_row_that_is_not_drawn_is_refused(trained):
    workspace, _, head = trained
    view = circuits.of_head(workspace, head, modality="image")
    with pytest.raises(InputError, match="Row 999"):
        picked_item.with_item(workspace, view, 999)
    assert 999 not in picked_item.offered(workspace, view, also=999)


def test_without_its_run_a_head_offers_no_item(trained):
    workspace, run, head = trained
    view = circuits.of_head(workspace, head, modality="image")
    queue.remove(workspace, run)
    assert picked_item.offered(workspace, view) == {}
    assert picked_item.offered(workspace, circuits.of_layout("dressed", qubits=2, layers=1)) == {}
