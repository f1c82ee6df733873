"""The URL of the page Triage: names of its choices."""

from __future__ import annotations

QUEUE, CASE, SECTION = "queue", "case", "triage_section"
PAGE = "triage"  # whose selection is the group that is decided
SELECTION, HOW = "triage_selection", "triage_how"
BY, THRESHOLD = "triage_by", "triage_threshold"  # of near-duplicates
CHOICES = (QUEUE, CASE, SECTION, SELECTION, HOW, BY, THRESHOLD)
