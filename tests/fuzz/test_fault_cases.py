"""Every file that once gave a traceback, or took all the memory: how it ends today, in words and within bounds."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.store.workspace import Workspace
from tests.conftest import SHARED
from tests.fuzz.reading import every_way, imported, judged, loaded

FOLDER = SHARED / "fault-cases"
FILES = sorted(FOLDER.iterdir()) if FOLDER.is_dir() else []
MEGABYTES = 450  # of the whole process; Python with Arrow, numpy and Pillow alone has about 130

IMPORTED = {
    "jsonl_deepobj.jsonl": "1 kept, 1 refused",
    "jsonl_sur_key.jsonl": "1 kept, 0 refused",
    "npy_lie_bigger.npy": "ends too early: .* needs 1,599,999,999,999,999,999,999,984 bytes, and 64 are there",
    "npy_lie_c.npy": "ends too early: .* needs 4,000,000,000,000 bytes, and 64 are there",
    "npy_lie_fortran.npy": "ends too early: .* needs 16,000,000,000,000 bytes, and 64 are there",
    "npz_S0.npz": "2 kept, 0 refused",
    "npz_badlocal.npz": "is damaged .Bad magic number",
    "npz_encrypted.npz": "vector.npy in npz_encrypted.npz is encrypted",
    "npz_method99.npz": "compression method is not supported",
    "pq_badutf8.parquet": "1 kept, 0 refused",
    "pq_bigcell.parquet": "would grow 31,260-fold",
    "pq_bigimg.parquet": "would grow 32,002-fold",
    "pq_rle.parquet": "has 20,000,000 rows or more; the limit is 10,000,000",
    "pq_ts.parquet": "1 kept, 0 refused",
    "zip_table_badlocal.zip": "0 kept, 2 refused",
}
LOADED = {
    "h_card_list.zip": "card is a list, expected an object",
    "h_card_str.zip": "card is a text, expected an object",
    "h_card_metrics.zip": "card.parameters is a list, expected an object of whole numbers",
    "h_readme_bin.zip": "README.md: not readable as text",
    "h_eocd.zip": "not a zip archive, or it is damaged",
    "h_zip_badlocal.zip": "cannot be unpacked: it is damaged",
    "h_zip_crc.zip": "cannot be unpacked: it is damaged .Bad CRC-32",
    "h_zip_deflatejunk.zip": "cannot be unpacked: it is damaged",
    "h_zip_enc.zip": "model.safetensors in h_zip_enc.zip is encrypted",
}
JUDGED = {
    "j_csv_quote.csv": (0, "line 2: is not valid CSV .*unexpected end of data"),
    "j_deep.jsonl": (0, "line 1: is not JSON that can be read .nested more than 64 levels deep"),
    "j_nan.tsv": (1, "has the gain 'nan', expected a number"),
}

pytestmark = pytest.mark.skipif(not FILES, reason=f"the fault cases are not here ({FOLDER})")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("faults") / "workspace") as opened:
        yield opened


def matches(said: str, expected: str) -> bool:
    return re.search(expected, said) is not None


@pytest.mark.parametrize("name", IMPORTED)
def test_what_an_import_makes_of_a_file(name: str) -> None:
    assert matches(end := imported(FOLDER / name), IMPORTED[name]), end


@pytest.mark.parametrize("name", LOADED)
def test_what_becomes_of_a_head(name: str, workspace: Workspace) -> None:
    assert matches(end := loaded(workspace, FOLDER / name), LOADED[name]), end


@pytest.mark.parametrize("name", JUDGED)
def test_what_becomes_of_judgements(name: str) -> None:
    way, expected = JUDGED[name]
    assert matches(end := judged(FOLDER / name)[way], expected), end


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_way_into_every_file_ends_in_words(path: Path, workspace: Workspace) -> None:
    assert all(every_way(path, workspace))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_no_file_takes_more_memory_than_a_small_one() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.fuzz.reading import arrays, imported\n"
        "for path in sorted(Path(sys.argv[1]).iterdir()):\n"
        "    imported(path)\n"
        "    if path.suffix in ('.npz', '.npy'): arrays(path)\n"
        # not of `resource`, whose figure a process inherits from the one that started it
        "print(Path('/proc/self/status').read_text())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(FOLDER)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(re.search(r"VmHWM:\s+(\d+) kB", run.stdout)[1]) < MEGABYTES * 1024
