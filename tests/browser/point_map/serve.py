"""The page of the browser tests with the route of the point maps."""

from __future__ import annotations

import streamlit as st

from qlatent.ui.latent_map.point_map import delivery

app = st.App("page.py", routes=delivery.routes())
