"""Search by text on real texts as all-MiniLM-L6-v2 sees them: what is asked for is what comes first."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.services.datasets import datasets
from qlatent.services.search import queries
from qlatent.services.search.neighbours import Asked, neighbours
from qlatent.services.vectors import encoding
from qlatent.services.workspaces import Workspace, open_workspace

pytestmark = pytest.mark.slow
OF_EACH, K = 50, 10
NEWS = {
    "football match result and league table": "Sports",
    "gold medal at the Olympic games": "Sports",
    "stock market and company profits": "Business",
    "oil prices and inflation": "Business",
    "new software for computers and the internet": "Sci/Tech",
    "space mission and scientists": "Sci/Tech",
    "war and peace talks between governments": "World",
    "election of a president abroad": "World",
}
FOODS = {
    "ripe fruit to eat raw": "Fruit",
    "exotic fruit with a sweet pulp": "Fruit",
    "roots and tubers to boil for a soup": "Vegetables",
    "vegetables for a salad": "Vegetables",
    "low-fat milk": "Packages",
    "a carton of juice": "Packages",
}  # text → aisle of the shop


@pytest.fixture(scope="module")
def workspace(
    shared_data: Path, minilm: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    """The first fifty news of each section and groceries of each aisle, with vectors of the sentence encoder."""
    folder = tmp_path_factory.mktemp("meaning")
    with open_workspace(folder / "workspace") as made:
        for name, source in (
            ("news", "text-agnews/ag_news_test_part.csv"),
            ("foods", "grocery-pairs/items.csv"),
        ):
            write(shared_data / source, folder / f"{name}.csv")
            datasets.store(made, folder / f"{name}.csv", name=name)
            encoding.encode(made, name, encoder="text", settings={"model": str(minilm)})
        yield made


def labelled(row: dict[str, str]) -> str:
    """The section of a newspaper, or the aisle of a shop, which is a folder in the path of the picture."""
    aisles = [part for part in row.get("source_path", "").split("/") if part in FOODS.values()]
    return aisles[0] if aisles else row["label_name"]


def write(source: Path, path: Path) -> None:
    """A table of texts without repeats, at most fifty of each label."""
    with source.open(encoding="utf-8", newline="") as file:
        texts = {f"{row['title']}. {row['description']}": labelled(row) for row in csv.DictReader(file)}
    taken: dict[str, list[str]] = {}
    for text, own in texts.items():
        taken.setdefault(own, []).append(text)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        table.writerows([text, own] for own, members in taken.items() for text in members[:OF_EACH])


def first(workspace: Workspace, dataset: str, asked: str, k: int) -> list[str]:
    """The labels of the first k hits."""
    rows = [hit.row for hit in neighbours(workspace, dataset, queries.text(asked), Asked(k=k)).hits]
    return [each["label"] for each in workspace.items.rows(dataset, rows, columns=["label"])]


def test_news_of_the_section_that_is_asked_for_come_first(workspace: Workspace) -> None:
    shares = {asked: first(workspace, "news", asked, K).count(own) / K for asked, own in NEWS.items()}
    print(shares)
    assert sum(shares.values()) / len(shares) >= 0.8 and min(shares.values()) >= 0.5  # by chance 0.25


def test_groceries_of_the_aisle_that_is_described_come_first(workspace: Workspace) -> None:
    shares = {asked: first(workspace, "foods", asked, K).count(own) / K for asked, own in FOODS.items()}
    print(shares)
    assert sum(shares.values()) / len(shares) >= 0.75 and min(shares.values()) >= 0.5  # by chance 0.33
