"""`python -m qlatent.cli` is `qlatent`."""

from qlatent.cli import main

main()
