"""The command `qlatent`: the same services as the app, without a browser."""

from __future__ import annotations

import json
import os
import sys

from qlatent.errors import QlatentError


def main() -> None:
    """Entry point: what people did wrong is one line and exit 1; wrong usage is exit 2."""
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "PASSIVE"
    )  # threads that wait for work leave the processor to others
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
