"""The page Home: the demo's two maps or the newest one, a suggested next step, and what the workspace contains."""

from __future__ import annotations

import streamlit as st

from qlatent.ui.home import first_steps, overview, two_losses
from qlatent.ui.shell import page, parts

workspace = page.workspace()
holdings = overview.holdings(workspace)
if holdings.contrast:
    if (mine := holdings.under_way) and mine.id not in {each.id for each in holdings.contrast}:
        overview.following(mine.id, drawn=True)
    two_losses.title()
    first_steps.first_steps(holdings.contrast[1], beside=holdings.contrast[0], in_a_row=True)
    two_losses.two_losses(holdings.contrast)
    overview.counts(holdings)
    st.stop()
parts.title(
    "Watch latent spaces form",
    "Import images and texts, compress them with a small quantum or classical head, and see what was kept.",
)
if not holdings.shown:
    overview.counts(holdings)
if holdings.preparing or not holdings.items:
    overview.start_here(holdings.preparing)
if holdings.items and not holdings.under_way:
    overview.next_step(holdings)
if holdings.under_way:
    overview.following(holdings.under_way.id, drawn=holdings.shown is not None)
if holdings.shown:
    main, side = st.columns([2.4, 1], gap="large")  # on a phone the map comes first
    with main:
        overview.moving_map(holdings.shown)
    with side:
        overview.counts(holdings)
first_steps.first_steps(holdings.shown)
