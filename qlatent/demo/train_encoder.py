"""Trains the built-in encoder on drawn listings, or measures its retrieval on new ones.

python -m qlatent.demo.train_encoder --out qlatent/encoders/builtin_clip
python -m qlatent.demo.train_encoder --evaluate
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn

from qlatent.demo.listings import drawn_pair
from qlatent.demo.rendering import cached_render
from qlatent.demo.retrieval import score_pairs
from qlatent.demo.scene import Scene
from qlatent.demo.words import name_alone, title_and_description
from qlatent.encoders.builtin import FOLDER, BuiltinEncoder, build_model, open_tokenizer, token_ids
from qlatent.encoders.configs import BuiltinConfig

if TYPE_CHECKING:
    from open_clip.model import CLIP  # takes seconds to import

MODEL_CFG: dict[str, Any] = {
    "embed_dim": 512,
    "vision_cfg": {"layers": [1, 1, 1, 1], "width": 16, "head_width": 64, "image_size": 64},
    "text_cfg": {
        "context_length": 40, "vocab_size": 1536, "width": 128, "heads": 4, "layers": 2, "mlp_ratio": 2.0,
        "pad_id": 0, "eos_id": 2, "pool_type": "eos",
    },
}  # fmt: skip
PREPROCESS_CFG = {"mean": [0.66, 0.61, 0.58], "std": [0.26, 0.25, 0.26]}
TRAINING_SEED, EVALUATION_SEED = 1, 3
SAVE_EVERY = 100
SHARPEST = 10.0  # upper limit of the learned factor of the cosines; a sharper one drives likenesses apart


@dataclass(frozen=True)
class Plan:
    """Number of steps, batch size and peak learning rate of the training."""

    batch: int
    steps: int
    rate: float


def train_tokenizer(texts: list[str], vocabulary: int) -> Tokenizer:
    """A byte-level tokenizer whose merges were learned on the texts: any string can be read."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<pad>", "<start>", "<end>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 2)]
    )
    return tokenizer


@dataclass(frozen=True)
class Lengths:
    """How often a text is the title alone or the name of the goods alone, the words that people search for."""

    titles: float = 0.25
    names: float = 0.4


WHOLE = Lengths(titles=0.0, names=0.0)


def written(scenes: list[Scene], rng: np.random.Generator, lengths: Lengths = WHOLE) -> list[str]:
    """A new text for each scene: whole listings, and as many titles and names as `lengths` says."""
    return [_written(scene, rng, lengths) for scene in scenes]


def _written(scene: Scene, rng: np.random.Generator, lengths: Lengths) -> str:
    drawn = rng.random()
    if drawn < lengths.names:
        return name_alone(scene, rng)
    title, more = title_and_description(scene, rng)
    return title if drawn < lengths.names + lengths.titles else f"{title}. {more}"


def augmented(images: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """Pictures as model input, (n, 3, size, size): mirrored, shifted, brighter or darker, standardised."""
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float().div_(255)  # (n, 3, size, size)
    n, size, margin = len(x), x.shape[-1], 4
    flipped = torch.from_numpy(rng.random(n) < 0.5)[:, None, None, None]
    x = torch.where(flipped, x.flip(-1), x)
    dy, dx = rng.integers(0, 2 * margin + 1, 2)
    x = nn.functional.pad(x, (margin,) * 4, mode="replicate")[..., dy : dy + size, dx : dx + size]
    gain = torch.from_numpy(rng.uniform(0.88, 1.12, (n, 1, 1, 1)).astype(np.float32))
    mean, std = (torch.tensor(PREPROCESS_CFG[key])[:, None, None] for key in ("mean", "std"))
    return ((x * gain).clamp(0, 1) - mean).div(std).contiguous(memory_format=torch.channels_last)


def contrastive_loss(model: CLIP, images: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
    """CLIP's symmetric cross-entropy over the cosine similarities of one batch."""
    logits, _ = model.get_logits(images, texts)  # (n, n)
    target = torch.arange(len(logits))
    return (nn.functional.cross_entropy(logits, target) + nn.functional.cross_entropy(logits.T, target)) / 2


def begun_model(scenes: list[Scene], *, out: Path) -> CLIP:
    """A model with random weights; a tokenizer learned on listings of the scenes is written to `out`."""
    texts = written(scenes[:20_000], np.random.default_rng(TRAINING_SEED))
    train_tokenizer(texts, MODEL_CFG["text_cfg"]["vocab_size"]).save(str(out / "tokenizer.json"))
    return build_model(MODEL_CFG).to(memory_format=torch.channels_last)


def continued_model(start: Path, *, out: Path) -> CLIP:
    """The model saved in the folder `start`, whose tokenizer is copied to `out`."""
    (out / "tokenizer.json").write_bytes((start / "tokenizer.json").read_bytes())
    model = build_model(MODEL_CFG)
    model.load_state_dict({name: t.float() for name, t in load_file(start / "model.safetensors").items()})
    return model.to(memory_format=torch.channels_last)


def fit(model: CLIP, images: np.ndarray, scenes: list[Scene], *, plan: Plan, out: Path) -> float:
    """Train in place and return the seconds taken; every epoch draws new texts for the images.

    The weights are saved to `out` every `SAVE_EVERY` steps, so that a long training can be inspected.
    """
    batch, steps = plan.batch, plan.steps
    tokenizer = open_tokenizer(out / "tokenizer.json", MODEL_CFG["text_cfg"]["context_length"])
    optimizer = torch.optim.AdamW(_groups(model), lr=plan.rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _warm_cosine(step, steps))
    rng = np.random.default_rng([TRAINING_SEED, len(scenes)])
    begun, queue = time.monotonic(), np.empty(0, dtype=int)
    model.train()
    for step in range(1, steps + 1):
        if len(queue) < batch:
            queue = rng.permutation(len(scenes))
        chosen, queue = queue[:batch], queue[batch:]
        ids = torch.from_numpy(token_ids(tokenizer, written([scenes[i] for i in chosen], rng, Lengths())))
        loss = contrastive_loss(model, augmented(images[chosen], rng), ids)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        model.logit_scale.data.clamp_(0, math.log(SHARPEST))
        if step % 20 == 0:
            pace = step * batch / (time.monotonic() - begun)
            typer.echo(f"step {step}/{steps}  loss {loss.item():.3f}  {pace:.0f} pairs/s")
        if step % SAVE_EVERY == 0:
            save(model, out)
    return time.monotonic() - begun


def _groups(model: CLIP) -> list[dict[str, Any]]:
    """Weight decay for matrices and kernels only."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    return [
        {"params": matrices, "weight_decay": 0.05},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _warm_cosine(step: int, steps: int) -> float:
    warm = max(1, min(150, steps // 10))
    return min((step + 1) / warm, 0.5 * (1 + math.cos(math.pi * step / steps)) + 1e-3)


def save(model: CLIP, out: Path) -> None:
    """Write model.safetensors (16-bit floats) and config.json."""
    state = {name: t.half() if t.is_floating_point() else t for name, t in model.state_dict().items()}
    save_file({name: t.contiguous() for name, t in state.items()}, out / "model.safetensors")
    config = {"model_cfg": MODEL_CFG, "preprocess_cfg": PREPROCESS_CFG}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def evaluate(folder: Path, *, pairs: int, seed: int) -> dict[str, Any]:
    """Recall at 1 and 5 in both directions on fresh pairs, each with its 95 % bootstrap interval."""
    encoder = BuiltinEncoder(BuiltinConfig(), folder=folder)
    rng = np.random.default_rng(seed)
    images, texts = zip(*(drawn_pair(rng) for _ in range(pairs)), strict=True)
    image_vectors = encoder.embed_images(np.stack([encoder.prepare_image(image) for image in images]))
    scores = score_pairs(image_vectors, encoder.embed_texts(texts), rng=np.random.default_rng(seed))
    return {"pairs": pairs, "seed": seed, **scores}


def main(
    out: Annotated[Path, typer.Option(help="The folder of the weights.")] = FOLDER,
    evaluate_only: Annotated[bool, typer.Option("--evaluate", help="Only measure, and print JSON.")] = False,
    drawings: Annotated[int, typer.Option(help="Number of images to draw.")] = 16_000,
    steps: Annotated[int, typer.Option(help="Number of training steps.")] = 800,
    batch: Annotated[int, typer.Option(help="Pairs per batch.")] = 256,
    rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 1.5e-3,
    threads: Annotated[int, typer.Option(help="Processor threads.")] = 2,
    pairs: Annotated[int, typer.Option(help="Fresh pairs to measure on.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the fresh pairs.")] = EVALUATION_SEED,
    cache: Annotated[
        Path | None, typer.Option(help="Folder in which to cache the images between calls.")
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(help="Folder of weights and tokenizer to go on from; none: from random weights."),
    ] = None,
) -> None:
    """Train the built-in encoder, then measure it."""
    torch.set_num_threads(threads)
    if not evaluate_only:
        torch.manual_seed(TRAINING_SEED)
        images, scenes = cached_render(
            cache, drawings, size=MODEL_CFG["vision_cfg"]["image_size"], seed=TRAINING_SEED, workers=threads
        )
        out.mkdir(parents=True, exist_ok=True)
        model = begun_model(scenes, out=out) if start is None else continued_model(start, out=out)
        seconds = fit(model, images, scenes, plan=Plan(batch, steps, rate), out=out)
        save(model, out)
        typer.echo(f"trained on {steps * batch} pairs in {seconds:.0f} s")
    typer.echo(json.dumps(evaluate(out, pairs=pairs, seed=seed), indent=2))


if __name__ == "__main__":
    typer.run(main)
