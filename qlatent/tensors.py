"""Torch helpers: norms without overflow, derivatives of custom gradients, precision under autocast, forked threads."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

HALVES = (torch.float16, torch.bfloat16)

# A forked child lacks its parent's threads, and OpenMP would wait for them forever. With one thread it does not wait;
# torch's DataLoader does the same in its workers.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


def unit(rows: Tensor, *, zeros: bool = True) -> Tensor:
    """Rows (..., d) normalised to length 1 at any magnitude; zero rows stay zero, or become NaN without `zeros`.

    Rows whose squares could over- or underflow are first scaled by powers of two, which is exact.
    """
    length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    if not _can_be_squared(length):
        rows = rows * _power(rows)
        length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
        length = length.masked_fill(length == 0, 1.0) if zeros else length
    return rows / length


def lengths(rows: Tensor) -> Tensor:
    """The Euclidean norm of each row at any magnitude: (..., d) → (...). Its gradient at zero is zero."""
    length = torch.linalg.vector_norm(rows, dim=-1)
    if _can_be_squared(length):
        return length
    power = _power(rows)
    return torch.linalg.vector_norm(rows * power, dim=-1) / power[..., 0]


def _can_be_squared(length: Tensor) -> bool:
    """Whether squares of rows of these norms keep full precision; False inside torch.func, which hides values."""
    if transformed() or not length.numel():
        return False
    info = torch.finfo(length.dtype)
    low, high = torch.aminmax(length.detach())
    return low.item() > info.smallest_normal**0.5 / info.eps and high.item() < 0.5 * info.max**0.5


def _power(rows: Tensor) -> Tensor:
    """Powers of two (..., 1) that scale the largest entry of each row to about 1."""
    info = torch.finfo(rows.dtype)
    limit = -math.frexp(info.smallest_normal)[1] + 1  # the reciprocal of its power of two is a normal number
    largest = rows.detach().abs().amax(-1, keepdim=True)
    return torch.exp2(-largest.log2().floor().clamp(-limit, limit))


def transformed() -> bool:
    """Whether a torch.func transform (vmap, jacrev, …) is active, in which tensors have no readable values."""
    return bool(torch._C._are_functorch_transforms_active())


def applied(by_hand: type[torch.autograd.Function], plain: Callable[..., Any], *arguments: Any) -> Any:
    """The result of the custom function `by_hand`, or under torch.func of the equivalent torch operations `plain`."""
    return plain(*arguments) if transformed() else by_hand.apply(*arguments)


def asked_again(gradient: Tensor) -> bool:
    """In a backward pass: whether its result will be differentiated again or is batched over gradients.

    `create_graph=True` keeps gradients enabled. torch's `once_differentiable` ignores this: custom gradients would be
    constants, and second derivatives zero.
    """
    many = bool(torch._C._functorch.is_legacy_batchedtensor(gradient))  # from `is_grads_batched=True`
    return torch.is_grad_enabled() or many or transformed()


def pulled_back(
    plain: Callable[..., Any], arguments: tuple[Tensor, ...], gradients: Any
) -> tuple[Tensor, ...]:
    """Gradients of `plain` by its arguments, computed by autograd and differentiable again."""
    pull = torch.func.vjp(plain, *arguments)[1]
    found: tuple[Tensor, ...] = pull(gradients)
    return found


def full_precision(tensor: Tensor) -> AbstractContextManager[Any]:
    """Context that disables autocast on the tensor's device."""
    kind = tensor.device.type
    if not (torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)):
        return nullcontext()
    return torch.autocast(kind, enabled=False)
