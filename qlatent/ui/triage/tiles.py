"""Items of a queue as tiles with their decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qlatent.services.datasets import browsing
from qlatent.services.triage.queues import QueueView
from qlatent.services.triage.tiles import Tile
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import cut, data_uri
from qlatent.ui.triage import words, you
from qlatent.ui.triage.pictures import Picture, pictures


def tiles(
    view: QueueView,
    found: Sequence[Tile],
    *,
    of: str,
    key: str,
    notes: Mapping[str, str] | None = None,
    on_open: Callable[[str], None] | None = None,
) -> None:
    """Draw the tiles of a group called `of`, with notes by item, by default its id.

    `on_open` receives the item of a title that was clicked; items that are not in the queue cannot be opened.
    """
    thumbnails = browsing.thumbnails(page.workspace(), [each.picture for each in found if each.picture])
    pictures(
        [
            Picture(
                data_uri(thumbnails.get(each.picture)) or "", cut(each.text, limit=80), title=cut(each.text, limit=80),
                note=(notes or {}).get(each.item, each.item), badge=_decided(view, each),
                colour=words.COLOURS[words.kind(view.policy, each.code)] if each.code else "gray",
                opens=each.item if each.in_queue and on_open else "",
            )
            for each in found
        ],
        of=of, blurred=you.blurs(), key=key, on_open=on_open,
    )  # fmt: skip


def _decided(view: QueueView, each: Tile) -> str:
    if each.code:
        return words.decision(view.policy, each.code)
    return "open" if each.in_queue else "not in this queue"
