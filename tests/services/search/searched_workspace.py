"""A small workspace to search: drawn listings encoded by the built-in encoder, with columns, and a fitted head."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

import qlatent
from qlatent.demo.listings import drawn_pair
from qlatent.services.heads import kept_heads
from qlatent.services.vectors import encoding, stored
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.run_workspace import add

SHOP, COUNT = "shop", 24


def png(picture: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def shop(path: Path) -> Workspace:
    """`shop`: 24 listings, all with a text, the last two without an image; prices, sellers and dates as metadata."""
    workspace, rng = Workspace.open(path), np.random.default_rng(0)
    items = []
    for number in range(COUNT):
        picture, text = drawn_pair(rng)
        metadata = {"price": number * 1.5, "seller": "abc"[number % 3], "made": f"2024-01-{number + 1:02}"}
        if number % 5 == 0:
            del metadata["price"]
        image = png(picture.resize((64, 64))) if number < COUNT - 2 else None
        items.append(Item(f"i{number}", image=image, text=f"{text} no {number}", metadata=metadata))
    add(workspace, SHOP, items)
    encoding.encode(workspace, SHOP, encoder="builtin")
    return workspace


def vectors(workspace: Workspace, modality: str) -> np.ndarray:
    """The stored vectors (n, d) of the listings."""
    return stored.read(workspace, SHOP, key_of(workspace), modalities=(modality,))[modality]


def key_of(workspace: Workspace) -> str:
    """The key of the only encoder."""
    return stored.choose(workspace, SHOP)


def keep_head(workspace: Workspace, folder: Path) -> str:
    """Keep a PCA head of three numbers, fitted to the listings; returns its id."""
    whole = {name: vectors(workspace, name)[: COUNT - 2] for name in ("image", "text")}
    head = qlatent.create("pca", dim=3).fit(whole)
    head.save(folder, {"encoder": key_of(workspace)})
    return kept_heads.keep(workspace, folder, name="small", run_id=None, dataset_id=SHOP)
