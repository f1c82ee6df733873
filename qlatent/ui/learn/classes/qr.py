"""The link of a class as a QR code, drawn here: nothing is asked of a service."""

from __future__ import annotations

import io
from functools import lru_cache

import segno
import streamlit as st


def draw(link: str, *, width: int) -> None:
    """The QR code of a link, dark on white in either theme, so that every camera reads it."""
    st.image(_svg(link), width=width, caption=None)


@lru_cache(maxsize=16)
def _svg(link: str) -> str:
    drawn = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        drawn, kind="svg", scale=8, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return drawn.getvalue().decode()
