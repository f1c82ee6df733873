"""Damaged files of every kind: kept rows, refusals with a reason, or a `QlatentError`. Nothing else, ever.

A failure names its seed: `case(seed)` makes the same file again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.errors import QlatentError
from qlatent.store.workspace import Workspace
from tests.fuzz.damage import damaged
from tests.fuzz.originals import originals
from tests.fuzz.reading import every_way

QUICK, THOROUGH = 150, 1000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("fuzz") / "workspace") as opened:
        yield opened


def case(seed: int) -> tuple[str, bytes]:
    """The name and the content of the damaged file of a seed."""
    files = originals()
    name = list(files)[seed % len(files)]
    return name, damaged(files[name], list(files.values()), seed)


def end(seed: int, folder: Path, workspace: Workspace) -> None:
    name, content = case(seed)
    path = folder / f"{seed}-{name}"
    path.write_bytes(content)
    try:
        every_way(path, workspace)
    except Exception as err:
        raise AssertionError(f"seed {seed} ({name}) ended as {type(err).__name__}: {err}") from err
    path.unlink()


@pytest.mark.parametrize("name", originals())
def test_an_undamaged_file_is_read(name: str, tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / name
    path.write_bytes(originals()[name])
    ends = every_way(path, workspace)
    assert any(end.endswith((" kept, 0 refused", "head")) or end in ("Run", "Judgements") for end in ends), (
        ends
    )


def test_damaged_files_end_in_words(tmp_path: Path, workspace: Workspace) -> None:
    for seed in range(QUICK):
        end(seed, tmp_path, workspace)


@pytest.mark.slow
def test_a_thousand_more_damaged_files_end_in_words(tmp_path: Path, workspace: Workspace) -> None:
    for seed in range(QUICK, QUICK + THOROUGH):
        end(seed, tmp_path, workspace)


def test_the_damage_of_a_seed_is_the_same_again() -> None:
    assert case(7) == case(7)
    assert len({case(seed)[1] for seed in range(100)}) == 100


def test_a_traceback_is_told_with_its_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_: object) -> list[str]:
        raise KeyError("x")

    monkeypatch.setattr("tests.fuzz.test_fuzz.every_way", fall)
    with pytest.raises(AssertionError, match=r"seed 3 \(.*\) ended as KeyError"):
        end(3, tmp_path, None)  # type: ignore[arg-type]
    assert not issubclass(KeyError, QlatentError)
