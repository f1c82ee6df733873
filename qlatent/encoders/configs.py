"""Settings of the encoders: frozen and validated. Forms are generated from their titles and descriptions."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Device = Literal["auto", "cpu", "cuda", "mps"]
DeviceField = Annotated[
    Device,
    Field(title="Device", description="Device to compute on. auto: a GPU if there is one, else the CPU."),
]
_CHECKED = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_CHECKED)
class BuiltinConfig:
    """The model shipped with the package; it has no settings and needs neither network nor GPU."""

    modalities: ClassVar[tuple[str, ...]] = ("image", "text")


@dataclass(frozen=True, config=_CHECKED)
class ClipConfig:
    """A CLIP model of open_clip: an architecture and its weights, by tag or from a file."""

    modalities: ClassVar[tuple[str, ...]] = ("image", "text")
    architecture: Annotated[
        str,
        Field(
            title="Architecture",
            min_length=1,
            description="An architecture of open_clip such as ViT-B-32, or local-dir:FOLDER.",
        ),
    ] = "ViT-B-32"
    pretrained: Annotated[
        str,
        Field(title="Weights", description="Tag of the weights; downloaded once, then read from the cache."),
    ] = "openai"
    checkpoint: Annotated[
        str | None,
        Field(
            title="Weights file",
            description="A .safetensors file that replaces the tag; needs no network.",
        ),
    ] = None
    device: DeviceField = "auto"


@dataclass(frozen=True, config=_CHECKED)
class TextConfig:
    """A text model of transformers with mean pooling over tokens."""

    modalities: ClassVar[tuple[str, ...]] = ("text",)
    model: Annotated[
        str,
        Field(
            title="Model", min_length=1, description="A model id on the Hugging Face Hub, or a local folder."
        ),
    ] = "sentence-transformers/all-MiniLM-L6-v2"
    max_length: Annotated[
        int, Field(title="Maximum length", ge=2, le=8192, description="In tokens; longer texts are cut.")
    ] = 256
    device: DeviceField = "auto"
