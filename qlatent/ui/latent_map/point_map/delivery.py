"""A route that gives a browser the bytes, cards and pictures of point maps under names that cannot be guessed.

Streamlit's sign-in and its check of the Host header do not reach routes of their own; so a name contains a secret of
this process, and the Host is checked here. Bytes never change under a name, and a browser keeps them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import secrets
import socket
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit import config

from qlatent import network
from qlatent.errors import QlatentError
from qlatent.ui.latent_map.point_map import density
from qlatent.ui.latent_map.point_map.source import digest, script
from qlatent.ui.latent_map.point_map.spec import Card, Cards
from qlatent.ui.shell import server

log = logging.getLogger("qlatent.app")
PREFIX = "/points/"
TYPE = "application/x-qlatent-points"
FOREVER = "private, max-age=31536000, immutable"
KEPT_BYTES, KEPT_CARDS = 512 * 2**20, 64
CELL, COLUMNS, AT_ONCE = 64, 8, 64
MOST_ASKED = 2**20  # bytes of a question besides the selection: tables of 65,535 classes
SECRET = secrets.token_bytes(32)


class Shelf:
    """Bytes and cards by tag; the longest unused bytes are forgotten beyond 512 MB, and sent anew when missed."""

    def __init__(self) -> None:
        self.served = False  # whether this process answers the route
        self._bytes: OrderedDict[str, NDArray[np.generic]] = OrderedDict()
        self._cards: OrderedDict[str, Cards] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, content: NDArray[np.generic], *, known: str = "") -> str:
        """The tag of an array's bytes; `known` is a hash of its content if there is one already."""
        array = np.ascontiguousarray(content)
        tag = name(known or hashlib.blake2b(array.data, digest_size=20).hexdigest())
        with self._lock:
            self._bytes[tag] = array
            self._bytes.move_to_end(tag)
            while len(self._bytes) > 1 and sum(each.nbytes for each in self._bytes.values()) > KEPT_BYTES:
                self._bytes.popitem(last=False)
        return tag

    def put_cards(self, cards: Cards) -> str:
        """The tag of a source of cards."""
        tag = name("cards " + cards.name)
        with self._lock:
            self._cards[tag] = cards
            self._cards.move_to_end(tag)
            while len(self._cards) > KEPT_CARDS:
                self._cards.popitem(last=False)
        return tag

    def bytes(self, tag: str) -> NDArray[np.generic] | None:
        """The array under a tag, or None."""
        with self._lock:
            if tag in self._bytes:
                self._bytes.move_to_end(tag)
            return self._bytes.get(tag)

    def cards(self, tag: str) -> Cards | None:
        """The source of cards under a tag, or None."""
        return self._cards.get(tag)


def name(content: str) -> str:
    """A tag for what has this hash: the same in one process, unknown to all others."""
    return hashlib.blake2b(content.encode(), key=SECRET, digest_size=20).hexdigest()


SHELF = Shelf()


def routes() -> list[Route]:
    """The routes for `st.App`; from now on this process sends bytes by them, not in messages."""
    SHELF.served = True
    return [
        Route(f"{PREFIX}blob/{{tag}}", blob),
        Route(f"{PREFIX}card/{{tag}}/{{row:int}}", card),
        Route(f"{PREFIX}sheet/{{tag}}", sheet),
        Route(f"{PREFIX}density/{{tag}}", density_picture, methods=["POST"]),
        Route(f"{PREFIX}script/{{tag}}.js", module),
    ]


def blob(request: Request) -> Response:
    """The bytes of a tag."""
    if refusal := _refused(request):
        return refusal
    tag = request.path_params["tag"]
    if request.headers.get("if-none-match") == f'"{tag}"':
        return Response(status_code=304, headers=_headers(tag))
    found = SHELF.bytes(tag)
    if found is None:
        return _absent()
    return Response(found.tobytes(), media_type=TYPE, headers=_headers(tag))


async def density_picture(request: Request) -> Response:
    """The part of a frame that the body asks for, as a picture of its density."""
    if refusal := _refused(request):
        return refusal
    places = SHELF.bytes(request.path_params["tag"])
    if places is None or places.ndim != 3:
        return _absent()
    points = places.shape[1]
    if int(request.headers.get("content-length", MOST_ASKED)) > MOST_ASKED + points // 8:
        return Response("The question is too long.", status_code=413, media_type="text/plain")
    body = await request.body()
    if await request.is_disconnected():
        return Response(status_code=499)  # the view has moved on
    return await run_in_threadpool(_density, places, body)


def _density(places: NDArray[Any], body: bytes) -> Response:
    try:
        question = density.asked(body, points=places.shape[1])
        codes = None if question.codes is None else SHELF.bytes(question.codes)
        if (question.codes is not None and codes is None) or not 0 <= question.frame < len(places):
            return _absent()
        if codes is not None and codes.ndim == 2:
            codes = codes[question.frame]
        found = density.drawn(places[question.frame], codes, question)
    except QlatentError as err:
        return Response(str(err), status_code=400, media_type="text/plain")
    headers = {
        "Cache-Control": "no-store",
        "Content-Encoding": "identity",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(density.png(found), media_type="image/png", headers=headers)


def module(request: Request) -> Response:
    """The component's script."""
    if refusal := _refused(request):
        return refusal
    tag = request.path_params["tag"]
    if tag != digest():
        return _absent()
    return Response(script(), media_type="text/javascript", headers=_headers(tag))


def card(request: Request) -> Response:
    """A row's card as JSON: text, label, norm, and the thumbnail as a data URI."""
    if refusal := _refused(request):
        return refusal
    found = SHELF.cards(request.path_params["tag"])
    if found is None:
        return _absent()
    shown = _card(found, request.path_params["row"])
    if shown is None:
        return _absent()
    content = json.dumps(as_json(shown))
    return Response(content, media_type="application/json", headers=_brief())


def sheet(request: Request) -> Response:
    """The thumbnails of up to 64 rows as one picture of square cells, eight in a line."""
    if refusal := _refused(request):
        return refusal
    found = SHELF.cards(request.path_params["tag"])
    asked = request.query_params.get("rows", "").split(",")
    if found is None or len(asked) > AT_ONCE or not all(each.isdecimal() for each in asked):
        return _absent()
    cards = [_card(found, int(row)) for row in asked]
    content = sprites(None if each is None else each.image for each in cards)
    headers = _brief() | {"X-Cell": str(CELL), "X-Columns": str(COLUMNS)}
    return Response(content, media_type="image/webp", headers=headers)


def sprites(images: Iterable[bytes | None]) -> bytes:
    """Thumbnails cut to squares on one WebP, eight in a line; what is no image stays transparent."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    given = list(images)
    whole = Image.new("RGBA", (CELL * COLUMNS, CELL * -(-len(given) // COLUMNS)))
    for number, each in enumerate(given):
        if each is None:
            continue
        try:
            with Image.open(io.BytesIO(each)) as picture:
                square = ImageOps.fit(picture.convert("RGBA"), (CELL, CELL))
        except (UnidentifiedImageError, OSError):
            continue  # the card of this point says more; the map shows the point itself
        whole.paste(square, (number % COLUMNS * CELL, number // COLUMNS * CELL))
    written = io.BytesIO()
    whole.save(written, "WEBP", quality=80, method=0)
    return written.getvalue()


def _card(cards: Cards, row: int) -> Card | None:
    """A row's card; None for a row that does not exist, or whose item is gone by now."""
    try:
        return cards.card(row)
    except (IndexError, KeyError, QlatentError) as err:
        log.info("no card of row %s: %s", row, err)
        return None


def as_json(card: Card) -> dict[str, object]:
    """A card for the browser."""
    image = None
    if card.image:
        kind = "png" if card.image[:4] == b"\x89PNG" else "jpeg" if card.image[:2] == b"\xff\xd8" else "webp"
        image = f"data:image/{kind};base64,{base64.b64encode(card.image).decode()}"
    return {"text": card.text, "label": card.label, "norm": card.norm, "image": image}


def hosts() -> frozenset[str]:
    """Host names under which this server may be asked: its own, and those that the settings allow."""
    address = config.get_option("server.address")
    allowed = {*server.LOOPBACK, *(config.get_option("server.allowedHosts") or ())}
    allowed |= {config.get_option("browser.serverAddress"), address} - {None}
    if address not in server.LOOPBACK:
        allowed |= {*network.addresses(), socket.gethostname().lower()}
    return frozenset(str(each).lower() for each in allowed)


def _refused(request: Request) -> Response | None:
    given = request.headers.get("host", "")
    host = given.rsplit(":", 1)[0] if given.rsplit(":", 1)[-1].isdecimal() else given
    if host.lower().strip("[]") in hosts():
        return None
    return Response(
        "This address is not one of this server's. If it should be, name it in server.allowedHosts.",
        status_code=403, media_type="text/plain",
    )  # fmt: skip


def _absent() -> Response:
    return Response("Not here (any more); the page sends it anew.", status_code=404, media_type="text/plain")


def _headers(tag: str) -> dict[str, str]:
    # identity: Streamlit would compress integers that hardly shrink, half a second for a million points
    return {
        "Cache-Control": FOREVER,
        "ETag": f'"{tag}"',
        "Content-Encoding": "identity",
        "X-Content-Type-Options": "nosniff",
    }


def _brief() -> dict[str, str]:
    return {
        "Cache-Control": "no-store",  # its picture may not be kept any more
        "Content-Encoding": "identity",
        "X-Content-Type-Options": "nosniff",
    }
