"""The encoder of a key is opened with the settings that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlatent.errors import UnavailableError
from qlatent.services.runs import queue
from qlatent.services.vectors import encoding, known_encoders
from qlatent.services.vectors.encoding_run import EncodingRequest, encoding_spec
from qlatent.store.items.encoder_settings import EncoderSettings
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.run_workspace import small


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path / "workspace", count=4)


def test_an_encoding_keeps_the_settings_of_its_encoder(workspace: Workspace, minilm: Path) -> None:
    settings = {"model": str(minilm), "max_length": 16}
    key = encoding.encode(workspace, "pairs", encoder="text", settings=settings).encoder_key
    assert EncoderSettings(workspace.items.path).of(key) == ("text", settings)
    opened = known_encoders.opened(workspace, key)
    assert opened.key == key
    assert known_encoders.opened(workspace, key) is opened  # loaded once


def test_the_settings_of_earlier_runs_are_tried(
    workspace: Workspace, minilm: Path, no_workers: LauncherDouble
) -> None:
    settings = {"model": str(minilm), "max_length": 24}
    queue.start(workspace, encoding_spec(workspace, EncodingRequest("pairs", "text", settings)))
    key = encoding.make_encoder("text", settings).key
    assert known_encoders.opened(workspace, key).key == key


def test_kept_settings_are_not_replaced_and_damaged_ones_are_unknown(tmp_path: Path) -> None:
    store = EncoderSettings(tmp_path)
    assert store.of("a-1") is None
    store.keep("a-1", "a", {"size": 1})
    store.keep("a-1", "a", {"size": 2})
    assert store.of("a-1") == ("a", {"size": 1})
    for file in (tmp_path / ".encoders").iterdir():
        file.write_text("{")
    assert store.of("a-1") is None


def test_the_modalities_of_an_encoder_are_known_without_loading_it() -> None:
    assert known_encoders.modalities("builtin-0123456789ab") == ("image", "text")
    assert known_encoders.modalities("text-0123456789ab") == ("text",)
    assert known_encoders.modalities("given") == known_encoders.modalities("audio-01") == ()


def test_an_unknown_encoder_says_so(workspace: Workspace) -> None:
    with pytest.raises(UnavailableError, match=r"'audio-01'.*cannot be opened: it is not installed"):
        known_encoders.opened(workspace, "audio-01")
