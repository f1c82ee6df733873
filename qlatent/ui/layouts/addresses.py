"""Names in the URL of what the panel chooses; each begins with the page."""

from __future__ import annotations

from qlatent.ui.shell import url_state

LAYOUT, READING, CLUSTERS, COLOUR, AGAINST = "layout", "reading", "clusters", "colour", "norm_by"
OF_A_LAYOUT = ("camera", "frame", READING, CLUSTERS)
"""Choices that another layout does not share."""


def show(page: str, layout: str) -> None:
    """Put this layout on the map, "" the fixed axes, without the camera and the clusters of the one before."""
    url_state.put(f"{page}_{LAYOUT}", layout)
    for name in OF_A_LAYOUT:
        url_state.put(f"{page}_{name}", None)


def clusters(page: str) -> tuple[int, bool] | None:
    """The least size and whether noise is given to the nearest cluster; None while no clusters are asked for."""
    text = url_state.get(f"{page}_{CLUSTERS}")
    size, fill = text.removesuffix("f"), text.endswith("f")
    return (int(size), fill) if size.isascii() and size.isdecimal() else None


def ask_clusters(page: str, *, smallest: int, fill: bool) -> None:
    """Ask for clusters with these settings; 0 is a size that fits the map."""
    url_state.put(f"{page}_{CLUSTERS}", f"{smallest}{'f' if fill else ''}")
