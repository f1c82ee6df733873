"""The page Home: what the workspace contains, the newest map, and a suggested next step."""

from __future__ import annotations

from qlatent.ui.home import overview
from qlatent.ui.shell import page, parts

workspace = page.workspace()
parts.title(
    "Watch latent spaces form",
    "Import images and texts, compress them with a small quantum or classical head, and see what was kept.",
)
holdings = overview.holdings(workspace)
if not holdings.shown:
    overview.counts(holdings)
if holdings.preparing or not holdings.items:
    overview.start_here(holdings.preparing)
if holdings.items and not holdings.under_way:
    overview.next_step(holdings)
if holdings.under_way:
    overview.following(holdings.under_way.id, drawn=holdings.shown is not None)
if holdings.shown:
    overview.moving_map(holdings.shown)
    overview.counts(holdings)
