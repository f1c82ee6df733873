"""Models from the Hugging Face hub: whether one can be had is said before any library of models is loaded."""

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

SECONDS = 3.0  # to wait for an answer; the libraries try six times, for a minute
NOISY = ("", "huggingface_hub.utils._http")  # "": what open_clip logs at the root itself


def check(config: Any) -> None:
    """Refuses an encoder's config with an `UnavailableError` if its weights are not here and cannot be fetched.

    A `TextConfig` is looked up by its model. Of a CLIP tag only open_clip knows the repository, so it is let pass
    where anything at all is cached, and refused when it is loaded.
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
    """Whether the hub answers within three seconds, whatever its answer is."""
    if constants.HF_HUB_OFFLINE:
        return False
    answered = threading.Event()

    def ask() -> None:
        try:
            huggingface_hub.get_session().head(constants.ENDPOINT, timeout=SECONDS)
        except Exception:  # noqa: BLE001  (each library below the hub's has errors of its own; all mean no)
            return
        answered.set()

    asking = threading.Thread(
        target=ask, daemon=True
    )  # looking up a name may take longer than any time limit
    asking.start()
    asking.join(SECONDS)
    return answered.is_set()


@contextmanager
def loading() -> Iterator[None]:
    """Models are loaded inside: downloaded where the hub can be reached, else from the cache or not at all."""
    if is_reachable():
        yield
        return
    with ExitStack() as stack:
        stack.enter_context(patch.object(constants, "HF_HUB_OFFLINE", True))
        for name in NOISY:  # what they have to say is said in our words
            logger = logging.getLogger(name)
            logger.addFilter(_nothing)
            stack.callback(logger.removeFilter, _nothing)
        yield


def _nothing(record: logging.LogRecord) -> bool:
    return False


def _cached(model: str, file: str) -> Any:
    try:
        return huggingface_hub.try_to_load_from_cache(model, file)
    except ValueError:  # not the form of an id; the library that loads it says so
        return None


def _anything_cached() -> bool:
    places = (Path(constants.HF_HUB_CACHE).glob("models--*"), Path("~/.cache/clip").expanduser().glob("*"))
    return any(True for place in places for _ in place)
