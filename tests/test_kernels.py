"""What `python -m qlatent.kernels` compiles: every kernel there is, and those of circuits and search twice."""

from __future__ import annotations

from types import ModuleType

import pytest
from numba.core.dispatcher import Dispatcher
from numba.core.types import float32, float64

from qlatent.circuits.engines import compiled_kernels
from qlatent.kernels import compile_kernels
from qlatent.metrics.pairs import kernels as pair_kernels
from qlatent.metrics.retrieval import scan_kernels, search_kernels
from qlatent.metrics.statistics import deletion_kernels
from qlatent.triage.duplicates import kernels as text_kernels


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    compile_kernels()


@pytest.mark.parametrize(
    "module",
    [compiled_kernels, pair_kernels, search_kernels, scan_kernels, deletion_kernels, text_kernels],
    ids=lambda module: module.__name__,
)
def test_no_kernel_waits_for_its_first_use(module: ModuleType) -> None:
    kernels = {name: each for name, each in vars(module).items() if isinstance(each, Dispatcher)}
    inner = {
        name for kernel in kernels.values() for name in kernel.py_func.__code__.co_names
    }  # compiled into others
    called = set(kernels) - inner
    assert called
    assert {name for name in called if not kernels[name].signatures} == set()


@pytest.mark.parametrize(
    ("kernel", "argument"),
    [(compiled_kernels.forward, 3), (compiled_kernels.backward, 7), (search_kernels.refine, 6)],
    ids=["inputs", "gradients", "rows"],
)
def test_both_precisions_are_compiled(kernel: Dispatcher, argument: int) -> None:
    assert {signature[argument].dtype for signature in kernel.signatures} >= {float32, float64}
