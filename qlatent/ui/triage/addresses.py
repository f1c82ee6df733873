"""The URL of the page Triage: names of its choices."""

from __future__ import annotations

QUEUE, CASE, SECTION = "queue", "case", "triage_section"
CHOICES = (QUEUE, CASE, SECTION)
