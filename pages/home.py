"""The page Home: what the workspace contains, the newest map, and a suggested next step."""

from __future__ import annotations

import streamlit as st

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
    main, side = st.columns([2.4, 1], gap="large")  # on a phone the map comes first
    with main:
        overview.moving_map(holdings.shown)
    with side:
        overview.counts(holdings)
