"""Read HTML, as shops write their descriptions, as plain text: blocks as lines, links by name, no scripts."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

_FORMATTED = re.compile(
    r"<(?:p|br|div|span|ul|ol|li|strong|em|h[1-6]|table|tr|td|font|center)(?:\s[^<>]*)?/?>|<a\s[^<>]*>"
    r"|</(?:p|div|span|ul|ol|li|b|i|u|strong|em|h[1-6]|table|tr|td|a|font|center)\s*>",
    re.IGNORECASE,
)
# a "<" that opens no complete tag; a tag ends before the next "<", so that each place is looked at once
_STRAY = re.compile(r"""<(?!(?:/?[a-zA-Z](?:[^<>"']|"[^"<]*"|'[^'<]*')*|![a-zA-Z][^<>]*|\?[^<>]*)>)""")
_DROPPED = frozenset(("script", "style", "head", "noscript", "template", "iframe", "object", "svg"))
_BLOCKS = frozenset((
    "p", "div", "br", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "section", "article",
    "blockquote", "pre", "dl", "dt", "dd", "header", "footer", "center", "figure", "figcaption",
))  # fmt: skip
_SHORT = 40  # characters of a link that is no web address
_VOID = frozenset(("br", "hr", "img", "input", "meta", "link", "col", "wbr", "source"))


def is_html(text: str) -> bool:
    """Whether a text has tags of HTML that format it; a script alone is no formatting, so it is shown as it is."""
    return "<" in text and _FORMATTED.search(text) is not None


def plain(text: str) -> str:
    """The text that a browser would show of HTML, with each link named: "text (example.com/…)".

    Scripts, styles and what they hold are left out, blocks and list entries become lines of their own, and pictures
    their description in brackets. A text without formatting tags is returned as it is.
    """
    return _read(text).text() if is_html(text) else text


def links(text: str) -> list[str]:
    """The addresses that HTML links to, in order, each once; none for a text without formatting tags."""
    return list(dict.fromkeys(_read(text).addresses)) if is_html(text) else []


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(
        _STRAY.sub("&lt;", _without_comments(text))
    )  # html.parser is quadratic in tags that never end
    reader.close()
    return reader


def _without_comments(text: str) -> str:
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return "".join([*parts, text[at:]])


class _Reader(HTMLParser):
    """Collects lines of text and addresses of links."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.addresses: list[str] = []
        self._parts: list[str] = []
        self._dropped = ""  # the open element whose content is left out
        self._depth = 0
        self._link: tuple[str, int] | None = None  # address of the open link, and where its text begins

    def text(self) -> str:
        """The lines without surplus white space, and at most one blank line between them."""
        self._end_link()
        lines = [" ".join(line.split()) for line in "".join(self._parts).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropped:
            self._depth += tag == self._dropped
        elif tag in _DROPPED:
            self._dropped, self._depth = tag, 1
        elif tag == "a":
            self._end_link()
            address = dict(attrs).get("href") or ""
            if address and not address.startswith("#"):
                self._link = (address.strip(), len(self._parts))
                self.addresses.append(address.strip())
        elif tag == "img" and (words := (dict(attrs).get("alt") or "").strip()):
            self._parts.append(f" [{words}] ")
        else:
            self._space(tag, opening=True)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropped:
            self._depth -= tag == self._dropped
            self._dropped = self._dropped if self._depth else ""
        elif tag == "a":
            self._end_link()
        else:
            self._space(tag, opening=False)

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self._parts.append(data.replace("\n", " ").replace("\r", " "))

    def _space(self, tag: str, *, opening: bool) -> None:
        if tag in _BLOCKS:
            if opening or tag != "li":  # the next entry begins a line of its own
                self._parts.append("\n- " if tag == "li" else "\n")
        elif tag in ("td", "th"):
            self._parts.append(" ")

    def _end_link(self) -> None:
        if self._link is None:
            return
        (address, start), self._link = self._link, None
        words = " ".join("".join(self._parts[start:]).split())
        named = _named(address)
        if named not in ("", words) and not _says(words, address):
            self._parts.append(f" ({named})" if words else named)


def _named(address: str) -> str:
    """Where a link leads, in short: host and whether there is a path, or the address of mail, a telephone, a script."""
    try:
        parts = urlsplit(address if "://" in address or ":" in address else f"https:{address}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # brackets that are no address
        return _cut(address)
    if not host:
        return parts.path if parts.scheme in ("mailto", "tel") else _cut(address)
    return f"{host}/…" if parts.path.strip("/") or parts.query else host


def _says(words: str, address: str) -> bool:
    """Whether the words of a link are its address, so that it need not be named again."""
    bare = re.compile(r"^(?:https?:)?//(?:www\.)?", re.IGNORECASE)
    return bare.sub("", words).strip("/").lower() == bare.sub("", address).strip("/").lower()


def _cut(address: str) -> str:
    return address if len(address) <= _SHORT else f"{address[: _SHORT - 1]}…"
