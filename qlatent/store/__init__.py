"""Storage on disk: items and embeddings (LanceDB), the catalogue (SQLAlchemy) and run folders.

Importing this package is cheap: lancedb, pyarrow and sqlalchemy are imported on the first use of `Workspace.items` or
`Workspace.catalogue`. README.md in this folder documents the format of each file.
"""

from qlatent.store.catalogue.records import AddReport, DatasetRecord, HeadRecord, ImportRecord, RunRecord
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.runs.run_status import RunStatus
from qlatent.store.workspace import Workspace

__all__ = [
    "AddReport",
    "DatasetRecord",
    "HeadRecord",
    "ImportRecord",
    "RunFolder",
    "RunRecord",
    "RunStatus",
    "Workspace",
]
