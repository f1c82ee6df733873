"""What orders, events and decisions are called on the page Triage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from qlatent.services.search.counts import ColumnCounts
from qlatent.services.triage import orders
from qlatent.services.triage.audit import TriageEvent
from qlatent.services.triage.compared import By
from qlatent.services.triage.queues import Policy
from qlatent.ui.shell.formatting import count

ORDERS = {
    "risk": "Highest risk first",
    "uncertainty": "Least certain first",
    "disagreement": "Image and text disagree most",
    "cluster": "Largest clusters first",
    "duplicates": "Like confirmed items first",
    "newest": "Newest first",
    "oldest": "Oldest first",
    "random": "Random order",
}
WHYS = {
    "random": "Drawn at random, to estimate how many bad items are left",
    "skipped": "You skipped it before",
    "link": "Opened by its link",
}
EVENTS = {
    "decided": "decided",
    "reopened": "reopened it",
    "undone": "took it back",
    "skipped": "skipped it",
    "held": "held it",
    "handed": "handed it over",
    "released": "gave it back",
    "noted": "wrote a note",
}
COMPARED: dict[By, str] = {"image": "Pictures", "text": "Texts", "vector": "Vectors"}
"""What near-duplicates are found by."""
GROUPS = {
    "duplicates": "near-duplicates", "ids": "chosen items", "column": "by a column", "search": "hits of a search",
    "set": "several selections",
}  # fmt: skip
"""How a group was chosen, where its name is not the word."""
ICONS = {"bad": ":material/block:", "good": ":material/check_circle:", "open": ":material/flag:"}
COLOURS: dict[str, Literal["red", "green", "orange"]] = {"bad": "red", "good": "green", "open": "orange"}


def gone(number: int) -> str:
    """How many cases cannot be shown, in words."""
    return f"{number:,} gone from the dataset"


def order(name: str) -> str:
    """An order in words."""
    return ORDERS.get(name, f"Largest {name.removeprefix('column:')} first")


def order_choices(columns: Mapping[str, ColumnCounts]) -> list[str]:
    """The orders that a dataset with these columns can have."""
    sortable = [name for name, each in columns.items() if each.kind in ("number", "date")]
    return [*orders.ORDERS, *(f"column:{each}" for each in sortable)]


def apart(by: By, distance: float) -> str:
    """A distance of near-duplicates with its unit."""
    return f"{count(round(distance), 'bit')} of 64 apart" if by == "image" else f"{distance:.2f} apart"


def happened(event: TriageEvent) -> str:
    """What an event did."""
    if event.undoes is not None:
        return f"undid event {event.undoes}"
    how = event.payload.get("how", "single")
    return event.kind if how == "single" else f"{event.kind} a group ({GROUPS.get(how, how)})"


def size(event: TriageEvent) -> str:
    """How many cases an event concerns, where it says so."""
    number = event.payload.get("items", event.payload.get("cases"))
    return count(number, "case") if isinstance(number, int) else ""


def decision(policy: Policy, code: str) -> str:
    """The label of a decision code; of one that is configured no more, the code."""
    return next((each.label for each in policy.decisions if each.code == code), code)


def reason(policy: Policy, code: str) -> str:
    """The label of a reason code; of one that is configured no more, the code."""
    return next((each.label for each in policy.reasons if each.code == code), code)


def kind(policy: Policy, code: str) -> str:
    """The kind of a decision code: bad, good or open."""
    return policy.kinds().get(code, "open")
