"""Read files of many formats as items, with a reason for every refused row."""

from qlatent.ingest.column import Column
from qlatent.ingest.columns.guessing import guess_mapping
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.columns.unused import Unused, unused
from qlatent.ingest.image_check import CheckedImage, check_image
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import RefusedRow
from qlatent.ingest.sources.opening import KINDS_IN_WORDS, SourcePath, open_source
from qlatent.ingest.sources.source import AbstractSource

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
