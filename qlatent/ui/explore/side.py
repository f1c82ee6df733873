"""Part of the page Explore: the panel beside the map, with what concerns one item, the selection, a search, the map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qlatent.registry import resolve
from qlatent.services.scenes import scenes
from qlatent.ui.explore import addresses, guest_item
from qlatent.ui.explore.item import item
from qlatent.ui.explore.joining import Joined
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.explore.source import Looked
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page, url_state

PANELS: dict[str, tuple[str, str]] = {
    "selection": ("Selection", "qlatent.ui.selections.panel:panel"),
    "search": ("Search", "qlatent.ui.search.panel:panel"),
    "map": ("Map", "qlatent.ui.layouts.panel:panel"),
}
"""URL value → title and `panel(page, view)`; each is loaded when its tab is opened first."""


def side(looked: Looked, shown: Shown, joined: Joined | None = None) -> None:
    """Draw the open tab; of a removed dataset only the item is left."""
    there = scenes.exists(page.workspace(), shown.named.scene.source.dataset)
    panels = PANELS if there else {}
    if not panels:
        item(looked, shown)
        return
    titles = {"item": "Item"} | {name: title for name, (title, _) in panels.items()}
    for name, tab in url_state.tabs(addresses.TAB, titles, key="explore_tabs").items():
        if not tab.open:
            continue
        with tab:
            if name == "item" and joined is not None and guest_item.opened(joined):
                guest_item.guest_item(joined)
            elif name == "item":
                item(looked, shown)
            else:
                panel: Callable[[str, View], None] = resolve(panels[name][1])
                panel(addresses.PAGE, view(shown))


def view(shown: Shown) -> View:
    """What the map shows, for the panels."""
    scene = shown.named.scene
    source = scene.source
    version = source.version
    return View(
        dataset=source.dataset, version=0 if version is None else version, encoder=source.encoder, run=source.run,
        layout=source.layout, modality=scene.shown.view, rows=np.sort(scene.rows),
        frame=scenes.recorded(page.workspace(), scene, shown.frame), scene=scene, name=shown.named.name,
        shown=shown.frame,
    )  # fmt: skip
