"""Component that listens to the keys of a queue and tells which was pressed on which case.

`st.button(shortcut=…)` knows no punctuation such as / and ?, and cannot say which case was on screen. No key acts while
a field has the focus, while a dialog is open, or with Ctrl, Alt or Meta; Escape leaves a field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from qlatent.services.triage.queues import Policy

HERE = Path(__file__).parent
_KEYBOARD = st.components.v2.component(
    "qlatent_triage_keyboard",
    html=(HERE / "keyboard.html").read_text(encoding="utf-8"),
    css=(HERE / "keyboard.css").read_text(encoding="utf-8"),
    js=(HERE / "keyboard.js").read_text(encoding="utf-8"),
)
ACTIONS = {
    "skip": "Skip: leave it to others",
    "undo": "Undo your last step, also a skip",
    "hold": "Hold it for yourself, and go on",
    "blur": "Blur or show the pictures",
    "note": "Write a note",
    "search": "Find a case",
    "help": "Show these keys",
}


def keyboard(
    policy: Policy,
    *,
    case: str,
    turn: int,
    pending: str,
    seen: int,
    decides: bool,
    named: Sequence[str] = ("blur", "note", "search", "help"),
    on_pressed: Callable[[Any], None],
) -> None:
    """Listen to the keys of a policy; `on_pressed` receives what was pressed on which case.

    `case` is the one on screen, `turn` changes with everything that was done, `pending` is the decision that waits for
    its reason, and `seen` is the number of the last press that was received: answers to earlier ones are out of date.
    Keys decide only where the case is the analyst's (`decides`). The actions `named` stand in a line of hints. On a
    narrow screen a bar at its lower edge has the decisions, too.
    """
    data = {
        "case": case,
        "turn": turn,
        "pending": pending,
        "seen": seen,
        "decides": decides,
        "named": list(named),
        "decisions": [
            {
                "key": each.key,
                "code": each.code,
                "label": each.label,
                "reason": each.needs_reason,
                "confirm": each.severe and not each.needs_reason,
            }
            for each in policy.decisions
        ],
        "reasons": [{"code": each.code, "label": each.label} for each in policy.reasons],
        "actions": {key: {"action": action, "label": ACTIONS[action]} for action, key in policy.keys.items()},
    }

    def pressed() -> None:
        on_pressed(st.session_state["triage_keys"].get("pressed"))

    _KEYBOARD(key="triage_keys", data=data, on_pressed_change=pressed)
