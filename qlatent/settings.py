"""Settings of the installation, read once from the environment (QLATENT_…) or `.env`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from qlatent.errors import ConfigError


class Settings(BaseSettings):
    """Paths, resource limits and import limits of this installation."""

    model_config = SettingsConfigDict(env_prefix="QLATENT_", env_file=".env", frozen=True, extra="ignore")

    workspace: Path = Field(Path("workspace"), description="Folder of datasets, runs, heads and experiments.")
    lessons: Path = Field(
        Path(), description="Folder of your own lessons. Empty: the folder `lessons` in the workspace."
    )
    database_url: str = Field(
        "", description="SQLAlchemy URL of the catalogue. Empty: SQLite in the workspace."
    )
    user: str = Field(
        "",
        description="Name under which decisions, runs and collections are made. Empty: that of the account.",
    )
    max_runs: int = Field(
        1, ge=1, le=64, description="Maximum number of worker processes. Further runs wait in the queue."
    )
    threads: int = Field(2, ge=1, le=256, description="Threads per worker for computation.")
    hardware_poll_running: float = Field(
        5.0, ge=0.0, description="Seconds between two questions about a job that a remote device executes."
    )
    hardware_poll_queued: float = Field(
        30.0, ge=0.0, description="Seconds between two questions about a job that waits for a remote device."
    )
    ibm_url: str = Field(
        "", description="Address of a stand-in of IBM's services on this machine, for tests. Empty: IBM."
    )
    learn_beside: bool = Field(
        True,
        description="Learn from decisions in a process beside the app; `qlatent triage sort` does it, too.",
    )
    classes_only: bool = Field(
        False, description="Show the lessons of classes and nothing else; `qlatent class serve` sets it."
    )
    device: str = Field("auto", description="Device for encoders and training: auto, cpu or cuda.")
    max_image_pixels: int = Field(89_000_000, ge=1, description="Refuse images with more pixels.")
    max_image_bytes: int = Field(50_000_000, ge=1, description="Refuse larger image files.")
    max_archive_bytes: int = Field(
        4_000_000_000, ge=1, description="Refuse archives that unpack to more bytes."
    )
    max_archive_ratio: int = Field(
        200, ge=2, description="Refuse archive entries with a higher compression ratio."
    )
    max_archive_files: int = Field(200_000, ge=1, description="Refuse archives with more entries.")
    max_text_characters: int = Field(20_000, ge=1, description="Refuse longer texts.")
    max_cell_bytes: int = Field(10_000_000, ge=1, description="Refuse rows with a larger cell.")
    max_line_characters: int = Field(50_000_000, ge=1, description="Refuse text files with a longer line.")
    max_columns: int = Field(10_000, ge=1, description="Refuse tables with more columns.")
    max_rows: int = Field(10_000_000, ge=1, description="Refuse sources with more rows.")
    max_whole_bytes: int = Field(
        1_000_000_000, ge=1, description="Refuse larger files of formats that cannot be streamed."
    )


@lru_cache
def settings() -> Settings:
    """The settings of this process; a wrong value raises a `ConfigError` that names its variable."""
    try:
        return Settings()
    except ValidationError as err:
        first = err.errors()[0]
        name = "QLATENT_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(
            f"{name}={first['input']!r}: {first['msg']}.", remedy=f"Change or unset {name}."
        ) from err
