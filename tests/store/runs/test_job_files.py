"""Files of a job: pairs of a document and arrays, whole or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import StoreError
from qlatent.store.runs.job_files import JobFiles
from qlatent.store.runs.run_folder import RunFolder


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    return JobFiles(RunFolder.create(tmp_path / "r1", {"id": "r1"}))


def test_a_pair_is_read_back_as_it_was_written(files: JobFiles) -> None:
    assert not files.has("plan")
    files.write("plan", {"items": 2, "slope": float("nan")}, {"z": np.eye(2)})
    document, arrays = files.read("plan")
    assert files.has("plan") and document == {"items": 2, "slope": None}
    np.testing.assert_array_equal(arrays["z"], np.eye(2))


def test_what_is_missing_or_damaged_is_said_with_the_next_step(files: JobFiles) -> None:
    with pytest.raises(StoreError, match=r"Job r1 has no results \(yet\)") as caught:
        files.read("outcome")
    assert "qlatent hardware status r1" in caught.value.remedy
    files.write("outcome", {}, {"z": np.eye(2)})
    (files.path / "outcome.npz").write_bytes(b"PK half of a file")
    with pytest.raises(StoreError, match="outcome of job r1 cannot be read") as caught:
        files.read("outcome")
    assert "Resume the job" in caught.value.remedy
