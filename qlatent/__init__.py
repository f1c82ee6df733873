"""Explore latent spaces: compress embeddings with small quantum and classical heads and watch them train.

`create` and `load` come from `qlatent.estimator` when they are first used, so that `import qlatent` stays
light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qlatent.estimator import Estimator, create, load

__version__ = "0.1.0"
__all__ = ["Estimator", "__version__", "create", "load"]


def __getattr__(name: str) -> Any:
    if name in ("Estimator", "create", "load"):
        from qlatent import estimator

        return getattr(estimator, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
