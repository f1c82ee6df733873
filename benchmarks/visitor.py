"""A visitor of the app without a browser: a real websocket session that speaks Streamlit's messages.

It draws nothing, but holds a session, presses buttons, types, sends what fragments ask for by themselves, and measures
the time until the server has finished.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

_DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
PATIENCE = 120.0
LINES = 2_000  # of what was written that are kept


class Visitor:
    """One session on a page of the app; `texts` is what its last run has written."""

    def __init__(self, address: str, *, page: str = "", query: str = "") -> None:
        self.query, self._page = query, page
        self.texts: deque[str] = deque(maxlen=LINES)
        self._widgets: dict[str, tuple[str, str]] = {}  # key → id and the fragment that drew it
        self._polls: dict[str, tuple[float, float]] = {}  # fragment → interval, next time
        self._runs, self._pending, self._asking = 0, 0, False
        self._finished = threading.Condition()
        self._lock = threading.Lock()
        self._closed = False
        host = urlsplit(address).netloc
        self._socket: ClientConnection = connect(
            f"ws://{host}/_stcore/stream", subprotocols=["streamlit"], max_size=None, origin=address, open_timeout=60
        )  # fmt: skip
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._read, self._poll)]
        for each in self._threads:
            each.start()
        self.rerun()

    # --- what a visitor does ------------------------------------------------------------------------------

    def rerun(self) -> float:
        """Ask for the page; returns the seconds until it was finished."""
        return self._ask(lambda state: None)

    def press(self, key: str) -> float:
        """Press the button with this key; returns the seconds until the server had finished."""
        return self.submit(key, {})

    def type(self, key: str, text: str) -> float:
        """Type into the field with this key and leave it."""
        return self._ask(lambda state: self._put(state, key, "string_value", text), self._fragment(key))

    def choose(self, key: str, value: float) -> float:
        """Put a number into the field with this key."""
        return self._ask(lambda state: self._put(state, key, "double_value", value), self._fragment(key))

    def submit(self, key: str, texts: Mapping[str, str]) -> float:
        """Fill the fields of a form, options of a radio included, and press its button."""

        def state(told: Any) -> None:
            for name, text in texts.items():
                self._put(told, name, "string_value", text)
            self._put(told, key, "trigger_value", True)

        return self._ask(state, self._fragment(key))

    def slide(self, key: str, value: float) -> float:
        """Move the slider with this key."""

        def state(told: Any) -> None:
            widget = told.widget_states.widgets.add()
            widget.id = self._widget(key)[0]
            widget.double_array_value.data.append(value)

        return self._ask(state, self._fragment(key))

    def has(self, key: str) -> bool:
        """Whether the page has a widget with this key."""
        return key in self._widgets

    @property
    def keys(self) -> list[str]:
        """The keys of all widgets that the page has."""
        with self._finished:
            return sorted(self._widgets)

    def until(self, happened: Any, *, patience: float = PATIENCE) -> float:
        """Wait until `happened(self)`; returns the seconds that it took."""
        began = time.monotonic()
        with self._finished:
            self._finished.wait_for(lambda: happened(self) or self._closed, timeout=patience)
            if not happened(self):
                raise (ConnectionError if self._closed else TimeoutError)(
                    f"nothing happened within {patience:.0f} s; the page says {list(self.texts)[-5:]}"
                )
        return time.monotonic() - began

    def close(self) -> None:
        """Leave, as a closed tab does."""
        self._closed = True
        self._socket.close()

    # --- messages -----------------------------------------------------------------------------------------

    def _ask(self, fill: Any, fragment: str = "") -> float:
        with self._finished:  # one question at a time: the server joins those that come together
            self._asking = True
            self._finished.wait_for(lambda: self._pending == 0 or self._closed, timeout=PATIENCE)
        began, before = time.monotonic(), self._runs
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name = self.query, self._page
        state.page_script_hash = getattr(self, "_hash", "")
        state.context_info.timezone, state.fragment_id = "UTC", fragment
        fill(state)
        self._send(message)
        with self._finished:
            if not self._finished.wait_for(lambda: self._runs > before or self._closed, timeout=PATIENCE):
                raise TimeoutError(f"the page did not finish within {PATIENCE:.0f} s")
        took, self._asking = time.monotonic() - began, False
        return took

    def _widget(self, key: str) -> tuple[str, str]:
        if key not in self._widgets:
            raise KeyError(f"the page has no widget {key!r}; it has {', '.join(self.keys)}")
        return self._widgets[key]

    def _fragment(self, key: str) -> str:
        """The fragment that is drawn anew when this widget changes; "" is the whole page."""
        return self._widget(key)[1]

    def _put(self, state: Any, key: str, field: str, value: Any) -> None:
        widget = state.widget_states.widgets.add()
        widget.id = self._widget(key)[0]
        setattr(widget, field, value)

    def _send(self, message: BackMsg) -> None:
        with self._finished:
            self._pending += 1
        with self._lock:
            self._socket.send(message.SerializeToString())

    def _read(self) -> None:
        try:
            for part in self._socket:
                message = ForwardMsg()
                message.ParseFromString(part if isinstance(part, bytes) else part.encode())
                self._take(message)
        except (ConnectionClosed, OSError):
            pass  # the server has ended, or the visitor left
        finally:
            self._closed = True
            with self._finished:
                self._finished.notify_all()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        with self._finished:
            if kind == "new_session":
                self._hash = message.new_session.page_script_hash
                if not message.metadata.run.fragment_ids:  # the whole page is drawn anew
                    self._widgets.clear()
                    self._polls.clear()
                    self.texts.clear()
            elif kind == "navigation":
                self._hash = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "auto_rerun":
                asked = message.auto_rerun
                self._polls[asked.fragment_id] = (asked.interval, time.monotonic() + asked.interval)
            elif kind == "stop_auto_rerun":
                for each in message.stop_auto_rerun.fragment_ids:
                    self._polls.pop(each, None)
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._element(message.delta.new_element, message.delta.fragment_id)
            elif kind == "script_finished" and message.script_finished in _DONE:
                self._runs += 1
                self._pending = max(0, self._pending - 1)
                self._finished.notify_all()

    def _element(self, element: Any, fragment: str) -> None:
        kind = element.WhichOneof("type")
        if kind is None:
            return
        part = getattr(element, kind)
        name = getattr(part, "id", "")
        if isinstance(name, str) and name.startswith("$$"):  # "$$ID-<hash>-<key>"
            self._widgets[name.split("-", 2)[2]] = (name, fragment)
        for field in ("body", "label", "text"):
            text = getattr(part, field, "")
            if isinstance(text, str) and text:
                self.texts.append(text)

    def _poll(self) -> None:
        while not self._closed:
            time.sleep(0.05)
            now = time.monotonic()
            with self._finished:
                polls = list(self._polls.items())
            for fragment, (interval, due) in polls:
                if now >= due and not self._asking and self._pending == 0:
                    with self._finished:
                        if fragment not in self._polls:
                            continue
                        self._polls[fragment] = (interval, now + interval)
                    message = BackMsg()
                    state = message.rerun_script
                    state.query_string, state.fragment_id, state.is_auto_rerun = self.query, fragment, True
                    state.page_script_hash = getattr(self, "_hash", "")
                    try:
                        self._send(message)
                    except (ConnectionClosed, OSError):
                        return
