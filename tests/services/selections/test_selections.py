"""Selections are resolved to rows of a dataset; what they refer to may be gone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import AbsentError, InputError
from qlatent.services.runs import queue
from qlatent.services.selections import collections, columns, selections
from qlatent.services.selections.definitions import (
    Cluster,
    Column,
    Definition,
    DrawnMap,
    Ids,
    Kept,
    Lasso,
    SetOf,
)
from qlatent.services.selections.selections import resolve
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace
from tests.services.shop_workspace import COUNT


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("selections") / "workspace") as opened:
        shop_workspace.with_run(opened)
        yield opened


def rows(workspace: Workspace, definition: Definition) -> list[int]:
    found = resolve(workspace, "shop", definition)
    assert found.dtype == np.int64
    return found.tolist()


EVERY = range(COUNT)
PRICED = [row for row in EVERY if row % 5]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column(name="label", values=("pear",)), [row for row in EVERY if row % 3 == 1 and row != 7]),
        (Column(name="label", values=("pear",), missing=True), [row for row in EVERY if row % 3 == 1]),
        (Column(name="label", missing=True), [7]),
        (Column(name="price", least=3, largest=6.5), [row for row in PRICED if 3 <= row / 2 <= 6.5]),
        (Column(name="price", largest=1), [1, 2]),
        (Column(name="price", values=(0.5, 7)), [1, 14]),
        (Column(name="price", missing=True), [row for row in EVERY if row % 5 == 0]),
        (Column(name="made", least="2024-01-28"), [27, 28, 29]),
        (Column(name="made", values=("2024-01-03",)), [2]),
        (Column(name="fresh", values=(True,)), [row for row in EVERY if row % 2 == 0]),
        (Column(name="text", words="CRISP 21"), [21]),
        (Column(name="split", values=("test",)), list(range(20, COUNT))),
        (Column(name="row", largest=2), [0, 1, 2]),
        (Column(name="label", values=("none",)), []),
    ],
)
def test_a_column_selects_by_value_range_words_or_absence(
    workspace: Workspace, column: Column, expected: list[int]
) -> None:
    assert rows(workspace, column) == expected


def test_a_column_that_is_not_there_or_has_no_such_values_is_named(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="have no column 'prise'") as caught:
        rows(workspace, Column(name="prise", least=1))
    assert "price" in caught.value.remedy
    with pytest.raises(InputError, match="'label' is a text, so it has no range"):
        rows(workspace, Column(name="label", least=1))
    with pytest.raises(InputError, match="'cheap' is not a number, as 'price' is"):
        rows(workspace, Column(name="price", values=("cheap",)))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("price>=14", [28, 29]),
        ("made <= 2024-01-02", [0, 1]),
        ("price=0.5", [1]),
        ("fresh=false", [row for row in EVERY if row % 2]),
        ("text~crisp 21", [21]),
    ],
)
def test_a_condition_in_words_is_a_column_selection(
    workspace: Workspace, condition: str, expected: list[int]
) -> None:
    assert rows(workspace, columns.condition(condition)) == expected


def test_ids_select_their_rows_in_order_of_the_dataset(workspace: Workspace) -> None:
    assert rows(workspace, Ids(ids=("item-09", "item-02", "gone"))) == [2, 9]
    assert rows(workspace, Ids(ids=())) == []
    with pytest.raises(AbsentError, match=r"None of the 2 selected ids is in 'shop'; the first is 'a'"):
        rows(workspace, Ids(ids=("a", "b")))


def test_sets_are_combined_like_sets(workspace: Workspace) -> None:
    pears, cheap = Column(name="label", values=("pear",)), Column(name="price", largest=5)
    one, two = set(rows(workspace, pears)), set(rows(workspace, cheap))
    for how, expected in (
        ("union", one | two), ("intersection", one & two), ("difference", one - two),
    ):  # fmt: skip
        assert rows(workspace, SetOf(how=how, of=(pears, cheap))) == sorted(expected)
    assert rows(workspace, SetOf(how="complement", of=(pears,))) == sorted(set(EVERY) - one)
    assert rows(workspace, SetOf(how="difference", of=(pears,))) == sorted(one)


def drawn(**changes: object) -> DrawnMap:
    """The run's map: the coordinate is (value + 32768) / 256, so the int16 values are easily told."""
    return DrawnMap(**{"run": "r1", "low": (0.0, 0.0), "step": (1 / 256, 1 / 256), "view": "image"} | changes)


def box(left: float, bottom: float, right: float, top: float) -> tuple[tuple[int, int], ...]:
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    return tuple((round(x * 256 - 32768), round(y * 256 - 32768)) for x, y in corners)


def on_grid(workspace: Workspace, left: float, bottom: float, right: float, top: float) -> list[int]:
    """The rows of the run's map whose latents, row % 6 and row // 6, lie between these bounds."""
    probe = workspace.run("r1").probe()["rows"].tolist()
    return [row for row in probe if left < row % 6 < right and bottom < row // 6 < top]


def test_a_lasso_holds_what_was_drawn_inside_it(workspace: Workspace) -> None:
    inside = on_grid(workspace, 0.5, 0.5, 3.5, 3.5)
    assert 3 < len(inside) < 15
    assert rows(workspace, Lasso(polygon=box(0.5, 0.5, 3.5, 3.5), on=drawn())) == inside
    later = Lasso(polygon=box(1, 1, 7, 7), on=drawn(frame=1))  # the latents are twice as long there
    assert rows(workspace, later) == inside
    assert rows(workspace, Lasso(polygon=box(0.5, 0.5, 3.5, 3.5), on=drawn(view="text"))) == []
    texts = Lasso(polygon=box(100.5, 100.5, 103.5, 103.5), on=drawn(view="text"))
    assert rows(workspace, texts) == inside


def test_a_lasso_in_space_is_seen_through_its_camera(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qlatent.services.selections import maps

    places = np.array([[0, 0, 10], [5, 0, 0], [0, 8, 3], [np.nan, 0, 0]], dtype=np.float32)

    def points(_: Workspace, __: str, ___: DrawnMap) -> maps.Points:
        return maps.Points("shop", np.array([4, 6, 9, 2]), {"image": places})

    monkeypatch.setattr(maps, "imported", lambda _: points)
    # seen from the side: across is z, up is y, both in steps of a hundred
    camera = (0, 0, 100, 100 * 32768, 0, 100, 0, 100 * 32768)
    on = DrawnMap(run="r1", low=(0, 0, 0), step=(1, 1, 1), camera=camera)
    polygon = ((200, 700), (400, 700), (400, 900), (200, 900))
    assert rows(workspace, Lasso(polygon=polygon, on=on)) == [9]


def test_a_lasso_of_another_map_or_dataset_says_so(workspace: Workspace) -> None:
    polygon = box(0, 0, 1, 1)
    for on, message in (
        (drawn(frame=9), "Run r1 has no frame 9; it has 2"),
        (drawn(view="sound"), "has no"),
        (drawn(run="r9"), "There is no run 'r9'"),
    ):
        with pytest.raises((InputError, AbsentError), match=message):
            rows(workspace, Lasso(polygon=polygon, on=on))
    shop_workspace.add(workspace, "other", [shop_workspace.item(1)])
    with pytest.raises(InputError, match=r"made on a map of 'shop', not of 'other'"):
        resolve(workspace, "other", Lasso(polygon=polygon, on=drawn()))


def test_a_kind_that_cannot_be_resolved_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "RESOLVERS", {})
    with pytest.raises(InputError, match="A selection by cluster cannot be resolved here"):
        rows(workspace, Cluster(layout="l1", number=0))


def test_a_selection_of_something_removed_says_so_and_how_to_get_it_back(workspace: Workspace) -> None:
    shop_workspace.with_run(workspace, "r2")
    workspace.catalogue.set_queue_state("r2", "finished")
    workspace.run("r2").write_status(state="finished")
    lasso = Lasso(polygon=box(0.5, 0.5, 3.5, 3.5), on=drawn(run="r2"))
    made = collections.create(workspace, "shop", lasso, name="Lasso")
    queue.remove(workspace, "r2")
    with pytest.raises(AbsentError, match=r"of the run 'r2', which was removed\. `qlatent restore r2`"):
        rows(workspace, lasso)
    assert rows(workspace, Kept(collection=made.id)) == on_grid(workspace, 0.5, 0.5, 3.5, 3.5)
    collections.remove(workspace, made.id)
    with pytest.raises(AbsentError, match=rf"of the collection '{made.id}', which was removed"):
        rows(workspace, Kept(collection=made.id))
    shop_workspace.add(workspace, "brief", [shop_workspace.item(1)])
    workspace.catalogue.bin.put("dataset", "brief")
    with pytest.raises(AbsentError, match="of the dataset 'brief', which was removed"):
        resolve(workspace, "brief", Ids(ids=("item-01",)))
    with pytest.raises(AbsentError, match="There is no dataset 'never'"):
        resolve(workspace, "never", Ids(ids=("item-01",)))
