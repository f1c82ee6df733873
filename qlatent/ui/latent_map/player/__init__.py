"""Component below a map: play, step, scrub, speed, the frame's metrics, and the mark on a picked item."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
_PLAYER = st.components.v2.component(
    "qlatent_player",
    html=(HERE / "player.html").read_text(encoding="utf-8"),
    css=(HERE / "player.css").read_text(encoding="utf-8"),
    js=(HERE / "player.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Metric:
    """One quality metric over the frames, with the level reached by chance if it is known."""

    label: str
    values: Sequence[float | None]
    help: str
    digits: int = 3
    unit: str = ""
    note: str = ""
    level: float | None = None


@dataclass(frozen=True)
class Playback:
    """Input of the player: the chart's key, its steps, and the frame to start at."""

    chart: str
    view: str  # changes when the frames change; the player then restarts
    steps: Sequence[int]
    start: int
    metrics: Sequence[Metric] = ()
    picked: Mapping[str, Sequence[Sequence[float]]] = field(
        default_factory=dict
    )  # modality → coordinates per frame
    autoplay: bool = False
    drawn: int = -1  # the frame that the chart shows at first; -1: the last


def player(playback: Playback, *, key: str, on_picked: Callable[[int], None] | None = None) -> int:
    """Draw the player; returns the frame at which it stopped.

    `on_picked` receives the row of a point clicked in space; a chart in the plane reports clicks itself.
    """
    drawn = range(len(playback.steps))[playback.drawn]
    data = dataclasses.asdict(playback) | {"steps": [int(step) for step in playback.steps], "drawn": drawn}

    def picked() -> None:
        row = st.session_state[key].get("picked")
        if on_picked and row is not None:
            on_picked(int(row))

    result = _PLAYER(
        key=key,
        data=data,
        default={"frame": playback.start},
        on_frame_change=lambda: None,
        on_picked_change=picked,
    )
    frame = result.get("frame")
    return min(int(playback.start if frame is None else frame), len(playback.steps) - 1)
