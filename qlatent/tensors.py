"""What torch leaves to its user: lengths of vectors of any size, second derivatives of gradients that are written by
hand, full precision under autocast, and threads after a fork."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

HALVES = (torch.float16, torch.bfloat16)

# A forked child has none of its parent's threads, and OpenMP would wait for them without end. One thread needs
# none: torch's own DataLoader does the same in its workers.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


def unit(rows: Tensor, *, zeros: bool = True) -> Tensor:
    """Rows (..., d) brought to length 1, whatever their size; zero rows stay zero, or are NaN without `zeros`.

    Where squares could over- or underflow, rows are first multiplied by powers of two, which change no digit.
    """
    length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    if not _can_be_squared(length):
        rows = rows * _power(rows)
        length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
        length = length.masked_fill(length == 0, 1.0) if zeros else length
    return rows / length


def lengths(rows: Tensor) -> Tensor:
    """The Euclidean length of each row (..., d), whatever its size: (...). Its slope at zero is zero."""
    length = torch.linalg.vector_norm(rows, dim=-1)
    if _can_be_squared(length):
        return length
    power = _power(rows)
    return torch.linalg.vector_norm(rows * power, dim=-1) / power[..., 0]


def _can_be_squared(length: Tensor) -> bool:
    """Whether rows of these lengths keep all their digits when they are squared; inside torch.func nobody can look."""
    if transformed() or not length.numel():
        return False
    info = torch.finfo(length.dtype)
    low, high = torch.aminmax(length.detach())
    return low.item() > info.smallest_normal**0.5 / info.eps and high.item() < 0.5 * info.max**0.5


def _power(rows: Tensor) -> Tensor:
    """Powers of two (..., 1) that bring the largest number of each row near 1."""
    info = torch.finfo(rows.dtype)
    limit = (
        -math.frexp(info.smallest_normal)[1] + 1
    )  # its power of two has a reciprocal that is a normal number
    largest = rows.detach().abs().amax(-1, keepdim=True)
    return torch.exp2(-largest.log2().floor().clamp(-limit, limit))


def transformed() -> bool:
    """Whether torch.func is at work (vmap, jacrev, …): tensors have no numbers to look at then."""
    return bool(torch._C._are_functorch_transforms_active())


def applied(by_hand: type[torch.autograd.Function], plain: Callable[..., Any], *arguments: Any) -> Any:
    """What `by_hand` makes of the arguments, or under torch.func the same by `plain`, in operations it knows."""
    return plain(*arguments) if transformed() else by_hand.apply(*arguments)


def asked_again(gradient: Tensor) -> bool:
    """In a backward pass: whether its result will be differentiated, or is wanted for many gradients at once.

    `create_graph=True` leaves gradients on. torch's `once_differentiable` does not look at it: gradients by hand would
    come out as constants, and second derivatives as zeros.
    """
    many = bool(torch._C._functorch.is_legacy_batchedtensor(gradient))  # of `is_grads_batched=True`
    return torch.is_grad_enabled() or many or transformed()


def pulled_back(
    plain: Callable[..., Any], arguments: tuple[Tensor, ...], gradients: Any
) -> tuple[Tensor, ...]:
    """The gradients by the arguments of a function in torch operations, differentiable in turn."""
    pull = torch.func.vjp(plain, *arguments)[1]
    found: tuple[Tensor, ...] = pull(gradients)
    return found


def full_precision(tensor: Tensor) -> AbstractContextManager[Any]:
    """Inside, autocast takes no digits away."""
    kind = tensor.device.type
    if not (torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)):
        return nullcontext()
    return torch.autocast(kind, enabled=False)
