"""The route of point maps: who gets bytes, in what form, and what a stranger gets."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit import config

from qlatent.errors import AbsentError
from qlatent.ui.latent_map.point_map import Card, Cards, delivery
from qlatent.ui.latent_map.point_map.source import digest, script

BYTES = np.arange(1000, dtype=np.int16)


@pytest.fixture
def client() -> Iterator[TestClient]:
    before = delivery.SHELF.served
    app = Starlette(routes=delivery.routes())
    yield TestClient(app, base_url="http://127.0.0.1:8501")
    delivery.SHELF.served = before


def test_bytes_come_as_they_are_and_are_kept_for_good(client: TestClient) -> None:
    tag = delivery.SHELF.put(BYTES)
    answer = client.get(f"/points/blob/{tag}", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and answer.content == BYTES.tobytes()
    assert answer.headers["content-encoding"] == "identity"
    assert answer.headers["content-type"] == "application/x-qlatent-points"
    assert "immutable" in answer.headers["cache-control"]
    again = client.get(f"/points/blob/{tag}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304 and again.content == b""


def test_a_tag_follows_from_the_content_and_a_secret_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    tag = delivery.SHELF.put(BYTES)
    assert tag == delivery.SHELF.put(BYTES.copy()) != delivery.SHELF.put(BYTES + np.int16(1))
    monkeypatch.setattr(delivery, "SECRET", b"of another process")
    assert delivery.SHELF.put(BYTES) != tag


@pytest.mark.parametrize("path", ["blob/0000", "card/0000/1", "sheet/0000?rows=1", "script/0000.js"])
def test_an_unknown_tag_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(f"/points/{path}").status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8501", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_is_refused(client: TestClient, host: str) -> None:
    tags = delivery.SHELF.put(BYTES), delivery.SHELF.put_cards(Cards("a", lambda row: Card("secret")))
    for path in (f"blob/{tags[0]}", f"card/{tags[1]}/0", f"sheet/{tags[1]}?rows=0", f"script/{digest()}.js"):
        assert client.get(f"/points/{path}", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:8501", "LOCALHOST"])
def test_this_machine_is_let_in(client: TestClient, host: str) -> None:
    tag = delivery.SHELF.put(BYTES)
    assert client.get(f"/points/blob/{tag}", headers={"Host": host}).status_code == 200


def test_a_server_for_others_is_asked_by_its_addresses(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = config.get_option("server.address")
    monkeypatch.setattr(delivery.network, "addresses", lambda: ["10.0.0.7", "127.0.0.1"])
    path = f"/points/blob/{delivery.SHELF.put(BYTES)}"
    assert client.get(path, headers={"Host": "10.0.0.7:8501"}).status_code == 403
    config.set_option("server.address", "0.0.0.0")
    try:
        assert client.get(path, headers={"Host": "10.0.0.7:8501"}).status_code == 200
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 403
    finally:
        config.set_option("server.address", before)


def test_the_longest_unused_bytes_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "KEPT_BYTES", 2 * BYTES.nbytes)
    shelf = delivery.Shelf()
    first, second = shelf.put(BYTES), shelf.put(BYTES + np.int16(1))
    shelf.put(BYTES)  # used again
    shelf.put(BYTES + np.int16(2))
    assert shelf.bytes(first) is not None and shelf.bytes(second) is None


def picture(colour: tuple[int, int, int]) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (90, 60), colour).save(written, "PNG")
    return written.getvalue()


def test_a_card_comes_as_json_with_its_thumbnail(client: TestClient) -> None:
    tag = delivery.SHELF.put_cards(
        Cards("shop", lambda row: Card(f"<b>{row}</b>", "tea", 1.5, picture((9, 9, 9))))
    )
    found = client.get(f"/points/card/{tag}/41").json()
    assert (found["text"], found["label"], found["norm"]) == ("<b>41</b>", "tea", 1.5)
    assert found["image"].startswith("data:image/png;base64,")


def test_a_sheet_holds_the_asked_thumbnails_in_order(client: TestClient) -> None:
    colours = {3: (250, 0, 0), 12: (0, 250, 0)}
    images = {row: picture(colour) for row, colour in colours.items()} | {7: b"no image"}
    tag = delivery.SHELF.put_cards(Cards("shop", lambda row: Card(image=images.get(row))))
    answer = client.get(f"/points/sheet/{tag}?rows=3,7,12,13")
    with Image.open(io.BytesIO(answer.content)) as sheet:
        cell = int(answer.headers["x-cell"])
        middles = [sheet.convert("RGBA").getpixel((cell * i + cell // 2, cell // 2)) for i in range(4)]
    assert middles[0][0] > 230 and middles[2][1] > 230
    assert middles[1][3] == middles[3][3] == 0  # transparent
    too_many = ",".join(str(row) for row in range(65))
    for rows in ("", "1,x", "-1", too_many):
        assert client.get(f"/points/sheet/{tag}?rows={rows}").status_code == 404


def test_a_row_that_does_not_exist_or_is_gone_has_no_card(client: TestClient) -> None:
    def shown(row: int) -> Card:
        if row == 5:
            raise AbsentError("The dataset was removed.")
        return Card(["one", "two"][row])

    tag = delivery.SHELF.put_cards(Cards("short", shown))
    assert [client.get(f"/points/card/{tag}/{row}").status_code for row in (1, 2, 5)] == [200, 404, 404]
    assert client.get(f"/points/sheet/{tag}?rows=1,2,5").status_code == 200


def test_the_script_is_served_under_its_hash(client: TestClient) -> None:
    answer = client.get(f"/points/script/{digest()}.js")
    assert answer.text == script() and answer.headers["content-type"].startswith("text/javascript")
