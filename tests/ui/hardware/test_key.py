"""Where a key may be entered."""

from __future__ import annotations

import pytest

from qlatent.ui.hardware import key


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("https://example.org/hardware", True),
        ("http://localhost:8501/hardware", True),
        ("http://127.0.0.1:8501", True),
        ("http://[::1]:8501", True),
        ("http://192.168.1.7:8501/hardware", False),
        ("http://example.org/hardware", False),
        ("http://localhost.example.org/hardware", False),
    ],
)
def test_a_key_is_accepted_over_https_or_on_this_machine(url: str, accepted: bool) -> None:
    assert key.private(url) is accepted
