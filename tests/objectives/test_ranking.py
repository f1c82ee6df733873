"""The ranking loss against explicit loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qlatent.errors import ConfigError, InputError
from qlatent.objectives.configs import RankingConfig
from qlatent.objectives.ranking import Ranking
from qlatent.registry import HEADS, config_class, make_config, resolve


def head(name: str):
    return resolve(HEADS[name].target)(
        make_config(config_class("head", name), {"input_dim": 12, "qubits": 4})
    )


def latents(
    rows: int = 6, *, seed: int = 0, pair: tuple[str, str] = ("image", "text")
) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {m: torch.rand((rows, 4), generator=generator, dtype=torch.float64) * 1.8 - 0.9 for m in pair}


def log_fidelity(u: np.ndarray, v: np.ndarray) -> float:
    return float(np.log((1 + u * v + np.sqrt(1 - u**2) * np.sqrt(1 - v**2)) / 2).sum())


def cosine(u: np.ndarray, v: np.ndarray) -> float:
    return float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))


def found_by_loop(first: np.ndarray, second: np.ndarray, logit) -> float:
    losses = []
    for i, row in enumerate(first):
        values = [math.exp(logit(row, other)) for other in second]
        losses.append(-math.log(values[i] / sum(values)))
    return float(np.mean(losses))


@pytest.mark.parametrize(
    ("name", "logits", "logit"),
    [
        ("qbec", "own", lambda u, v: 30 * log_fidelity(u, v) / 4),
        ("qbec", "log_fidelity", lambda u, v: 30 * log_fidelity(u, v) / 4),
        ("qbec", "fidelity", lambda u, v: 20 * math.exp(log_fidelity(u, v))),
        ("qbec", "cosine", lambda u, v: 20 * cosine(u, v)),
        ("bec", "own", lambda u, v: 20 * cosine(u, v)),
        ("acqua_twin", "own", lambda u, v: -20 * float(np.linalg.norm(u - v))),
    ],
)
@pytest.mark.parametrize("pair", [("image", "text"), ("vector", "text")])
def test_it_is_the_cross_entropy_of_the_partner_both_ways(name: str, logits: str, logit, pair) -> None:
    z = latents(pair=pair)
    got = Ranking(RankingConfig(logits=logits, kappa=30.0)).of(head(name), {}, z)
    first, second = (z[m].numpy() for m in pair)
    forth, back = found_by_loop(first, second, logit), found_by_loop(second, first, logit)
    assert float(got[f"{pair[1]}_of_{pair[0]}"]) == pytest.approx(forth)
    assert float(got[f"{pair[0]}_of_{pair[1]}"]) == pytest.approx(back)
    assert float(got["total"]) == pytest.approx((forth + back) / 2)


@pytest.mark.parametrize("name", ["bec", "acqua_twin"])
def test_a_head_without_fidelity_cannot_be_ranked_by_it(name: str) -> None:
    with pytest.raises(ConfigError, match="logits='fidelity', but latents of this head are compared by"):
        Ranking(RankingConfig(logits="fidelity")).of(head(name), {}, latents())


def test_one_modality_has_no_partners() -> None:
    with pytest.raises(InputError, match="Ranking needs two modalities; got image"):
        Ranking(RankingConfig())({}, {"image": torch.zeros(3, 2)}, {})


def test_a_published_fidelity_of_many_qubits_has_no_gradient_where_its_logarithm_has() -> None:
    sizes = {}
    for logits in ("fidelity", "log_fidelity"):
        generator = torch.Generator().manual_seed(0)
        z = {m: torch.rand((8, 256), generator=generator) * 1.9 - 0.95 for m in ("image", "text")}
        z = {m: each.requires_grad_() for m, each in z.items()}
        Ranking(RankingConfig(logits=logits)).of(head("qbec"), {}, z)["total"].backward()
        sizes[logits] = float(z["image"].grad.abs().max())
    assert sizes["fidelity"] < 1e-12 < 1e-4 < sizes["log_fidelity"]


def test_matched_pairs_score_better_than_shuffled_ones() -> None:
    z = latents()
    ranking = Ranking(RankingConfig())
    alike = ranking.of(head("qbec"), {}, {"image": z["image"], "text": z["image"]})
    shuffled = ranking.of(head("qbec"), {}, {"image": z["image"], "text": z["image"].roll(1, dims=0)})
    assert alike["total"] < shuffled["total"]
