"""Lets the tests of this folder share `run_workspace`: importlib mode leaves the folder off the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
