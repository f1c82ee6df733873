"""Everything kept on disk: items and embeddings (LanceDB), the catalogue (SQLAlchemy) and run folders.

Importing this package is cheap: lancedb, pyarrow and sqlalchemy are loaded when `Workspace.items` or
`Workspace.catalogue` is first used. How each file looks is written in README.md of this folder.
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
