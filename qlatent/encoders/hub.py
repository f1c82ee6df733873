"""Check that a model of the Hugging Face hub is available, before any model library is imported."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import huggingface_hub
from huggingface_hub import constants

from qlatent.errors import UnavailableError

SECONDS = 3.0  # to wait for a response; the libraries retry six times, for a minute
NOISY = ("", "huggingface_hub.utils._http")  # "": open_clip logs to the root logger


def check(config: Any) -> None:
    """Raises `UnavailableError` if the weights of an encoder's config are neither on this machine nor downloadable.

    A `TextConfig` is looked up by its model. Only open_clip knows the repository of a CLIP tag, so a tag passes if
    anything is cached; a missing one then fails on loading.
    """
    if hasattr(config, "model"):
        here = Path(config.model).is_dir() or isinstance(_cached(config.model, "config.json"), str)
        if not here and not is_reachable():
            raise no_text_model(config.model)
    elif hasattr(config, "pretrained"):
        local = config.checkpoint is not None or config.architecture.startswith("local-dir:")
        if not local and not _anything_cached() and not is_reachable():
            raise no_weights(config.pretrained, config.architecture)


def no_text_model(name: str) -> UnavailableError:
    return UnavailableError(
        f"The text model {name!r} is not on this machine and cannot be downloaded.",
        remedy="Check the id, connect once so that it is downloaded, or give a local folder.",
    )


def no_weights(tag: str | None, architecture: str) -> UnavailableError:
    return UnavailableError(
        f"The weights {tag!r} of {architecture} are not on this machine and cannot be downloaded.",
        remedy="Connect once so that the tag is downloaded, or give a local .safetensors file.",
    )


def is_reachable() -> bool:
    """Whether the hub responds within three seconds, with any status."""
    if constants.HF_HUB_OFFLINE:
        return False
    answered = threading.Event()

    def ask() -> None:
        try:
            huggingface_hub.get_session().head(constants.ENDPOINT, timeout=SECONDS)
        except Exception:  # noqa: BLE001  (each HTTP library has its own errors; all mean unreachable)
            return
        answered.set()

    asking = threading.Thread(target=ask, daemon=True)  # a DNS lookup ignores the timeout
    asking.start()
    asking.join(SECONDS)
    return answered.is_set()


@contextmanager
def loading() -> Iterator[None]:
    """Context for loading models: with downloads if the hub is reachable, else from the cache only."""
    if is_reachable():
        yield
        return
    with ExitStack() as stack:
        stack.enter_context(patch.object(constants, "HF_HUB_OFFLINE", True))
        for name in NOISY:  # our own error replaces their warnings
            logger = logging.getLogger(name)
            logger.addFilter(_nothing)
            stack.callback(logger.removeFilter, _nothing)
        yield


def _nothing(record: logging.LogRecord) -> bool:
    return False


def _cached(model: str, file: str) -> Any:
    try:
        return huggingface_hub.try_to_load_from_cache(model, file)
    except ValueError:  # not a valid id; reported by the library that loads it
        return None


def _anything_cached() -> bool:
    places = (Path(constants.HF_HUB_CACHE).glob("models--*"), Path("~/.cache/clip").expanduser().glob("*"))
    return any(True for place in places for _ in place)
