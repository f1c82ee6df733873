"""What the score of a case rests on: the decided items most like it, as its card shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from numpy.typing import ArrayLike

from qlatent.errors import InputError
from qlatent.services.search import queries, stored_vectors
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.services.triage import queues, tiles
from qlatent.store import queue_scores
from qlatent.store.catalogue.records import QueueRecord
from qlatent.store.workspace import Workspace
from qlatent.triage import grounds
from qlatent.triage.grounds import Ground, Grounds


@dataclass(frozen=True, slots=True)
class Nearest:
    """A decided item near a case, and what it adds to the case's score."""

    ground: Ground
    text: str
    picture: str  # hash; "" for none
    code: str  # of its decision by now; "" if it was taken back since the model learned


def nearest(workspace: Workspace, queue: str, item: str) -> list[Nearest]:
    """The decided items most like a case by what the model reads of the vectors, most alike first.

    Empty while nothing is learned, and for an item that is gone or has no vectors.
    """
    record = queues.record(workspace, queue)
    found = queue_scores.read(workspace.scores(record.id))
    if found is None or not found.beside:
        return []
    known = grounds.read(found.beside)
    near = known.nearest(_vectors(workspace, record, item, found.about["encoder"], known), but=item)
    shown = {each.item: each for each in tiles.tiles(workspace, record.id, [each.item for each in near])}
    return [
        Nearest(each, tile.text, tile.picture, tile.code)
        for each in near
        if (tile := shown.get(each.item)) is not None
    ]


def _vectors(
    workspace: Workspace, record: QueueRecord, item: str, encoder: str, known: Grounds
) -> Mapping[str, ArrayLike]:
    """The vectors of an item by modality, of those that the model reads; none if the item or its vectors are gone."""
    try:
        row = queries.row_of(workspace, record.dataset_id, item)
        have = stored_vectors.widths(workspace, record.dataset_id, encoder)
    except InputError:
        return {}
    return {
        name: stored_vectors.of(workspace, InputSpace(record.dataset_id, encoder, name))[row]
        for name, each in known.axes.items()
        if have.get(name) == len(each.mean)
    }
