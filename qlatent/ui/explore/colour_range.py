"""Part of the page Explore: the range of a continuous colour, automatic, from–to, or of each frame; kept in the URL."""

from __future__ import annotations

import math

import streamlit as st

from qlatent.ui.explore import addresses, shown_scene
from qlatent.ui.explore.shown_scene import EACH, OPEN, Named, Range
from qlatent.ui.latent_map.point_map import Ramp
from qlatent.ui.shell import url_state

KINDS = {"": "Automatic", "fixed": "From–to", EACH: "Each frame"}
HELP = (
    "Automatic: the 1st to 99th percentile over all frames, of images and texts each, so that colours can be compared "
    "between frames. From–to: the same for all, also on the maps beside this one. Each frame: the 1st to 99th "
    "percentile of each frame by itself, so that little differences show, and colours of two frames cannot be compared."
)
BETWEEN = "~"


def asked() -> Range | None:
    """The range in the URL; None for the automatic one, and for what is no range."""
    text = url_state.get(addresses.RANGE)
    if text == EACH:
        return EACH
    try:
        low, high = (float(each) for each in text.split(BETWEEN))
    except ValueError:
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def fits(named: Named, ramp: object) -> bool:
    """Whether the range in the URL is one that these colours can have."""
    found = asked()
    return not url_state.get(addresses.RANGE) or (
        isinstance(ramp, Ramp) and found is not None and (found != EACH or _in_frames(named, ramp))
    )


def control(named: Named, by: str, ramp: Ramp, *, frame: int) -> None:
    """Draw the choice of the range, and its ends where it is fixed."""
    found = asked()
    kinds = {key: label for key, label in KINDS.items() if key != EACH or _in_frames(named, ramp)}
    now = found if isinstance(found, str) else "fixed" if found else ""
    st.session_state["explore_range_kind"] = now if now in kinds else ""

    def changed() -> None:
        kind = st.session_state["explore_range_kind"]
        whole = shown_scene.colours(named, by, frame=frame, asked=OPEN) if kind == "fixed" else None
        url_state.put(addresses.RANGE, _text(whole.low, whole.high) if isinstance(whole, Ramp) else kind)

    st.segmented_control(
        "Range of the colours", list(kinds), key="explore_range_kind", format_func=kinds.__getitem__,
        on_change=changed, required=True, help=HELP,
    )  # fmt: skip
    if isinstance(found, tuple):
        _ends(*found)
    else:
        st.caption(f"{ramp.low:.4g} to {ramp.high:.4g}")


def _in_frames(named: Named, ramp: Ramp) -> bool:
    return named.scene.frames > 1 and ramp.codes.ndim > 1


def _text(low: float, high: float) -> str:
    low, high = float(f"{low:.4g}"), float(f"{high:.4g}")
    return f"{low!r}{BETWEEN}{high if high > low else low + 1.0!r}"


def _ends(low: float, high: float) -> None:
    st.session_state["explore_range_low"], st.session_state["explore_range_high"] = low, high

    def changed() -> None:
        ends = st.session_state["explore_range_low"], st.session_state["explore_range_high"]
        if ends[0] < ends[1]:
            url_state.put(addresses.RANGE, f"{ends[0]!r}{BETWEEN}{ends[1]!r}")
        else:
            st.toast("The colours need a range that ends above its start.", icon=":material/error:")

    with st.container(horizontal=True, gap="small"):
        for label, name in (("From", "low"), ("To", "high")):
            key, step = f"explore_range_{name}", (high - low) / 10
            st.number_input(label, key=key, step=step, format="%.4g", on_change=changed)
    st.caption("Points beyond have the colour of the nearer end.")
