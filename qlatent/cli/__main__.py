"""Runs `qlatent` as `python -m qlatent.cli`."""

from qlatent.cli import main

main()
