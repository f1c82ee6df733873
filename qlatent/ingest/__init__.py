"""Files of any kind → items, with a reason for every refused row."""

from qlatent.ingest.cells import RefusedRow
from qlatent.ingest.guessing import guess_mapping
from qlatent.ingest.images import CheckedImage, check_image
from qlatent.ingest.limits import Limits
from qlatent.ingest.mapping import Column, Mapping
from qlatent.ingest.opening import KINDS_IN_WORDS, SourcePath, open_source
from qlatent.ingest.source import AbstractSource
from qlatent.ingest.unused import Unused, unused

__all__ = [
    "KINDS_IN_WORDS",
    "AbstractSource",
    "CheckedImage",
    "Column",
    "Limits",
    "Mapping",
    "RefusedRow",
    "SourcePath",
    "Unused",
    "check_image",
    "guess_mapping",
    "open_source",
    "unused",
]
