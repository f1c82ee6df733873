"""Serves app.py together with the route of its point maps: `qlatent app`, or `streamlit run serve.py`.

Streamlit finds the application by its literal form; app.py stays a plain script, which runs without this file, too.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from qlatent.ui.latent_map.point_map import delivery
from qlatent.ui.shell import warm

app = st.App(Path(__file__).with_name("app.py"), routes=delivery.routes(), lifespan=warm.lifespan)
