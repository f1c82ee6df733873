"""Settings of this installation, read once from the environment (QLATENT_…) or `.env`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from qlatent.errors import ConfigError


class Settings(BaseSettings):
    """Where things are kept and how much of the machine may be used."""

    model_config = SettingsConfigDict(env_prefix="QLATENT_", env_file=".env", frozen=True, extra="ignore")

    workspace: Path = Field(Path("workspace"), description="Folder with everything that is kept.")
    database_url: str = Field(
        "", description="SQLAlchemy URL of the catalogue; empty: SQLite in the workspace."
    )
    max_runs: int = Field(
        1, ge=1, le=64, description="Worker processes at once; further runs wait in the queue."
    )
    threads: int = Field(2, ge=1, le=256, description="Threads a worker may use for arithmetic.")
    device: str = Field("auto", description="auto, cpu or cuda, for encoders and training.")
    max_image_pixels: int = Field(89_000_000, ge=1, description="Larger images are refused unread.")
    max_image_bytes: int = Field(50_000_000, ge=1, description="Larger image files are refused unread.")
    max_archive_bytes: int = Field(
        4_000_000_000, ge=1, description="An archive that unpacks to more is refused."
    )
    max_archive_ratio: int = Field(200, ge=2, description="An archive entry that grows by more is refused.")
    max_archive_files: int = Field(200_000, ge=1, description="An archive with more entries is refused.")
    max_text_characters: int = Field(20_000, ge=1, description="Longer texts are refused.")
    max_cell_bytes: int = Field(10_000_000, ge=1, description="A row with a larger cell is refused.")
    max_line_characters: int = Field(
        50_000_000, ge=1, description="A text file with a longer line is refused."
    )
    max_columns: int = Field(10_000, ge=1, description="A table with more columns is refused.")
    max_rows: int = Field(10_000_000, ge=1, description="A source with more rows is refused.")
    max_whole_bytes: int = Field(
        1_000_000_000, ge=1, description="What can only be read as a whole is refused when it is larger."
    )


@lru_cache
def settings() -> Settings:
    """The settings of this process; a wrong value is a `ConfigError` that names its variable."""
    try:
        return Settings()
    except ValidationError as err:
        first = err.errors()[0]
        name = "QLATENT_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(
            f"{name}={first['input']!r}: {first['msg']}.", remedy=f"Change or unset {name}."
        ) from err
