"""Adam on torch's fused kernel, without `torch.optim.Optimizer`.

Constructing a `torch.optim` optimizer imports torch's compiler. That import takes longer than importing torch,
and a quarter of the time between starting a worker and its first step. The arithmetic is that of
`torch.optim.Adam(fused=True)`.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adam import adam

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
QUANTITIES = ("step", "exp_avg", "exp_avg_sq")  # state of each parameter, under torch's names


class Adam:
    """Adam (Kingma & Ba 2015) with torch's defaults; the learning rate is passed to each step.

    `weight_decay` times the weight is added to its gradient, as in `torch.optim.Adam` (not as in AdamW).
    """

    def __init__(self, parameters: Iterable[Tensor], *, weight_decay: float = 0.0) -> None:
        self.weight_decay = weight_decay
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.state = {
            "step": [torch.zeros((), dtype=torch.float32, device=each.device) for each in self.parameters],
            "exp_avg": [torch.zeros_like(each) for each in self.parameters],
            "exp_avg_sq": [torch.zeros_like(each) for each in self.parameters],
        }

    def zero_grad(self) -> None:
        """Clear all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, *, rate: float) -> None:
        """Update every parameter that has a gradient."""
        moved = [index for index, each in enumerate(self.parameters) if each.grad is not None]
        kept = {name: [self.state[name][index] for index in moved] for name in QUANTITIES}
        parameters = [self.parameters[index] for index in moved]
        gradients = [each.grad for each in parameters if each.grad is not None]
        adam(
            parameters, gradients, kept["exp_avg"], kept["exp_avg_sq"], [], kept["step"],
            foreach=False, fused=True, amsgrad=False, maximize=False, weight_decay=self.weight_decay,
            beta1=BETA1, beta2=BETA2, lr=rate, eps=EPSILON,
        )  # fmt: skip

    def state_dict(self) -> dict[str, Tensor]:
        """The optimizer state, keyed "<parameter index>.<quantity>"."""
        return {
            f"{index}.{name}": self.state[name][index]
            for index in range(len(self.parameters))
            for name in QUANTITIES
        }

    def load_state_dict(self, tensors: dict[str, Tensor]) -> None:
        """Load a state; a state of other parameters raises `KeyError` or `RuntimeError`, as in torch."""
        for name, own in self.state_dict().items():
            own.copy_(tensors[name])
