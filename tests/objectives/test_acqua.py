from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from pydantic import TypeAdapter

from qlatent.objectives.acqua import AcquaObjective
from qlatent.objectives.configs import AcquaObjectiveConfig

Rows = list[list[float]]


def tensors(seed: int, *, rows: int = 5) -> tuple[dict[str, torch.Tensor], ...]:
    generator = torch.Generator().manual_seed(seed)

    def draw(width: int) -> dict[str, torch.Tensor]:
        shape = (rows, width)
        return {
            name: torch.randn(shape, generator=generator, dtype=torch.float64) for name in ("image", "text")
        }

    return draw(7), draw(3), draw(7)


def norm(a: list[float], b: list[float], *, squared: bool) -> float:
    total = sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    return total if squared else math.sqrt(total)


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def reference(
    config: AcquaObjectiveConfig, x: dict[str, Rows], z: dict[str, Rows], y: dict[str, Rows]
) -> dict[str, float]:
    """The published formula in loops over rows and pairs."""
    parts = {}
    for name in ("image", "text"):
        errors = [
            sum(abs(p - q) for p, q in zip(a, b, strict=True)) for a, b in zip(x[name], y[name], strict=True)
        ]
        width = 1 if config.reduction == "sum" else len(x[name][0])
        parts[f"reconstruction_{name}"] = mean(errors) / width
    rows = range(len(x["image"]))
    pairs = [(i, i) for i in rows] if config.pairs == "matched" else list(product(rows, rows))
    squared = config.distance == "l2_squared"
    parts["pair_distance"] = mean(
        [
            abs(
                norm(x["image"][i], x["text"][j], squared=squared)
                - norm(z["image"][i], z["text"][j], squared=squared)
            )
            for i, j in pairs
        ]
    )
    alphas = (config.alpha_image, config.alpha_text, config.alpha_distance)
    parts["total"] = sum(alpha * part for alpha, part in zip(alphas, parts.values(), strict=True))
    return parts


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("distance", ["l2", "l2_squared"])
@pytest.mark.parametrize("pairs", ["matched", "all"])
def test_equals_the_printed_formula(reduction: str, distance: str, pairs: str) -> None:
    values = {"alpha_image": 0.5, "alpha_text": 2.0, "alpha_distance": 3.0}
    choices = {"reduction": reduction, "distance": distance, "pairs": pairs}
    config = TypeAdapter(AcquaObjectiveConfig).validate_python(values | choices)
    given = tensors(0)
    got = AcquaObjective(config)(*given)
    wanted = reference(config, *[{name: t.tolist() for name, t in part.items()} for part in given])
    assert {name: value.item() for name, value in got.items()} == pytest.approx(wanted, abs=1e-12)


def test_the_papers_weights_are_a_third_each() -> None:
    got = AcquaObjective(AcquaObjectiveConfig())(*tensors(1))
    parts = ("reconstruction_image", "reconstruction_text", "pair_distance")
    assert got["total"].item() == pytest.approx(sum(got[name].item() for name in parts) / 3)


@pytest.mark.parametrize("pairs", ["matched", "all"])
@pytest.mark.parametrize("distance", ["l2", "l2_squared"])
def test_gradient_is_finite_where_image_and_text_coincide(pairs: str, distance: str) -> None:
    config = TypeAdapter(AcquaObjectiveConfig).validate_python({"pairs": pairs, "distance": distance})
    x, z, y = tensors(2)
    same = z["image"].clone().requires_grad_()
    AcquaObjective(config)(x, {"image": same, "text": same * 1.0}, y)["total"].backward()
    assert same.grad is not None and torch.isfinite(same.grad).all()


def test_gradient_pulls_close_points_apart_and_distant_points_together() -> None:
    objective = AcquaObjective(AcquaObjectiveConfig())
    x = {"image": torch.tensor([[1.0, 0.0]]), "text": torch.tensor([[0.0, 0.0]])}  # d_x = 1
    for apart, sign in ((0.5, -1), (2.0, 1)):
        z = torch.tensor([[apart]], requires_grad=True)
        objective(x, {"image": z, "text": torch.zeros(1, 1)}, x)["total"].backward()
        assert z.grad is not None and z.grad.sign().item() == sign


@pytest.mark.parametrize("modality", ["image", "text", "vector"])
def test_one_modality_has_a_reconstruction_and_no_distance(modality: str) -> None:
    x, z, y = ({modality: part["image"]} for part in tensors(3))
    got = AcquaObjective(AcquaObjectiveConfig())(x, z, y)
    assert set(got) == {"total", f"reconstruction_{modality}"}
    assert got["total"].item() == pytest.approx(got[f"reconstruction_{modality}"].item() / 3)
