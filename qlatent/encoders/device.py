"""Choose the device that a model runs on."""

from __future__ import annotations

import torch

from qlatent.errors import UnavailableError


def chosen_device(name: str) -> torch.device:
    """The device called `name`; "auto" is CUDA, else Apple's MPS, else the CPU.

    Raises UnavailableError if this machine does not have the named device.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, here in present.items() if here))
    if not present.get(name, False):
        raise UnavailableError(
            f"This machine has no device {name!r}.", remedy="Choose device 'auto' or 'cpu'."
        )
    return torch.device(name)
