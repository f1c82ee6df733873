"""Devices are found, or their absence is reported."""

import pytest
import torch

from qlatent.encoders.device import chosen_device
from qlatent.errors import UnavailableError


def present(monkeypatch: pytest.MonkeyPatch, *, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_the_fastest_device(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, expected: str
) -> None:
    present(monkeypatch, cuda=cuda, mps=mps)
    assert chosen_device("auto").type == expected
    assert chosen_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_absent_device_is_named_with_a_remedy(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    present(monkeypatch, cuda=False, mps=False)
    with pytest.raises(UnavailableError, match=f"no device '{name}'") as caught:
        chosen_device(name)
    assert "auto" in caught.value.remedy
