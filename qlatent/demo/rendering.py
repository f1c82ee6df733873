"""Renders many drawings in several processes, at the input size of the encoder."""

from __future__ import annotations

import json
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from qlatent.demo.draw import draw_scene
from qlatent.demo.scene import Scene, random_scene
from qlatent.images import fitted

CHUNK = 250


def render(drawings: int, *, size: int, seed: int, workers: int) -> tuple[np.ndarray, list[Scene]]:
    """Random scenes and their pictures: (drawings, size, size, 3) uint8; the same for any number of workers."""
    jobs = [
        (seed, chunk, min(CHUNK, drawings - start), size)
        for chunk, start in enumerate(range(0, drawings, CHUNK))
    ]
    images, scenes = np.empty((drawings, size, size, 3), np.uint8), list[Scene]()
    with get_context("spawn").Pool(workers) as pool:
        for pictures, facts in pool.imap(render_chunk, jobs):
            images[len(scenes) : len(scenes) + len(facts)] = pictures
            scenes += facts
    return images, scenes


def render_chunk(job: tuple[int, int, int, int]) -> tuple[np.ndarray, list[Scene]]:
    """The pictures and scenes of one job: seed, number of the chunk, number of drawings, size."""
    seed, chunk, count, size = job
    rng = np.random.default_rng([seed, chunk])
    scenes = [random_scene(rng) for _ in range(count)]
    return np.stack([np.asarray(fitted(draw_scene(scene, rng), size)) for scene in scenes]), scenes


def cached_render(
    cache: Path | None, drawings: int, *, size: int, seed: int, workers: int
) -> tuple[np.ndarray, list[Scene]]:
    """The result of `render`, cached in the folder `cache` if one is given."""
    if cache is None:
        return render(drawings, size=size, seed=seed, workers=workers)
    images_file = cache / f"images-{size}-{seed}-{drawings}.npy"
    scenes_file = images_file.with_suffix(".json")
    if not scenes_file.exists():  # written last, so that it marks a complete pair
        images, scenes = render(drawings, size=size, seed=seed, workers=workers)
        cache.mkdir(parents=True, exist_ok=True)
        np.save(images_file, images)
        scenes_file.write_text(json.dumps([vars(scene) for scene in scenes]), encoding="utf-8")
    facts = json.loads(scenes_file.read_text(encoding="utf-8"))
    return np.load(images_file), [Scene(**each) for each in facts]
