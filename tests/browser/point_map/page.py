"""A page with point maps: the URL says how many points, frames and axes, how they are drawn, and what is undone."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import numpy as np
import streamlit as st
from PIL import Image

from qlatent.layout.lasso import inside
from qlatent.layout.quantised import Quantised, quantise
from qlatent.ui.latent_map.point_map import Card, Cards, PointMap, classes, point_map

KINDS = np.array(["apples", "bread", "coffee", "milk", "tea"])


@st.cache_resource
def clusters(points: int, frames: int, axes: int) -> tuple[Quantised, np.ndarray]:
    """Five clouds that part from one, frame by frame; the first point alone, at the far left."""
    draw = np.random.default_rng(0)
    kind = np.arange(points) % len(KINDS)
    ends = draw.normal(size=(len(KINDS), axes))[kind] * 6 + draw.normal(size=(points, axes))
    ends[0] = [-30.0, *[0.0] * (axes - 1)]
    shares = np.linspace(0, 1, frames) if frames > 1 else [1.0]
    return quantise(np.stack([ends * (0.2 + 0.8 * share) for share in shares]).astype(np.float32)), KINDS[
        kind
    ]


@st.cache_resource
def thumbnail() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (48, 48), (255, 0, 255)).save(written, "PNG")
    return written.getvalue()


def card(row: int) -> Card:
    return Card(f"text of {row}", str(kinds[row]), 1.0 + row, magenta)


magenta = thumbnail()
asked = st.query_params
points, frames, axes = (
    int(asked.get(name, usual)) for name, usual in (("n", "3000"), ("f", "1"), ("c", "2"))
)
places, kinds = clusters(points, frames, axes)
spec = PointMap(
    places,
    classes(kinds, label="kind"),
    cards=Cards("test", card, pictures="pictures" in asked),
    pairs=np.stack([np.arange(10), np.arange(10, 20)], axis=1).astype(np.int32),
    link="both" if "two" in asked else "",
    renderer=asked.get("renderer", "auto"),
    hidden=() if "undo" in asked else None,
    reports=("frame", "hidden"),
    title="Test map",
)
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
event = point_map(spec, key="map", height=500)
if event.lasso:
    frame = event.lasso.frame
    seen = places.values[frame] if axes == 2 else places.projected(frame, event.lasso.matrix)
    rows = np.flatnonzero(inside(seen, event.lasso.polygon) & places.placed(frame))
    digest = hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
    st.session_state["told"] = f"{len(rows)} rows in {len(event.lasso.polygon)} vertices {digest}"
if event.clicked:
    st.session_state["told"] = f"clicked {event.clicked.row} add {event.clicked.add}"
if "two" in asked:
    point_map(replace(spec, legend=False), key="other", height=300)
st.text(f"runs {st.session_state['runs']} frame {event.frame} hidden {event.hidden}")
st.text(f"told {st.session_state.get('told')}")
