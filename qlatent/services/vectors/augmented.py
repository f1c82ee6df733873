"""Make, store and read encoded augmented views of a dataset's images, and check them for training.

A view depends only on the image's content and its number. Torch-free until a view is made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qlatent.encoders.base import AbstractEncoder
from qlatent.errors import ConfigError, InputError
from qlatent.objectives.configs import NTXentConfig
from qlatent.registry import make_config
from qlatent.services.vectors import stored
from qlatent.store.items import names
from qlatent.store.workspace import Workspace
from qlatent.training.images.configs import PUBLISHED_CODE

if TYPE_CHECKING:
    from PIL import Image

FEWEST, MOST, USUAL = 2, 32, 4  # views of an image
SMALLEST = 8  # smallest side in pixels for crops
KIND = "augmented"  # value of the objective's setting `views`
SHOWN = 5  # ids named in a message
_RECIPE = {"version": 1, **asdict(PUBLISHED_CODE), "size": "the encoder's own"}
MODALITY = f"{names.VIEWS}-{hashlib.sha256(json.dumps(_RECIPE, sort_keys=True).encode()).hexdigest()[:8]}"
"""The store's modality of the views, derived from their recipe, so that another recipe gets another modality."""


# --- making -----------------------------------------------------------------------------------------------


def check(views: int, images: Sequence[str], *, encoder: str, modalities: Sequence[str]) -> None:
    """Raise an error if this number of views of these images cannot be encoded; 0 means no views."""
    check_number(views)
    if views and "image" not in modalities:
        raise ConfigError(
            f"The encoder {encoder!r} does not encode images, which augmented views need.",
            remedy="Choose an image encoder, such as builtin or clip, or leave the views out.",
        )
    if views and not images:
        raise InputError("There are no images to make views of.", remedy="Leave the views out.")


def check_number(views: int) -> None:
    """Raise an error for a number of views outside the allowed range; 0 means unset."""
    if views and not FEWEST <= views <= MOST:
        raise ConfigError(
            f"Got {views} augmented {'view' if views == 1 else 'views'} of an image; a pair needs {FEWEST}.",
            remedy=f"Use {FEWEST} to {MOST}.",
        )


def names_of(images: Sequence[str], views: int) -> list[str]:
    """The names of the first `views` views of images, given by hash, image by image."""
    return [names.view(each, number) for each in images for number in range(1, views + 1)]


def side(encoder: AbstractEncoder) -> int:
    """The side of the encoder's input image in pixels."""
    from PIL import Image

    return max(SMALLEST, *encoder.prepare_image(Image.new("RGB", (64, 64))).shape[-2:])


def prepared(picture: Image.Image, name: str, encoder: AbstractEncoder, *, size: int) -> NDArray[Any]:
    """The view of this name of an RGB image, as the encoder's input.

    The image is scaled to size × size pixels, augmented as in the published code, and preprocessed like any other.
    """
    from PIL import Image

    return encoder.prepare_image(Image.fromarray(pixels_of(picture, name, size=size)))


def pixels_of(picture: Image.Image, name: str, *, size: int) -> NDArray[np.uint8]:
    """The view of this name of an RGB image: bytes (size, size, 3)."""
    import torch

    from qlatent.training.images import augmentation, batches

    image, _, number = name.partition(".")
    state = np.random.SeedSequence((int(image, 16), int(number))).generate_state(1, np.uint64)
    generator = torch.Generator().manual_seed(int(state[0] >> 1))
    pixels = batches.as_batch([picture], size=size, small="upscale")
    seen = augmentation.view(pixels, replace(PUBLISHED_CODE, size=size), generator=generator)
    found: NDArray[np.uint8] = augmentation.as_bytes(seen)[0].permute(1, 2, 0).numpy()
    return found


# --- reading ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coverage:
    """Numbers of views by encoder `key` of a dataset's `images`: all have at least `every`, `whole` have `most`."""

    key: str
    images: int
    every: int
    most: int
    whole: int

    @property
    def text(self) -> str:
        """The coverage as text."""
        if self.every == self.most:
            return f"{self.most} of each of {self.images:,} images"
        return f"{self.most} of {self.whole:,} of {self.images:,} images"


def coverage(workspace: Workspace, dataset: str) -> list[Coverage]:
    """The coverage of every encoder with views of a dataset's images."""
    return [
        Coverage(key, len(each), int(each.min()), int(each.max()), int((each == each.max()).sum()))
        for key, each in workspace.items.views(dataset, MODALITY).items()
    ]


def read(workspace: Workspace, key: str, images: Sequence[str | None], views: int) -> NDArray[np.float32]:
    """The first views (n, views, d) float32 of images, by hash, NaN where missing: 4·n·views·d bytes."""
    asked = [name for each in images for name in (names_of([each], views) if each else [None] * views)]
    found = workspace.items.embeddings(key, MODALITY, asked)
    return found.reshape(len(images), views, found.shape[1])


# --- for training -----------------------------------------------------------------------------------------


def wanted(settings: Mapping[str, Any]) -> bool:
    """Whether a run with these flat settings compares augmented views."""
    return settings.get("views") == KIND


def settled(settings: Mapping[str, Any], counted: Callable[[int], int]) -> Mapping[str, Any]:
    """The flat settings of a run; with augmented views, the modality is set to image and the number of views is set.

    `counted` is `count_of` for the run's vectors.
    """
    if not wanted(settings):
        return settings
    asked = make_config(NTXentConfig, {"view_count": settings.get("view_count", 0)}).view_count
    return {"modalities": ("image",), **settings, "view_count": counted(asked)}


def count_of(workspace: Workspace, dataset: str, key: str, asked: int) -> int:
    """Number of views by encoder `key` that every image of a dataset has, at most `asked` if that is set.

    Imported vectors, a dataset without images, and images with fewer views than asked for (or than two) raise an error.
    """
    check_number(asked)
    if key == stored.GIVEN:
        raise InputError(
            "Imported vectors have no augmented views, since their encoder is not available here.",
            remedy=f"{encode_first(dataset, 'builtin')} Then train on those vectors.",
        )
    if not workspace.items.contents(dataset, "image"):
        raise InputError(
            f"{dataset!r} has no images, so there are no augmented views of them.",
            remedy="Use views=noise: two noisy copies of each vector.",
        )
    if "image" not in stored.widths(workspace, dataset, key):
        raise InputError(
            f"{key} made no image vectors of {dataset!r}, so there are no augmented views by it.",
            remedy=f"{encode_first(dataset, 'builtin')} Then train on those vectors.",
        )
    counts = workspace.items.views(dataset, MODALITY).get(key)
    if counts is None:
        raise InputError(
            f"No augmented views of the images of {dataset!r} were encoded by {key}.",
            remedy=encode_first(dataset, key, views=asked),
        )
    need = asked or FEWEST
    if counts.min() < need:
        raise InputError(
            _lacking(workspace, dataset, counts < need, f"fewer than {need} augmented views by {key}"),
            remedy=encode_first(dataset, key, views=need),
        )
    return asked or int(counts.min())


def _lacking(workspace: Workspace, dataset: str, few: NDArray[np.bool_], what: str) -> str:
    """The message that lists the items with these images."""
    images = {
        each for each, lacks in zip(workspace.items.contents(dataset, "image"), few, strict=True) if lacks
    }
    table = workspace.items.table(dataset, columns=["id", "image_hash"])
    ids = [row["id"] for row in table.to_pylist() if row["image_hash"] in images]
    shown = ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
    return f"{len(ids)} of {table.num_rows} items of {dataset!r} have {what}: {shown}."


def encode_first(dataset: str, key: str, *, views: int = 0) -> str:
    """The remedy for missing views."""
    name = key.rpartition("-")[0] or key
    return (
        f"Encode them: `qlatent encode {dataset} --encoder {name} --views {max(USUAL, views)}`"
        f"{' with the settings of these vectors' if name == 'clip' else ''}, or the page Data."
    )
