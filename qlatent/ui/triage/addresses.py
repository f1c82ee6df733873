"""The URL of the page Triage: names of its choices."""

from __future__ import annotations

from qlatent.ui.shell import url_state

QUEUE, CASE, SECTION = "queue", "case", "triage_section"
PAGE = "triage"  # whose selection is the group that is decided
SELECTION, HOW = "triage_selection", "triage_how"
MAP = "triage_map"  # a stored layout on which groups are chosen; else the plane of the vectors
BY, THRESHOLD = "triage_by", "triage_threshold"  # of near-duplicates
CHOICES = (QUEUE, CASE, SECTION, SELECTION, HOW, MAP, BY, THRESHOLD)


def threshold() -> float | None:
    """The threshold of near-duplicates in the URL; None for the usual one."""
    try:
        return float(url_state.get(THRESHOLD))
    except ValueError:
        return None
