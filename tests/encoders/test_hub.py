"""Without a connection, a model that is not cached is refused at once with one line."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from qlatent.encoders import hub
from qlatent.encoders.configs import BuiltinConfig, ClipConfig, TextConfig
from qlatent.errors import UnavailableError


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


class Silent:
    """A connection without response, as behind a firewall that drops packets."""

    def __init__(self) -> None:
        self.asked, self.ended = 0, threading.Event()

    def head(self, *_: object, **__: object) -> None:
        self.asked += 1
        self.ended.wait(30)
        raise OSError("no answer")


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch):
    connection = Silent()
    monkeypatch.setattr(huggingface_hub, "get_session", lambda: connection)
    monkeypatch.setattr(hub, "SECONDS", 0.05)
    yield connection
    connection.ended.set()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (ClipConfig(), r"weights 'openai' of ViT-B-32 are not on this machine and cannot be downloaded"),
        (TextConfig(model="a/b"), r"text model 'a/b' is not on this machine and cannot be downloaded"),
    ],
)
def test_missing_models_are_refused_without_a_response(silent: Silent, config: object, message: str) -> None:
    with pytest.raises(UnavailableError, match=message):
        hub.check(config)
    assert silent.asked == 1


def test_cached_and_local_models_need_no_connection(silent: Silent, tmp_path: Path) -> None:
    for config in (BuiltinConfig(), TextConfig(model=str(tmp_path)), ClipConfig(checkpoint="a.safetensors")):
        hub.check(config)
    (tmp_path / "models--a--b").mkdir()
    hub.check(ClipConfig())  # passes, because the cached model may be this one
    assert silent.asked == 0


def test_loading_without_a_connection_reads_the_cache_only_and_logs_nothing(
    silent: Silent, caplog: pytest.LogCaptureFixture
) -> None:
    with hub.loading():
        assert constants.HF_HUB_OFFLINE
        logging.error("a line of a library")
        logging.getLogger("huggingface_hub.utils._http").warning("Retrying in 8s")
    assert not constants.HF_HUB_OFFLINE
    assert not caplog.records
    logging.getLogger().warning("of somebody else")
    assert len(caplog.records) == 1


def test_a_hub_that_answers_with_an_error_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answering:
        def head(self, *_: object, **__: object) -> int:
            return 503

    monkeypatch.setattr(huggingface_hub, "get_session", Answering)
    assert hub.is_reachable()
    with hub.loading():
        assert not constants.HF_HUB_OFFLINE
