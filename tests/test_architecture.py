"""What the contracts in `.importlinter` cannot say: what loads late, what a page loads, and how long a file is."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "qlatent"
BASE = {
    "assignments",
    "companion",
    "json_values",
    "types",
    "errors",
    "images",
    "lengths",
    "network",
    "provenance",
    "registry",
    "settings",
    "spacing",
    "spellings",
    "tensors",
    "",
}


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file, parsed once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module name that a file imports, anywhere in it."""
    return imports_of(ast.walk(parsed(path)))


def imports_of(nodes: Iterable[ast.AST]) -> frozenset[str]:
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def part(name: str) -> str:
    """The part of the package a module name belongs to: "qlatent.store.items" → "store"."""
    return [*name.split("."), ""][1]


FILES = sorted(PACKAGE.rglob("*.py"))


@cache
def imports_when_loaded(path: Path) -> frozenset[str]:
    """The module names that loading a file imports: those outside functions."""
    return imports_of(outside_functions(parsed(path)))


def outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case) and not isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef
        ):
            yield child
            yield from outside_functions(child)


def test_a_slow_library_is_loaded_only_when_a_function_needs_it() -> None:
    name = "qlatent.circuits.bridges.to_pennylane"
    assert [path.name for path in FILES if name in imports_when_loaded(path)] == []


def test_qiskit_is_loaded_in_a_process_of_its_own() -> None:
    """Imported in a thread that ends, it kills the process; `hardware.qiskit_process` asks its worker instead.

    In `hardware` a function imports it, which a worker process calls in its main thread.
    """
    loading = {
        _name(path) for path in FILES if {part.split(".")[0] for part in imports_when_loaded(path)} & QISKIT
    }
    loading |= {"qlatent.hardware.snapshots"}
    while more := {_name(path) for path in FILES if imports_when_loaded(path) & loading} - loading:
        loading |= more
    assert {name.rpartition(".")[0] for name in loading - {"qlatent.circuits.bridges.to_qiskit"}} <= {
        "qlatent.hardware", "qlatent.hardware.local", "qlatent.hardware.ibm",
    }  # fmt: skip
    users = {path for path in FILES if imports(path) & loading}
    assert {path.relative_to(PACKAGE).parts[0] for path in users} == {"hardware"}


QISKIT = {"qiskit", "qiskit_aer", "qiskit_ibm_runtime"}


def _name(path: Path) -> str:
    return ".".join(("qlatent", *path.relative_to(PACKAGE).with_suffix("").parts))


def test_pages_reach_only_services_plots_ui_and_the_base_words() -> None:
    for path in [ROOT / "app.py", ROOT / "serve.py", *sorted((ROOT / "pages").glob("*.py"))]:
        parts = {part(name) for name in imports(path) if name.startswith("qlatent.")}
        known = {entry.name.removesuffix(".py") for entry in PACKAGE.iterdir()}
        assert (parts & known) - BASE <= {"services", "plots", "ui"}, path.name


def test_pages_and_ui_hand_the_workspace_on_and_never_reach_into_it() -> None:
    """What is in it is the business of services; `path` names it and `problem` says why it cannot be written."""
    for path in [*sorted((ROOT / "pages").glob("*.py")), *sorted(PACKAGE.glob("ui/**/*.py"))]:
        reached = {node.attr for node in ast.walk(parsed(path)) if _reaches_into_workspace(node)}
        assert reached <= {"path", "problem"}, f"{path.name}: {reached}"


def _reaches_into_workspace(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """`workspace.…`, or `page.workspace().…`."""
    if not isinstance(node, ast.Attribute):
        return False
    if isinstance(node.value, ast.Name):
        return node.value.id in ("workspace", "opened")
    call = node.value.func if isinstance(node.value, ast.Call) else None
    name = call.id if isinstance(call, ast.Name) else getattr(call, "attr", None)
    return name == "workspace"


def test_what_the_pages_import_is_torch_free() -> None:
    names = set()
    for path in [
        ROOT / "app.py",
        ROOT / "serve.py",
        *sorted((ROOT / "pages").glob("*.py")),
        *sorted(PACKAGE.glob("ui/**/*.py")),
    ]:
        names |= {name for name in imports(path) if name.startswith("qlatent")}
    code = "import sys\n" + "\n".join(
        f"try:\n    __import__({name!r})\nexcept ModuleNotFoundError:\n    pass" for name in sorted(names)
    )
    slow = ("torch", "open_clip", "transformers", "umap", "lancedb", "sqlalchemy", "pennylane", "qiskit")
    code += f"\nprint([m for m in {slow} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("path", [*FILES, ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))], ids=str)
def test_no_file_is_longer_than_a_reader_can_hold(path: Path) -> None:
    limit = 120 if path.parent.name == "pages" else 400
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit
