"""What the card of a case shows: its item, what is like it, where it lies, and what happened to it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from qlatent.errors import InputError
from qlatent.images import decoded
from qlatent.services.datasets import browsing, roles
from qlatent.services.search import neighbours, queries, stored_vectors
from qlatent.services.search.neighbours import Asked
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.services.triage import audit, queues
from qlatent.services.vectors import stored
from qlatent.store.catalogue.records import CaseRecord, TriageEvent
from qlatent.store.workspace import Workspace
from qlatent.types import MODALITIES

LARGE, SMALL_BYTES = 960, 300_000
BROWSERS = ("JPEG", "PNG", "WEBP", "GIF")
_TITLE = re.compile(r"(.{1,120}?)(?:\n|\. |[.!?]?$)(.*)", re.DOTALL)
_COLUMNS = ("row", "id", "text", "label", "image_hash", "pictures", "metadata")


@dataclass(frozen=True, slots=True)
class Case:
    """One case with its item as plain data; `row` is None where the item is gone from the dataset."""

    queue: str
    dataset: str
    record: CaseRecord
    row: int | None
    title: str
    text: str  # the rest of the item's text
    label: str
    price: str
    facts: tuple[
        tuple[str, str], ...
    ]  # of each column that is not hidden and not title or text: name and value
    pictures: tuple[str, ...]  # hashes of those that are here, the first picture first
    severe: bool
    withheld: int  # pictures that are not kept, because an item that has them was decided as severe
    lost: int  # pictures that were deleted with a severe decision that was undone since
    history: tuple[TriageEvent, ...]  # oldest first

    @property
    def item(self) -> str:
        """The id of the item."""
        return self.record.item_id


@dataclass(frozen=True, slots=True)
class Similar:
    """An item near a case, with the decision on it: "" while it is open or not in the queue."""

    item: str
    row: int
    text: str
    picture: str  # hash; "" for none
    cosine: float
    code: str
    in_queue: bool


def case(workspace: Workspace, queue: str, item: str) -> Case:
    """A case as its card shows it; an item that is not in the queue raises `AbsentError`."""
    found = queues.record(workspace, queue)
    record = workspace.catalogue.cases.one(queue, item)
    history = tuple(audit.history(workspace, queue, item))
    severe = record.code in queues.read_policy(found.policy).severe()
    row = _row_of(workspace, found.dataset_id, item)
    if row is None:
        return Case(queue, found.dataset_id, record, None, item, "", "", "", (), (), severe, 0, 0, history)
    (values,) = workspace.items.rows(found.dataset_id, [row], columns=list(_COLUMNS))
    known: dict[str, Any] = json.loads(values["metadata"] or "{}")
    meant = roles.roles(workspace, found.dataset_id)
    known = {
        name: value
        for name, value in known.items()
        if meant.get(name) != roles.HIDDEN and value not in (None, "")
    }
    title, text = _titled(browsing.plain_text(values["text"] or ""))
    named = [each for each in (values["image_hash"], *(values["pictures"] or ())) if each]
    here = workspace.items.thumbnails(named)
    pictures = () if severe else tuple(each for each in named if each in here)
    withheld = len(named) if severe else sum(each in workspace.items.withheld.hashes() for each in named)
    facts = tuple((name, _told(value)) for name, value in known.items() if value not in (title, text))
    return Case(
        queue, found.dataset_id, record, row, title or item, text, values["label"] or "", _price(known, meant), facts,
        pictures, severe, withheld, len(named) - len(pictures) - withheld, history,
    )  # fmt: skip


def unmarked(case: Case) -> Case:
    """The case as one that nobody has decided, for a second opinion."""
    return replace(case, record=replace(case.record, code="", event_id=None), severe=False, history=())


def encoder(workspace: Workspace, dataset: str) -> str:
    """The key of the vectors by which the cases of a dataset are compared; "" if it has none."""
    found = (str(each["key"]) for each in workspace.items.encoders(dataset) if each["encoded"])
    return next(found, "")


def similar(workspace: Workspace, case: Case, *, encoder: str, k: int = 6) -> list[Similar]:
    """The k items nearest to a case by an encoder's vectors, nearest first, with their decisions in the queue.

    By images if the item has a vector of one, else by texts. Without a vector `InputError` says what to do.
    """
    space = _space(workspace, case, encoder)
    asked = Asked(encoder=space.encoder, modality=space.modality, k=k)
    hits = neighbours.neighbours(workspace, case.dataset, queries.items([case.item]), asked).hits
    rows = workspace.items.rows(case.dataset, [hit.row for hit in hits], columns=["text", "image_hash"])
    cases = workspace.catalogue.cases.some(case.queue, [hit.id for hit in hits])
    found = []
    for hit, values in zip(hits, rows, strict=True):
        record = cases.get(hit.id)
        code = record.code if record else ""
        text = browsing.plain_text(values["text"] or "") or hit.id
        found.append(
            Similar(hit.id, hit.row, text, values["image_hash"] or "", hit.score, code, record is not None)
        )
    return found


def picture(workspace: Workspace, name: str) -> bytes:
    """An image by its hash, as imported or, if it is large, as WebP of at most `LARGE` pixels a side."""
    content = workspace.items.image(name)
    with Image.open(io.BytesIO(content)) as opened:
        if len(content) <= SMALL_BYTES and opened.format in BROWSERS:
            return content
    small = decoded(content, side=LARGE)
    small.thumbnail((LARGE, LARGE))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80, method=2)
    return buffer.getvalue()


def disagreement(workspace: Workspace, case: Case, *, encoder: str) -> float | None:
    """1 − the cosine of image and text of a case, from 0 to 2; None where they have no vectors of one width."""
    have = stored_vectors.widths(workspace, case.dataset, encoder)
    if case.row is None or "image" not in have or have["image"] != have.get("text"):
        return None
    image, text = (
        stored_vectors.of(workspace, InputSpace(case.dataset, encoder, each))[case.row].astype(np.float64)
        for each in ("image", "text")
    )
    if not stored.whole(np.stack([image, text])).all():
        return None
    return float(1 - image @ text / (np.linalg.norm(image) * np.linalg.norm(text)))


def codes(workspace: Workspace, queue: str) -> dict[str, str]:
    """The code of each case of a queue, "" while it is open."""
    return workspace.catalogue.cases.codes(queue)


def code(workspace: Workspace, queue: str, item: str) -> str:
    """The code of the decision on a case; "" while it is open."""
    return workspace.catalogue.cases.one(queue, item).code


def aside(workspace: Workspace, queue: str, *, by: str) -> list[CaseRecord]:
    """The open cases that an analyst holds, or that were handed to the analyst, in the order of the queue."""
    return workspace.catalogue.cases.leased(queue, by)


def decided_since(workspace: Workspace, queue: str, *, by: str, since: float) -> int:
    """How many decisions an analyst has made in a queue from a time on, those taken back among them."""
    return workspace.catalogue.triage_events.count(queue, by, kind="decided", since=since)


def among(workspace: Workspace, queue: str, words: str, *, most: int = 8) -> list[CaseRecord]:
    """The cases of a queue whose item has this id or these words, best first, at most some."""
    from qlatent.services.search import words as texts

    dataset = queues.record(workspace, queue).dataset_id
    own = workspace.catalogue.cases.some(queue, [words.strip()])
    ids = stored_vectors.ids(workspace, dataset)
    best = texts.ranked(workspace, dataset, words)[0][: 50 * most].tolist()
    named = [str(ids[row]) for row in best]
    cases = workspace.catalogue.cases.some(queue, named)
    return [*own.values(), *(cases[each] for each in named if each in cases and each not in own)][:most]


def _space(workspace: Workspace, case: Case, encoder: str) -> InputSpace:
    """The space in which a case has a vector, images first."""
    have = stored_vectors.widths(workspace, case.dataset, encoder) if encoder else {}
    for modality in (each for each in MODALITIES if each in have):
        space = InputSpace(case.dataset, encoder, modality)
        if case.row is not None and stored.whole(stored_vectors.of(workspace, space)[case.row][None])[0]:
            return space
    raise InputError("This item has no vector yet.", remedy="Encode the dataset on the page Data.")


def _row_of(workspace: Workspace, dataset: str, item: str) -> int | None:
    try:
        return queries.row_of(workspace, dataset, item)
    except InputError:  # removed since the queue was made
        return None


def _titled(text: str) -> tuple[str, str]:
    """The first sentence or line of a text if it is short, and the rest."""
    found = _TITLE.match(text.strip())
    return (found[1].strip(), found[2].strip()) if found else ("", text.strip())


def _price(known: dict[str, Any], meant: Mapping[str, str]) -> str:
    """The price with its currency; "" without one."""
    amount, currency = (known.get(roles.having(meant, role) or "", "") for role in ("price", "currency"))
    written = f"{amount:,.2f}" if isinstance(amount, int | float) else str(amount)
    return f"{written} {currency}".strip()


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
