"""The page Explore: the map of a run or of a dataset's vectors, to look at, to select on and to search."""

from __future__ import annotations

from qlatent.ui.explore import addresses, source
from qlatent.ui.explore.explorer import explorer

addresses.read()
explorer(source.choose())
