"""Home: what the workspace holds, a latent space that moves, and the next sensible step."""

from __future__ import annotations

from qlatent.ui import frame, home_parts, parts

workspace = frame.workspace()
parts.title(
    "Latent spaces, watched while they form",
    "Bring images and texts, compress them with a small quantum or classical head, see what was kept.",
)
holdings = home_parts.holdings(workspace)
home_parts.counts(holdings)
if holdings.preparing or not holdings.items:
    home_parts.start_here(holdings.preparing)
if holdings.items and not holdings.under_way:
    home_parts.next_step(holdings)
if holdings.under_way:
    home_parts.following(holdings.under_way.id, drawn=holdings.shown is not None)
if holdings.shown:
    home_parts.moving_map(holdings.shown)
