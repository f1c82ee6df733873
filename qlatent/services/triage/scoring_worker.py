"""`python -m qlatent.services.triage.scoring_worker`: serves requests of `retraining`."""

from __future__ import annotations

import sys

from qlatent import companion
from qlatent.services.triage.scoring_work import TASKS

if __name__ == "__main__":
    sys.exit(companion.serve(TASKS))
