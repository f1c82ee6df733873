"""How large a source, an image or a text may be before it is refused unread."""

from __future__ import annotations

from dataclasses import dataclass, fields

from qlatent.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest sizes that are read; the names and defaults are those of `qlatent.settings`."""

    max_image_pixels: int = 89_000_000
    max_image_bytes: int = 50_000_000
    max_archive_bytes: int = 4_000_000_000
    max_archive_ratio: int = 200
    max_archive_files: int = 200_000
    max_text_characters: int = 20_000

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that this installation is set to."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})
