"""`python -m tests.ibm_service [PORT]`: prints its address and serves until its input ends. See README.md."""

from __future__ import annotations

import os
import sys
import threading

from tests.ibm_service.service import Service, listening


def main() -> int:
    """Serves in threads, executes jobs in the main thread, ends with the process that started it."""
    service = Service()
    server = listening(service, int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    if not sys.stdin.isatty():
        threading.Thread(target=_end_with_parent, daemon=True).start()
    service.jobs.run()
    return 0


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
