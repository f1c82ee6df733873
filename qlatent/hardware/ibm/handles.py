"""What a job is known by: ids and the items of each part, as JSON. Another process can go on with it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace

from qlatent.errors import AbsentError

_PART = re.compile(r"(?P<tag>.+)-part-(?P<number>\d+)-of-(?P<count>\d+)-items-(?P<start>\d+)-(?P<stop>\d+)")


@dataclass(frozen=True, slots=True)
class Part:
    """Items `start` to `stop` and the job that has them; `refused` says why there is none."""

    start: int
    stop: int
    job: str = ""
    refused: str = ""

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Handle:
    """A submitted job: its parts, and the jobs that the client's repeated requests made besides."""

    device: str
    account: str  # fingerprint of the instance's CRN
    tag: str
    parts: tuple[Part, ...]
    cancelled: tuple[str, ...] = ()  # duplicates that were cancelled
    kept_running: tuple[
        str, ...
    ] = ()  # duplicates that had ended before they could be cancelled: they may cost
    batch: str = ""

    def __len__(self) -> int:
        return max((part.stop for part in self.parts), default=0)

    def to_json(self) -> str:
        """The handle as text; `from_json` reads it back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Handle:
        """The handle of a text; `AbsentError` for any other text."""
        try:
            document = json.loads(text)
            document["parts"] = tuple(Part(**part) for part in document["parts"])
            for name in ("cancelled", "kept_running"):
                document[name] = tuple(document[name])
            return cls(**document)
        except (ValueError, KeyError, TypeError) as err:
            raise AbsentError(
                "This is no handle of a job on an IBM device.", remedy="Look the job up in the list of jobs."
            ) from err

    def replaced(self, number: int, part: Part) -> Handle:
        """The handle with another part in this place."""
        return replace(self, parts=(*self.parts[:number], part, *self.parts[number + 1 :]))


def part_tag(tag: str, number: int, count: int, part: Part) -> str:
    """The tag of a part's job beside the tag of the attempt; it says which items the job has."""
    return f"{tag}-part-{number + 1}-of-{count}-items-{part.start}-{part.stop}"


def read_part_tag(text: str) -> tuple[str, int, int, Part] | None:
    """Tag of the attempt, number and count of parts, and the part without its job; None for other tags."""
    found = _PART.fullmatch(text)
    if found is None:
        return None
    part = Part(int(found["start"]), int(found["stop"]))
    return found["tag"], int(found["number"]) - 1, int(found["count"]), part
