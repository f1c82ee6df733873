"""`python -m qlatent.services.hardware.planning_worker` serves `planning`, with Qiskit in its main thread."""

from __future__ import annotations

import sys

from qlatent import companion
from qlatent.services.hardware.planning import in_companion

if __name__ == "__main__":
    sys.exit(companion.serve({"estimate": in_companion}))
