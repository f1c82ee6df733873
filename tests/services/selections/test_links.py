"""Selections in links: short, the same when read back, and nonsense refused."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.selections.definitions import Column, DrawnMap, Ids, Lasso, SetOf
from qlatent.services.selections.links import LONGEST, from_link, to_link
from tests.services.selections.test_definitions import EVERY


def lasso(vertices: int, seed: int = 0) -> Lasso:
    """A lasso of random vertices, which no compression makes shorter."""
    corners = np.random.default_rng(seed).integers(-32768, 32768, size=(vertices, 2)).tolist()
    on = DrawnMap(
        run="r20261128-155000-abcdef", view="image", frame=59, frames=60, low=(-1.2345678901234567, 2 / 3),
        step=(0.00012345678901234567, 1 / 30_000),
    )  # fmt: skip
    return Lasso(polygon=tuple((x, y) for x, y in corners), on=on)


def test_a_definition_comes_back_from_its_link() -> None:
    every = SetOf(how="union", of=(*EVERY, lasso(7), SetOf(how="complement", of=(lasso(3, seed=1),))))
    assert from_link(to_link(every)) == every
    for each in EVERY:
        assert from_link(to_link(each)) == each
    text = Column(name="größe\0", values=("ü & ?=#%",))
    assert from_link(to_link(text)) == text


def test_the_longest_lasso_stays_within_two_kilobytes() -> None:
    link = to_link(lasso(256))
    assert len(link) <= 2_000
    assert set(link) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(content)).decode().rstrip("=")


@pytest.mark.parametrize(
    "link",
    [
        "", "%%%", "é", "nonsense", "A" * (LONGEST + 1), to_link(lasso(5))[:-6], packed(b"[" * 200_000),
        packed(b"{}"), packed(b'{"kind":"ids","ids":["a"]}'), packed(b'{"kind":"ids","ids":["a"]}\0more'),
        packed(b'{"kind":"lasso","polygon":3}\0abcd'), packed(b'{"kind":"lasso","polygon":-3}\0'),
        packed(b'{"kind":"ids","ids":["' + b"a" * 3_000_000 + b'"]}\0'), packed(b"\xff\xfe\0"),
    ],
)  # fmt: skip
def test_what_was_never_a_link_is_refused(link: str) -> None:
    if link == packed(b'{"kind":"ids","ids":["a"]}'):  # without the mark, as an older version might write it
        assert from_link(link) == Ids(ids=("a",))
        return
    with pytest.raises(InputError, match="The link holds no selection that can be read") as caught:
        from_link(link)
    assert "select anew" in caught.value.remedy


def test_a_selection_too_long_for_a_link_says_what_to_do_instead() -> None:
    ids = tuple(f"{seed:08x}" for seed in np.random.default_rng(0).integers(2**31, size=5_000).tolist())
    with pytest.raises(InputError, match="too long for a link") as caught:
        to_link(Ids(ids=ids))
    assert "collection" in caught.value.remedy
