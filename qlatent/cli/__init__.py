"""The command line `qlatent`: the services of the app without a browser."""

from __future__ import annotations

import json
import os
import sys

from qlatent.errors import QlatentError


def main() -> None:
    """Entry point: a `QlatentError` prints one line and exits with 1; wrong usage exits with 2."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads yield the processor to other processes
    from qlatent.cli.commands import app

    try:
        app()
    except QlatentError as err:
        if "--json" in sys.argv:
            print(json.dumps({"error": {"message": err.message, "remedy": err.remedy}}))
        print(f"qlatent: {err}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("qlatent: interrupted", file=sys.stderr)
        sys.exit(130)
