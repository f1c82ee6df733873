"""The pairwise merge in closed form in torch, without a simulator: real, bilinear, all outputs of a stage at once.

A merge acts on a control and a target, both pure states in the x–z plane with Bloch coordinates r = (z, x). It
applies a general rotation to each and a controlled general gate, traces out the control, and measures ⟨Z⟩ of the
target (Kankeu et al., arXiv 2501.04591, §III). In closed form it is the gated bilinear unit

    z' = ½[s·r_t + (c·r_c)(d·r_t)]

with s, c, d ∈ R², functions of the angles. With U = exp(iα) RZ(β) RY(γ) RZ(δ) for control, target and controlled
gate V, and ψ = β_t + δ_v:

    c  = (cos γ_c, −sin γ_c cos δ_c)
    v0 = (cos γ_t, −sin γ_t cos δ_t)                  ⟨Z⟩ of the target if V does not act
    v1 = (cos γ_v cos γ_t − sin γ_v cos ψ sin γ_t,    ⟨Z⟩ if V acts
          −sin γ_v (cos ψ cos γ_t cos δ_t − sin ψ sin δ_t) − cos γ_v sin γ_t cos δ_t)
    s = v0 + v1,  d = v0 − v1

For a CNOT v1 = −v0, so s = 0 and d = 2 v0. The three α, β_c and β_v have no effect; β_t and δ_v enter as their sum,
and scaling c is equivalent to scaling d. So 5 of 12 angles are identifiable (3 of 8 with a CNOT).
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from qlatent import tensors
from qlatent.circuits.merging import BETA, CONTROL, CONTROLLED, DELTA, GAMMA, TARGET, Kind, stages

Angles = Literal["published", "reduced"]

STEEPEST = 1e-3  # lower bound of √(1−z²) in derivatives, which are infinite at |z| = 1


def bloch(u: Tensor) -> tuple[Tensor, Tensor]:
    """Bloch coordinates z and x, of the shape of `u`, for the encoding θ = (π/2)(1 + tanh u), φ = π.

    z = cos θ = −sin((π/2) tanh u) and x = −sin θ = −cos((π/2) tanh u) ≤ 0: with φ = π all states lie on the half
    circle of negative x. The fidelity of two such states depends on z only, as for φ = 0.
    """
    z, x = tensors.applied(_Bloch, _bloch, u)
    return z, x


def angles(raw: Tensor) -> Tensor:
    """Angles in (0, 4π) radians of raw parameters: 2π(1 + tanh raw), as published, for all angles."""
    return 2 * math.pi * (1 + torch.tanh(raw))


def coefficients(found: Tensor, kind: Kind = "merge", parameters: Angles = "published") -> Tensor:
    """Coefficients s_z, s_x, c_z, c_x, d_z, d_x (6, merges) for angles (merges, angles) in radians; s and d include ½.

    Published angles are α, β, γ, δ of the control, the target and the controlled gate. Reduced ones are γ_c, γ_t,
    δ_t and, unless with a CNOT, ψ and γ_v, with δ_c = 0, which makes c a unit vector. They express every merge: v0
    and v1 can be any two points of the unit disc, and a shorter c is equivalent to v0 and v1 closer together.
    """
    row = found.unbind(1)
    if parameters == "reduced":
        gamma_c, delta_c, gamma_t, delta_t = row[0], None, row[1], row[2]
        psi, gamma_v = (row[3], row[4]) if kind == "merge" else (None, None)
    else:
        gamma_c, delta_c = row[CONTROL + GAMMA], row[CONTROL + DELTA]
        gamma_t, delta_t = row[TARGET + GAMMA], row[TARGET + DELTA]
        general = kind == "merge"
        psi = row[TARGET + BETA] + row[CONTROLLED + DELTA] if general else None
        gamma_v = row[CONTROLLED + GAMMA] if general else None
    c_x = -torch.sin(gamma_c) if delta_c is None else -torch.sin(gamma_c) * torch.cos(delta_c)
    v0_z, v0_x = torch.cos(gamma_t), -torch.sin(gamma_t) * torch.cos(delta_t)
    if psi is None or gamma_v is None:
        v1_z, v1_x = -v0_z, -v0_x
    else:
        v1_z, v1_x = _controlled(gamma_t, delta_t, psi, gamma_v)
    parts = (
        (v0_z + v1_z) / 2,
        (v0_x + v1_x) / 2,
        torch.cos(gamma_c),
        c_x,
        (v0_z - v1_z) / 2,
        (v0_x - v1_x) / 2,
    )
    return torch.stack(parts)


def _controlled(gamma_t: Tensor, delta_t: Tensor, psi: Tensor, gamma_v: Tensor) -> tuple[Tensor, Tensor]:
    """v1: coefficients of the target's z and x if the controlled gate acts."""
    turn, lean = torch.cos(gamma_v), torch.sin(gamma_v)
    v1_z = turn * torch.cos(gamma_t) - lean * torch.cos(psi) * torch.sin(gamma_t)
    across = torch.cos(psi) * torch.cos(gamma_t) * torch.cos(delta_t) - torch.sin(psi) * torch.sin(delta_t)
    return v1_z, -lean * across - turn * torch.sin(gamma_t) * torch.cos(delta_t)


def merged(z: Tensor, x: Tensor, coefs: Tensor, width: int) -> Tensor:
    """⟨Z⟩ (n, width) after all merges of states with Bloch coordinates `z` and `x` (n, d).

    `coefs` (6, d − width) come from `coefficients`, in the order of `circuits.merging.stages`. Between stages a target
    is re-prepared as the pure real state of its z: x = √(1 − z²).
    """
    plan, first = stages(z.shape[1], width), 0
    held_z, held_x = z[:, plan[0].control :], x[:, plan[0].control :]
    for stage in plan:
        target = slice(stage.target, stage.target + stage.count)
        part = coefs[:, first : first + stage.count]
        new: Tensor = tensors.applied(_Merge, _merge, held_z, held_x, z[:, target], x[:, target], part)
        first += stage.count
        # with an incomplete last block, the other qubits of the block before it keep their encoded state
        rest = slice(stage.target + stage.count, stage.target + width)
        held_z = torch.cat([new, z[:, rest]], 1) if stage.count < width else new
        if first < coefs.shape[1]:
            pure = tensors.applied(_Pure, _pure, new)
            held_x = torch.cat([pure, x[:, rest]], 1) if stage.count < width else pure
    return held_z


def _bloch(u: Tensor) -> tuple[Tensor, Tensor]:
    turned = torch.tanh(u) * (-math.pi / 2)
    return torch.sin(turned), -torch.cos(turned)


class _Bloch(torch.autograd.Function):
    """The encoding without temporary arrays, which cost more than the sines at these sizes."""

    @staticmethod
    def forward(ctx: Any, u: Tensor) -> tuple[Tensor, Tensor]:
        turned = torch.tanh(u).mul_(-math.pi / 2)
        z = torch.sin(turned)
        if not ctx.needs_input_grad[0]:
            return z, turned.cos_().neg_()
        x = torch.cos(turned).neg_()
        ctx.save_for_backward(u, z, x, turned)
        return z, x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        u, z, x, turned = ctx.saved_tensors
        if tensors.asked_again(gradients[0]):
            return tensors.pulled_back(_bloch, (u,), gradients)[0]
        slope = (turned * turned).mul_(-2 / math.pi).add_(math.pi / 2)  # (π/2)(1 − tanh²)
        return (gradients[0] * x).addcmul_(gradients[1], z, value=-1).mul_(slope)


def _merge(z_c: Tensor, x_c: Tensor, z_t: Tensor, x_t: Tensor, coefs: Tensor) -> Tensor:
    s_z, s_x, c_z, c_x, d_z, d_x = coefs
    gate = (z_c * c_z).addcmul_(x_c, c_x)
    swing = (z_t * d_z).addcmul_(x_t, d_x)
    return swing.mul_(gate).addcmul_(z_t, s_z).addcmul_(x_t, s_x)


class _Merge(torch.autograd.Function):
    """Forward and backward of one stage in closed form: few passes over (n, width), only inputs saved."""

    @staticmethod
    def forward(ctx: Any, z_c: Tensor, x_c: Tensor, z_t: Tensor, x_t: Tensor, coefs: Tensor) -> Tensor:
        ctx.save_for_backward(z_c, x_c, z_t, x_t, coefs)
        return _merge(z_c, x_c, z_t, x_t, coefs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (g,) = gradients
        z_c, x_c, z_t, x_t, coefs = ctx.saved_tensors
        if tensors.asked_again(g):
            return tensors.pulled_back(_merge, ctx.saved_tensors, g)
        s_z, s_x, c_z, c_x, d_z, d_x = coefs
        for_z_c, for_x_c, for_z_t, for_x_t, for_coefs = ctx.needs_input_grad
        g_z_c = g_x_c = g_z_t = g_x_t = of_coefs = None
        room = torch.empty_like(g)  # one reused buffer: allocation costs more than a product
        if for_z_t or for_x_t:
            torch.mul(z_c, c_z, out=room).addcmul_(x_c, c_x).mul_(g)
            g_z_t = (room * d_z).addcmul_(g, s_z) if for_z_t else None
            g_x_t = (room * d_x).addcmul_(g, s_x) if for_x_t else None
        if for_coefs or for_z_c or for_x_c:
            by_z, by_x = g * z_t, g * x_t
            if for_coefs:
                zz, zx, xz, xx = (
                    torch.mul(left, right, out=room).sum(0) for left in (by_z, by_x) for right in (z_c, x_c)
                )
                gate, swing = (
                    (d_z * zz + d_x * xz, d_z * zx + d_x * xx),
                    (c_z * zz + c_x * zx, c_z * xz + c_x * xx),
                )
                of_coefs = torch.stack([by_z.sum(0), by_x.sum(0), *gate, *swing])
            if for_z_c or for_x_c:
                of_gate = by_z.mul_(d_z).addcmul_(by_x, d_x)
                g_x_c = torch.mul(of_gate, c_x, out=by_x) if for_x_c else None
                g_z_c = of_gate.mul_(c_z) if for_z_c else None
        return g_z_c, g_x_c, g_z_t, g_x_t, of_coefs


def _pure(z: Tensor) -> Tensor:
    """`_Pure` in plain torch operations: x = √(1 − z²), with derivative −z / 1e-3 for x below 1e-3."""
    square, line = 1 - z * z, -(z * z) / (2 * STEEPEST)
    flat = square.detach().clamp_min(0).sqrt() + line - line.detach()
    return torch.where(square > STEEPEST**2, square.clamp_min(STEEPEST**2).sqrt(), flat)


class _Pure(torch.autograd.Function):
    """x = √(1 − z²), exact, with a derivative −z / max(x, 1e-3) that stays finite at |z| = 1."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        x = (1 - z * z).clamp_min_(0).sqrt_()
        ctx.save_for_backward(z, x)
        return x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        z, x = ctx.saved_tensors
        if tensors.asked_again(gradients[0]):
            return tensors.pulled_back(_pure, (z,), gradients[0])[0]
        slope = x.clamp_min(STEEPEST)
        return torch.div(z, slope, out=slope).mul_(gradients[0]).neg_()
