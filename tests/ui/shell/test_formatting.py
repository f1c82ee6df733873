"""Numbers, times and foreign text in words."""

from __future__ import annotations

import re

import pytest

from qlatent.ui.shell import formatting


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (float("nan"), "–"), (4.4, "4 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_are_said_in_the_two_largest_units(seconds: float | None, said: str) -> None:
    assert formatting.duration(seconds) == said


def test_every_mark_of_markdown_is_escaped() -> None:
    assert formatting.literal("[a](b) $x$ :red[y]\n<i>*") == r"\[a\]\(b\) \$x\$ \:red\[y\] \<i\>\*"


@pytest.mark.parametrize(
    "address", ["https://evil.example", "www.evil.example", "HTTP://x.y", "a.b@evil.example"]
)
def test_a_bare_address_is_broken_where_markdown_would_make_a_link_of_it(address: str) -> None:
    said = formatting.literal(f"see {address}")
    plain = said.replace("\\", "")  # what is left once the marks are read
    assert not re.search(r"(?i)https?://|www\.|[-.\w+]@", plain)
    assert plain.replace("\u2060", "") == f"see {address}"  # and is what one sees


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert formatting.cut("abcdef", limit=4) == "abc…"
    assert formatting.cut("abc", limit=4) == "abc"


@pytest.mark.parametrize(("back", "said"), [(5, "just now"), (300, "5 min ago"), (90_000, "1 day ago")])
def test_moments_are_told_from_now(back: float, said: str) -> None:
    assert formatting.ago(1_000_000 - back, now=1_000_000) == said


def test_counts_sizes_and_figures() -> None:
    assert formatting.count(1, "item") == "1 item" and formatting.count(2000, "item") == "2,000 items"
    assert formatting.size(3_100_000) == "3.1 MB" and formatting.size(12) == "12 B"
    assert formatting.decimal(0.12345) == "0.123" and formatting.decimal(float("nan")) == "–"
    assert formatting.data_uri(b"ab") == "data:image/webp;base64,YWI=" and formatting.data_uri(None) is None


def test_an_encoder_is_named_by_its_title_and_by_its_digits_only_beside_another_of_that_name() -> None:
    old, new, text = "builtin-0f88b91245a0", "builtin-111111111111", "text-222222222222"
    assert formatting.encoder_name(old, [old, text]) == formatting.encoder_name(old) == "Built-in tiny CLIP"
    assert formatting.encoder_name(old, [old, new]) == "Built-in tiny CLIP 0f88b91245a0"
    assert formatting.encoder_name("given", [old]) == "imported vectors"
    assert formatting.encoder_name("audio-333333333333") == "audio-333333333333"  # of a later version
    assert formatting.encoder_name("") == "an unknown encoder"
