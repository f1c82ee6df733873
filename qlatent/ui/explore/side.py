"""Part of the page Explore: the panel beside the map, with what concerns one item, the selection, a search, the map."""

from __future__ import annotations

import numpy as np

from qlatent.services.scenes import scenes
from qlatent.ui.explore import addresses
from qlatent.ui.explore.item import item
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.explore.source import Looked
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page, url_state

TABS = {"item": "Item"}
"""URL value → title; further panels are called as `panel(page, view)`."""


def side(looked: Looked, shown: Shown) -> None:
    """Draw the open tab."""
    tabs = url_state.tabs(addresses.TAB, TABS, key="explore_tabs") if len(TABS) > 1 else {}
    if not tabs:
        item(looked, shown)
        return
    for tab in tabs.values():
        if tab.open:
            with tab:
                item(looked, shown)


def view(shown: Shown) -> View:
    """What the map shows, for the panels."""
    scene = shown.named.scene
    source = scene.source
    version = source.version
    return View(
        dataset=source.dataset, version=0 if version is None else version, encoder=source.encoder, run=source.run,
        layout=source.layout, modality=scene.shown.view, rows=np.sort(scene.rows), frame=shown.frame,
    )  # fmt: skip


def there(shown: Shown) -> bool:
    """Whether the dataset of the map still exists, so that its items can be selected and searched."""
    return scenes.exists(page.workspace(), shown.named.scene.source.dataset)
