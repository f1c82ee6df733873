"""The pages may draw listings without loading torch."""

import subprocess
import sys


def test_listings_are_drawn_without_torch() -> None:
    code = (
        "import sys; from qlatent.demo.listings import listings; import qlatent.encoders.base;"
        "import qlatent.encoders.configs; from qlatent.encoders import configs;"
        "next(listings(1)); sys.exit(any(m in sys.modules for m in ('torch', 'open_clip', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
