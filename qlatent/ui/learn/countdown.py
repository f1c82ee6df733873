"""The seconds that are left to answer."""

from __future__ import annotations

import math
import time

import streamlit as st


@st.fragment(run_every=1.0)
def draw(deadline: float) -> None:
    """Count down to a deadline in unix seconds; the page is drawn anew once it has passed."""
    left = math.ceil(deadline - time.time())
    if left <= 0:
        st.rerun(scope="app")
    st.markdown(f"**:material/timer: {left} s left to answer**")
