"""Guess what the columns of listings mean, besides the parts of an item: seller, currency, date, flag, risk, …"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qlatent.ingest.column import Column
from qlatent.ingest.column_names import ending_in, first_named, heads, plain, words

_LISTING_IDS = (
    "listing_id", "listing", "listing_number", "offer_id", "ad_id", "advert_id", "item_number", "item_id", "product_id",
    "asin", "sku", "handle",
)  # fmt: skip
_SURE_IDS = frozenset(_LISTING_IDS[:7])  # not also ids in tables of reviews or users
_TITLES = frozenset(("title", "name", "headline", "product_name", "product_title", "item_name"))
_SELLERS = (
    "seller", "seller_name", "seller_username", "seller_id", "shop", "shop_name", "store", "store_name", "merchant",
    "merchant_name", "merchant_id", "vendor", "sold_by", "username", "user_name", "user", "user_id", "account",
    "author",
)  # fmt: skip
_CURRENCIES = ("currency", "currency_code", "price_currency")
_DATES = (
    "created", "created_at", "date", "date_created", "listed", "listed_at", "date_listed", "posted", "posted_at",
    "date_posted", "published", "published_at", "start_date", "creation_date", "timestamp", "time", "updated",
    "updated_at",
)  # fmt: skip
_CATEGORIES = (
    "category", "category_path", "product_category", "google_product_category", "category_name", "categories",
    "taxonomy", "breadcrumb", "breadcrumbs", "product_type",
)  # fmt: skip
_FLAGS = (
    "flag_reason",
    "flag",
    "flags",
    "flagged",
    "report_reason",
    "moderation_reason",
    "violation",
    "reported_for",
)
_RISKS = (
    "risk",
    "risk_score",
    "fraud_score",
    "fraud_probability",
    "abuse_score",
    "suspicion",
    "suspicion_score",
)
_RISKY = frozenset(("risk", "fraud", "abuse", "suspicion", "scam", "counterfeit"))
_TRUTHS = frozenset(("truth", "truth_of", "ground_truth"))
_MOST = 0.8  # minimum fraction of cells that decides what a column holds


def guess_listing_id(columns: Sequence[Column], *, texts: Sequence[str], price: str | None) -> str | None:
    """The column that identifies a listing over time, or None.

    Its name must be clear, and the items must look like listings: tables of reviews repeat the id of a product, and
    tables of posts the handle of a user, with other texts each time.
    """
    names = [column.name for column in columns if column.type in ("text", "number", "empty")]
    found = first_named(_LISTING_IDS, names)
    if found is None or not texts:
        return None
    titled = any(plain(name) in _TITLES or heads(name)[-1:] == ("title",) for name in texts)
    repeats = next((_repeats(column) for column in columns if column.name == found), False)
    dated = _guess_date(columns) is not None
    if "_".join(heads(found)) in _SURE_IDS:
        return found if not repeats or price or dated else None
    return found if price and titled else None


def guess_roles(columns: Sequence[Column]) -> dict[str, Any]:
    """Columns by role, of those that are no part of an item; `hidden` may be several."""
    rest = list(columns)
    found: dict[str, Any] = {"hidden": tuple(each.name for each in rest if plain(each.name) in _TRUTHS)}
    rest = [each for each in rest if each.name not in found["hidden"]]
    for role, guess in _GUESSES.items():
        found[role] = guess(rest)
        rest = [each for each in rest if each.name != found[role]]
    return found


def _repeats(column: Column) -> bool:
    return bool(column.content and column.content.cells and column.content.distinct < 1.0)


def _names(columns: Sequence[Column], *types: str) -> list[str]:
    return [column.name for column in columns if column.type in types]


def _guess_seller(columns: Sequence[Column]) -> str | None:
    names = _names(columns, "text", "number", "empty")
    return first_named(_SELLERS, names) or ending_in(("seller", "vendor", "merchant"), names)


def _guess_currency(columns: Sequence[Column]) -> str | None:
    names = _names(columns, "text", "empty")
    whole = {plain(name): name for name in reversed(names)}  # "price_currency" is no price
    return next((whole[name] for name in _CURRENCIES if name in whole), None) or ending_in(
        ("currency",), names
    )


def _guess_date(columns: Sequence[Column]) -> str | None:
    names = [each.name for each in columns if each.content is not None and each.content.dates >= _MOST]
    return first_named(_DATES, names) or ending_in(("date", "time", "at", "timestamp", "created"), names)


def _guess_category(columns: Sequence[Column]) -> str | None:
    names = _names(columns, "text", "empty")
    paths = [each.name for each in columns if each.content is not None and each.content.paths >= _MOST]
    return first_named(_CATEGORIES, paths) or (paths[0] if paths else first_named(_CATEGORIES, names))


def _guess_flag(columns: Sequence[Column]) -> str | None:
    names = _names(columns, "text", "number", "empty")
    said = [name for name in names if {"flag", "flagged", "report", "violation"} & set(words(name))]
    return first_named(_FLAGS, names) or ending_in(("reason",), said) or ending_in(("flag", "flagged"), said)


def _guess_risk(columns: Sequence[Column]) -> str | None:
    names = _names(columns, "number")
    scores = [name for name in names if _RISKY & set(words(name))]
    return first_named(_RISKS, names) or ending_in(("score", "probability", "risk"), scores)


_GUESSES: dict[str, Callable[[Sequence[Column]], str | None]] = {
    "flag": _guess_flag,
    "risk": _guess_risk,
    "currency": _guess_currency,
    "date": _guess_date,
    "seller": _guess_seller,
    "category": _guess_category,
}
