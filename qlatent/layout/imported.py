"""Imports umap-learn when a layout first needs it, without the warnings that do not concern us.

The first import of a process takes seconds, since umap-learn and pynndescent compile functions while they load.
"""

from __future__ import annotations

import warnings
from types import ModuleType


def umap_functions() -> ModuleType:
    """The module `umap.umap_`, whose functions are UMAP's steps."""
    with _quiet():
        import umap.umap_
    return umap.umap_


def umap_aligned() -> ModuleType:
    """The module `umap.aligned_umap`."""
    with _quiet():
        import umap.aligned_umap
    return umap.aligned_umap


def umap_layouts() -> ModuleType:
    """The module `umap.layouts`, which moves the points."""
    with _quiet():
        import umap.layouts
    return umap.layouts


def _quiet() -> warnings.catch_warnings[None]:
    """Without the warning that Tensorflow, which only ParametricUMAP needs, is missing."""
    return warnings.catch_warnings(action="ignore")
