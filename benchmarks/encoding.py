"""Measure the overhead of encoding: decode, batch, forward and store against the forward passes alone.

    python benchmarks/encoding.py [--out FILE] [--images N] [--repetitions N] [--encoder builtin|ViT-B-32]

Goal: end to end ≤ 1.3 × the forward passes on the same images and texts, interleaved in one process. The CLIP
architecture has random weights, which need no download and cost the same as trained ones.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault(
    "OMP_WAIT_POLICY", "PASSIVE"
)  # as in the worker and the command line; set before torch is imported

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file

from qlatent.demo.listings import listings, write_folder
from qlatent.encoders.base import AbstractEncoder
from qlatent.provenance import made_by
from qlatent.services.datasets import datasets
from qlatent.services.vectors import encoding
from qlatent.services.vectors.encoding import make_encoder
from qlatent.services.workspaces import open_workspace


def load(name: str) -> AbstractEncoder:
    """The built-in encoder, or an open_clip architecture with random weights."""
    if name == "builtin":
        return make_encoder("builtin", {})
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as temp:
        checkpoint = Path(temp) / "random.safetensors"
        state = open_clip.create_model(name).state_dict()
        save_file({key: value.contiguous() for key, value in state.items()}, checkpoint)
        return make_encoder("clip", {"architecture": name, "pretrained": "", "checkpoint": str(checkpoint)})


def forward_only(encoder: AbstractEncoder, prepared: np.ndarray, texts: list[str]) -> float:
    """Seconds for the forward passes on decoded and prepared images."""
    begun = time.perf_counter()
    size = encoder.batch_size
    for start in range(0, len(prepared), size):
        encoder.embed_images(prepared[start : start + size])
    for start in range(0, len(texts), size):
        encoder.embed_texts(texts[start : start + size])
    return time.perf_counter() - begun


def end_to_end(encoder: AbstractEncoder, table: Path, folder: Path) -> float:
    """Seconds for encoding a new dataset: read, decode, prepare, forward, store."""
    with open_workspace(folder) as workspace:
        datasets.store(workspace, datasets.preview(workspace, table), name="bench")
        begun = time.perf_counter()
        encoding.encode(workspace, "bench", encoder=encoder, settings={})
        return time.perf_counter() - begun


def measure(encoder: AbstractEncoder, count: int, repetitions: int) -> list[dict[str, float]]:
    """One row per repetition; the two measurements alternate."""
    rows = []
    with tempfile.TemporaryDirectory() as temp:
        table = write_folder(Path(temp) / "listings", listings(count, seed=1))
        images = [(table.parent / f"images/item-{i:05d}.jpg").read_bytes() for i in range(count)]
        prepared = np.stack(
            [encoder.prepare_image(Image.open(io.BytesIO(each)).convert("RGB")) for each in images]
        )
        texts = list(dict.fromkeys(each.text for each in listings(count, seed=1)))
        prepared = prepared[: len(dict.fromkeys(images))]
        forward_only(encoder, prepared[: encoder.batch_size], texts[: encoder.batch_size])
        for repetition in range(repetitions):
            forward = forward_only(encoder, prepared, texts)
            whole = end_to_end(encoder, table, Path(temp) / f"workspace-{repetition}")
            rows.append({"forward_s": forward, "end_to_end_s": whole, "ratio": whole / forward})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--encoder", default="builtin")
    options = parser.parse_args()
    rows = measure(load(options.encoder), options.images, options.repetitions)
    result: dict[str, Any] = {
        "benchmark": "encoding", "encoder": options.encoder, "images": options.images, "rows": rows,
        "cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "torch": torch.__version__,
    }  # fmt: skip
    for name in ("forward_s", "end_to_end_s", "ratio"):
        values = [row[name] for row in rows]
        result[name] = {"median": statistics.median(values), "min": min(values), "max": max(values)}
        print(f"{name:<14} median {result[name]['median']:.3f}   {min(values):.3f} – {max(values):.3f}")
    if options.out:
        options.out.write_text(json.dumps({"made_by": made_by(), **result}, indent=2) + "\n")


if __name__ == "__main__":
    main()
