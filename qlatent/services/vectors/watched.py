"""A few augmented views as pictures, kept by the run that encoded them. Torch-free to read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent import spacing
from qlatent.images import UNREADABLE, decoded
from qlatent.services.runs.specs import Encoding
from qlatent.services.vectors import augmented
from qlatent.store.items import names
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace

SHOWN = 24  # images whose views are kept, evenly spaced in the dataset
FILE = "pictures"


@dataclass(frozen=True, eq=False)
class Watched:
    """Views of some images, by hash: bytes (images, views, size, size, 3)."""

    hashes: tuple[str, ...]
    pictures: NDArray[np.uint8]


def keep(workspace: Workspace, folder: RunFolder, spec: Encoding, *, size: int) -> None:
    """Keep the views of evenly spaced images of the encoded dataset, as the encoder saw them: size × size pixels."""
    distinct = workspace.items.contents(spec.dataset, "image")
    chosen = [distinct[place] for place in spacing.evenly(len(distinct), SHOWN)]
    files = workspace.items.images(chosen)
    kept: dict[str, NDArray[np.uint8]] = {}
    for image in chosen:
        try:
            picture = decoded(files[image])
        except (KeyError, *UNREADABLE):  # the encoding's report names it
            continue
        seen = (names.view(image, number) for number in range(1, spec.views + 1))
        kept[image] = np.stack([augmented.pixels_of(picture, name, size=size) for name in seen])
    if kept:
        folder.write_views(FILE, {"hashes": np.array(list(kept)), "pictures": np.stack(list(kept.values()))})


def read(workspace: Workspace, folder: RunFolder) -> Watched:
    """The views that an encoding run keeps, without those of withheld pictures; raises `StoreError` without any."""
    found = folder.views(FILE)
    withheld = workspace.items.withheld.hashes()
    seen = np.array([each not in withheld for each in found["hashes"]], dtype=np.bool_)
    return Watched(tuple(str(each) for each in found["hashes"][seen]), found["pictures"][seen])
