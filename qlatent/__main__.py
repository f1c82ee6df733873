"""`python -m qlatent` is `qlatent`."""

from qlatent.cli import main

main()
