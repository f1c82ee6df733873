"""Part of the page Explore: own colours of the classes on the map; they stand in the URL.

A class is a code among the names of the present colour, so its colour holds for these names alone.
"""

from __future__ import annotations

import re
from dataclasses import replace

import streamlit as st

from qlatent.ui.explore import addresses, marks
from qlatent.ui.latent_map.point_map import Classes, Ramp, filled, ranked
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import count, literal

ONE = re.compile(r"(\d{1,5})-([0-9a-f]{6})")
MOST = 20  # classes with a picker, the most frequent


def chosen(colours: Ramp | Classes | None) -> Ramp | Classes | None:
    """These colours with those of the URL in place of the default ones."""
    own = _asked(colours) if isinstance(colours, Classes) else None
    if not isinstance(colours, Classes) or not own:
        return colours
    kept = filled(colours)
    return replace(colours, colours=[own.get(code, colour) for code, colour in enumerate(kept)])


def fits(colours: Ramp | Classes | None) -> bool:
    """Whether the colours in the URL, if there are any, are of these classes."""
    asked = url_state.get(addresses.CLASSES)
    return not asked or (isinstance(colours, Classes) and _asked(colours) is not None)


def _asked(colours: Classes) -> dict[int, str] | None:
    """The colours by code; None for those of other classes or of none."""
    of, *each = url_state.get(addresses.CLASSES).split("_")
    found = [ONE.fullmatch(one) for one in each]
    if of != marks.named(colours) or not all(found):
        return None
    own = {int(match[1]): f"#{match[2]}" for match in found if match}
    return own if max(own, default=0) < len(colours.names) else None


def control(colours: Classes) -> None:
    """Draw a picker for each of the most frequent classes, and the way back to the default colours."""
    shown = [code for code in ranked(colours) if code != colours.missing]
    now = filled(colours)
    st.caption(
        "A colour of your own for a class. The default ones are told apart with every common kind of colour vision."
    )
    with st.container(horizontal=True, gap="small"):
        for code in shown[:MOST]:
            _picker(colours, code, now[code])
    if len(shown) > MOST:
        st.caption(f"{count(len(shown) - MOST, 'rarer class', 'rarer classes')} without a picker.")
    st.button(
        "Back to the defaults", key="explore_classes_back", icon=":material/undo:",
        disabled=not url_state.get(addresses.CLASSES), on_click=addresses.forget, args=(addresses.CLASSES,),
    )  # fmt: skip


def _picker(colours: Classes, code: int, now: str) -> None:
    of = marks.named(colours)
    key = f"explore_class_{of}_{code}"
    st.session_state[key] = now

    def changed() -> None:
        own = (_asked(colours) or {}) | {code: st.session_state[key].lower()}
        kept = [f"{each}-{own[each].removeprefix('#')}" for each in sorted(own)]
        url_state.put(addresses.CLASSES, "_".join([of, *kept]))

    st.color_picker(literal(colours.names[code], limit=40), key=key, on_change=changed)
