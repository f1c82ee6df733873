"""The columns of a dataset that analysts may see."""

from __future__ import annotations

from qlatent.services.datasets import roles
from qlatent.services.search.counts import ColumnCounts
from qlatent.ui.selections import tables
from qlatent.ui.shell import page


def columns(dataset: str) -> dict[str, ColumnCounts]:
    """The columns that items can be filtered and sorted by, with their values, without hidden ones."""
    hidden = roles.hidden(page.workspace(), dataset)
    return {name: each for name, each in tables.columns(dataset).items() if name not in hidden}
