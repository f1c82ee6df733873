"""Images to search with: checked, kept by content hash, and read again where a link names one."""

from __future__ import annotations

from collections import OrderedDict

from qlatent.errors import AbsentError, InputError
from qlatent.ingest.image_check import check_image
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import RefusedRow
from qlatent.settings import settings
from qlatent.store.items.query_images import QueryImages
from qlatent.store.workspace import Workspace
from qlatent.types import content_hash

MOST_RECENT = 8  # kept in memory too, for a workspace that cannot be written
_recent: OrderedDict[str, bytes] = OrderedDict()


def checked(content: bytes) -> bytes:
    """The image as it is encoded; bytes that are no image raise `InputError`."""
    try:
        return check_image(content, limits=Limits.of(settings())).content
    except RefusedRow as err:
        raise InputError(
            f"This is not an image to search with: {err}.", remedy="Use a JPEG, PNG or WebP file."
        ) from err


def keep(workspace: Workspace, content: bytes) -> str:
    """Keep an image to search with; returns its content hash. Bytes that are no image raise `InputError`."""
    image = checked(content)
    name = content_hash(image)
    _recent[name] = image
    while len(_recent) > MOST_RECENT:
        _recent.popitem(last=False)
    if name not in workspace.items.withheld.hashes() and not workspace.problem():
        QueryImages(workspace.items.path).put(name, image)
    return name


def read(workspace: Workspace, name: str) -> bytes:
    """The image with this content hash; one that is not kept raises `AbsentError`."""
    found = None
    if name not in workspace.items.withheld.hashes():
        found = _recent.get(name) or QueryImages(workspace.items.path).read(name)
    if found is None:
        raise AbsentError(
            "The image of this search is not stored here.", remedy="Upload it, or paste it, once more."
        )
    return found
