"""The description of a selection: counts by column, differences and words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from qlatent.services.datasets import browsing, coded, facts
from qlatent.services.selections import describing
from qlatent.services.selections.describing import (
    Categories,
    Count,
    Description,
    Numbers,
    described,
    of_columns,
)
from tests.services import shop_workspace

COUNT = 60
ROWS = np.arange(0, COUNT, 4)


def table() -> pd.DataFrame:
    """Sixty items as `browsing.items` has them."""
    kind = ["pear" if number % 4 == 0 else "plum" for number in range(COUNT)]
    kind[1] = "pear"
    documents = [
        {"price": number if number % 7 else None, "made": f"2024-03-{1 + number % 28:02}", "fresh": number % 3 == 0,
         "code": f"c{number}", "shop": f"s{number % 10}"}
        for number in range(COUNT)
    ]  # fmt: skip
    metadata = facts.columns([pd.Series(each).to_json() for each in documents])
    own = pd.DataFrame(
        {
            "row": range(COUNT), "id": [f"i{number}" for number in range(COUNT)],
            "text": [f"a {each} of the shop" for each in kind], "label": kind, "split": "",
            "image_hash": "", "duplicate_of": "", "source": "",
        }
    )  # fmt: skip
    own.loc[4, "label"] = ""
    return pd.concat([own, metadata], axis=1)


def of_table(items: pd.DataFrame, rows: np.ndarray, *, top: int = describing.SHOWN) -> Description:
    names = ["label", "split", *browsing.facts_of(items)]
    texts = pa.chunked_array([pa.array(items["text"], pa.string())])
    return of_columns({name: coded.compact(items[name]) for name in names}, rows, texts=texts, top=top)


def test_values_are_counted_inside_and_in_all() -> None:
    found = of_table(table(), ROWS, top=3)
    assert (found.count, found.total) == (15, COUNT)
    columns = {each.column: each for each in found.columns}
    assert list(columns) == [
        "label",
        "price",
        "made",
        "fresh",
        "shop",
    ]  # no split at all; each code is another one
    assert columns["label"] == Categories("label", (Count("pear", 14, 15),), 0, 1, 1)
    shops = columns["shop"]
    assert isinstance(shops, Categories)
    assert shops.top == (Count("s0", 3, 6), Count("s2", 3, 6), Count("s4", 3, 6))
    assert (shops.other, shops.distinct, shops.missing) == (6, 5, 0)


def test_numbers_and_dates_have_a_range() -> None:
    columns = {each.column: each for each in of_table(table(), ROWS).columns}
    prices = [row for row in ROWS if row % 7]
    assert columns["price"] == Numbers("price", 4.0, float(np.median(prices)), 52.0, 15 - len(prices))
    assert columns["made"] == Numbers(
        "made", "2024-03-01T00:00:00", "2024-03-13T00:00:00", "2024-03-25T00:00:00", 0
    )


def test_differences_are_those_of_the_textbook() -> None:
    found = {(each.column, each.value): each for each in of_table(table(), ROWS, top=100).differences}
    pear = found["label", "pear"]
    assert (pear.inside, pear.rest) == (14, 1)
    assert pear.effect == pytest.approx((14 / 14) / (1 / 45))
    # the square of the z-score of two proportions is chi-squared without correction
    chi = stats.chi2_contingency([[14, 0], [1, 44]], correction=False).statistic
    assert pear.score == pytest.approx(np.sqrt(chi)) and found["label", "plum"].score == pytest.approx(
        -np.sqrt(chi)
    )
    assert found["shop", "s1"].effect == 0

    inside = np.array([row for row in ROWS if row % 7], dtype=float)
    rest = np.array([row for row in range(COUNT) if row % 7 and row % 4], dtype=float)
    price = found["price", ""]
    assert price.score == pytest.approx(stats.ttest_ind(inside, rest, equal_var=False).statistic)
    # Cohen's d from Student's t: t = d · sqrt(nm / (n + m))
    n, m = len(inside), len(rest)
    student = stats.ttest_ind(inside, rest).statistic
    assert price.effect == pytest.approx(student * np.sqrt((n + m) / (n * m)))
    assert (price.inside, price.rest) == (n, m)
    scores = [abs(each.score) for each in of_table(table(), ROWS).differences]
    assert scores == sorted(scores, reverse=True) and len(scores) == describing.SHOWN


def test_the_words_of_the_texts_set_it_apart_and_samples_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    found = of_table(table(), ROWS)
    assert (found.words[0].word, found.words[0].inside, found.words[0].rest) == ("pear", 15, 1)
    assert found.texts == COUNT
    monkeypatch.setattr(describing, "MOST_TEXTS", 10)
    assert of_table(table(), ROWS).texts == 20
    assert of_table(table(), ROWS) == of_table(table(), ROWS)


@pytest.mark.parametrize("rows", [np.arange(0), np.arange(COUNT), np.array([3])], ids=["none", "all", "one"])
def test_nothing_everything_and_one_item_are_described(rows: np.ndarray) -> None:
    found = of_table(table(), rows)
    assert found.count == len(rows)
    assert all(np.isfinite(each.score) for each in found.differences)
    if len(rows) in (0, COUNT):
        assert found.differences == () and found.words == ()


def test_a_dataset_is_described_by_its_rows(tmp_path) -> None:
    with shop_workspace.shop(tmp_path / "workspace") as workspace:
        pears = np.arange(1, shop_workspace.COUNT, 3)
        found = described(workspace, "shop", pears)
    assert found.differences[0].column == "label"
    assert {each.word for each in found.words} == {"green", "soft", "pear"}


@pytest.mark.parametrize("seed", [0, 1])
def test_counts_and_differences_are_those_of_pandas(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 3000
    items = pd.DataFrame(
        {
            "label": rng.choice(["pear", "plum", "Ünicode", "", "_x"], count),
            "split": "",
            "text": "",
            "rare": [f"s{each}" for each in rng.zipf(1.5, count) % 700],
            "fresh": pd.Series(rng.choice([True, False, None], count), dtype="boolean"),
            "price": pd.Series(rng.choice([1.5, 2.5, None], count), dtype="Float64"),
        }
    )
    rows = np.flatnonzero(rng.random(count) < rng.choice([0.02, 0.3]))
    found = of_table(items, rows, top=6)
    scores = []
    for each in found.columns:
        given = items[each.column].replace("", None).dropna()
        inside = given[given.index.isin(rows)]
        assert each.missing == len(rows) - len(inside)
        if isinstance(each, Numbers):
            assert (each.least, each.median) == (inside.min(), inside.median())
            continue
        table = pd.crosstab(given.astype(str), given.index.isin(rows))
        expected = table.sort_values(True, ascending=False, kind="stable")[True].head(6)
        assert [(count.value, count.inside) for count in each.top] == [*expected[expected > 0].items()]
        assert [count.total for count in each.top] == list(
            table.loc[[one.value for one in each.top]].sum(axis=1)
        )
        assert (each.distinct, each.other) == ((table[True] > 0).sum(), table[True].sum() - expected.sum())
        shares = table / table.sum()
        pooled = table.sum(axis=1) / len(given)
        error = np.sqrt(pooled * (1 - pooled) * (1 / table.sum()).sum())
        scores += (((shares[True] - shares[False]) / error).abs()).tolist()
    price = [items["price"][items.index.isin(rows) == side].dropna().astype(float) for side in (True, False)]
    scores.append(abs(stats.ttest_ind(*price, equal_var=False).statistic))
    assert [abs(each.score) for each in found.differences] == pytest.approx(sorted(scores)[::-1][:6])
