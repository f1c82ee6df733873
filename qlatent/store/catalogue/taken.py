"""The error of whoever comes second to a case; it names no library, so that pages may know it."""

from __future__ import annotations

from qlatent.errors import StoreError
from qlatent.store.catalogue.records import CaseRecord


class TakenError(StoreError):
    """A case was decided by somebody else meanwhile, or somebody else has it; `case` is its present state."""

    def __init__(self, case: CaseRecord, by: str) -> None:
        said = f"decided it as {case.code!r}" if case.code else "has it at present"
        super().__init__(
            f"{by} {said}; your decision on {case.item_id!r} is not stored.",
            remedy="Look at the case again, and reopen it if you disagree."
            if case.code
            else "Go on with the next.",
        )
        self.case = case
        self.by = by
