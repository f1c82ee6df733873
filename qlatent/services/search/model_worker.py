"""`python -m qlatent.services.search.model_worker`: serves requests of `models`, with torch in its main thread."""

from __future__ import annotations

import sys

from qlatent import companion
from qlatent.services.search.model_work import TASKS

if __name__ == "__main__":
    sys.exit(companion.serve(TASKS))
