"""Scores of a queue from its decisions: what is kept, in which order the open cases come, and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qlatent.services.selections.definitions import Ids
from qlatent.services.triage import audit, background, casework, explained, learning, learning_worker, queues
from qlatent.store import queue_scores
from qlatent.store.claims import HeldError
from qlatent.store.workspace import Workspace
from qlatent.triage.estimation import Draw, estimate
from qlatent.triage.policy import Policy
from tests.services import shop_workspace


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path / "workspace") as opened:
        yield opened


def made(workspace: Workspace, **changes: object) -> str:
    values: dict[str, object] = {"name": "Flagged", "order": "risk", "by": "ann"} | changes
    return queues.create(workspace, "shop", **values).id  # type: ignore[arg-type]


def open_items(workspace: Workspace, queue: str) -> list[str]:
    return [each.item_id for each in workspace.catalogue.cases.of(queue) if not each.code]


def test_before_any_bad_case_the_newest_come_first_and_it_says_why(shop: Workspace) -> None:
    queue = made(shop)
    about = learning.learn(shop, queue).about
    assert (about["order"], about["ordered_by"], about["model"]) == ("newest", "risk", "")
    assert "nothing to learn from" in about["why_not"]
    assert open_items(shop, queue) == [f"item-{n:02}" for n in reversed(range(30))]
    assert learning.score(shop, queue, "item-00") is None
    assert explained.nearest(shop, queue, "item-00") == []


def test_items_like_the_bad_ones_come_first_with_a_score(shop: Workspace) -> None:
    """Items of one kind have vectors near one axis, so after a few decisions the other plums are the risk."""
    queue = made(shop)
    for number in (2, 5, 8):
        casework.decide(shop, queue, f"item-{number:02}", code="violates", reason="repost", by="ann")
    for number in (0, 1, 3, 4):
        casework.decide(shop, queue, f"item-{number:02}", code="ok", by="ann")
    about = learning.learn(shop, queue).about
    assert (about["bad"], about["good"], about["order"], about["decided"]) == (3, 4, "risk", 7)
    first = open_items(shop, queue)[:7]
    assert {int(item.removeprefix("item-")) % 3 for item in first} == {2}
    found = [learning.score(shop, queue, item) for item in open_items(shop, queue)]
    risks = [each.risk for each in found if each]
    assert len(risks) == 23 and risks == sorted(risks, reverse=True)
    assert all(each.low <= each.risk <= each.high for each in found if each)
    assert found[0] is not None and found[0].latents > 0 and all(share > 0 for _, share in found[0].columns)
    nearest = explained.nearest(shop, queue, first[0])  # the decided plums, which speak against it
    assert {each.ground.item for each in nearest[:3]} == {"item-02", "item-05", "item-08"}
    assert [each.code for each in nearest] == ["violates"] * 3 + ["ok"] * 2
    assert all(each.ground.adds > 0 and each.ground.alike > 0.5 for each in nearest[:3])
    assert nearest[0].text.startswith("a blue small plum number")
    assert explained.nearest(shop, queue, "item-99") == []
    casework.decide(shop, queue, first[0], code="violates", reason="repost", by="ann")
    (event,) = audit.history(shop, queue, first[0])
    assert event.payload["score"] == pytest.approx(risks[0]) and event.payload["head"] == about["model"]
    assert event.payload["score_hidden"] is True and event.payload["learned_from"] == 7


def test_it_is_learned_again_once_a_tenth_more_is_decided(shop: Workspace) -> None:
    queue = made(shop)
    assert learning.due(shop, queue)
    learning.learn(shop, queue)
    assert not learning.due(shop, queue)
    casework.decide(shop, queue, "item-02", code="violates", reason="repost", by="ann")
    assert learning.due(shop, queue)
    before = learning.learn(shop, queue).about["model"]
    assert not learning.due(shop, queue)
    casework.undo(shop, queue, by="ann")
    assert learning.due(shop, queue)
    queues.reorder(shop, queue, order="oldest", by="ann")
    assert learning.learn(shop, queue).about["order"] == "oldest" and before
    queues.reorder(shop, queue, order="disagreement", by="ann")
    assert learning.due(shop, queue)


def test_a_column_of_risks_orders_until_something_is_learned(tmp_path: Path) -> None:
    from qlatent.types import Item
    from tests.services.run_workspace import add

    with Workspace.open(tmp_path / "workspace") as workspace:
        risks = {"a": 0.2, "b": 0.9, "c": 0.4}
        add(
            workspace,
            "shop",
            [Item(id=key, text=key, metadata={"Risk": value}) for key, value in risks.items()],
        )
        queue = made(workspace)
        assert open_items(workspace, queue) == ["b", "c", "a"]
        about = learning.learn(workspace, queue).about
        assert about["order"] == "column:Risk" and "no vectors" in about["why_not"]
        assert open_items(workspace, queue) == ["b", "c", "a"]


def test_hidden_columns_are_not_learned_from(tmp_path: Path) -> None:
    from qlatent.types import Item
    from tests.services.run_workspace import add

    with Workspace.open(tmp_path / "workspace") as workspace:
        rows = [
            Item(id=f"i{n}", text="", metadata={"truth": n, "price": n}, vectors=shop_workspace.vectors(n))
            for n in range(9)
        ]
        add(workspace, "shop", rows)
        queue = made(workspace)
        casework.decide(workspace, queue, "i2", code="violates", reason="repost", by="ann")
        titles = " ".join(learning.learn(workspace, queue).about["titles"])
        assert "price is large" in titles and "truth" not in titles


def test_what_is_left_comes_from_the_cases_that_came_at_random_also_after_a_skip(shop: Workspace) -> None:
    """Every second case of 20 comes at random; one of these is skipped and holds nothing up."""
    policy = Policy(random_every=2)
    queue = made(
        shop, order="oldest", definition=Ids(ids=tuple(f"item-{n:02}" for n in range(20))), policy=policy
    )
    expected: list[Draw] = []
    found, gone, skipped = 0, 0, ""
    while gone < 13:
        case = casework.next_case(shop, queue, by="ann")
        assert isinstance(case, casework.Assignment)
        if case.why == "random" and not skipped:
            expected.append(Draw(20 - gone, found, False))
            skipped = case.item
            casework.skip(shop, queue, case.item, by="ann")
        else:
            bad = int(case.item[-2:]) % 3 == 0
            if case.why == "random":
                expected.append(Draw(20 - gone, found, bad))
            code, reason = ("violates", "repost") if bad else ("unsure" if gone == 5 else "ok", "")
            casework.decide(shop, queue, case.item, code=code, reason=reason, by="ann")
            found += bad
        gone += 1
    left = learning.learn(shop, queue).about["left"]
    made_ = estimate(expected, undecided=7, found=found)
    assert (left["found"], left["open"], left["draws"], left["unknown"]) == (found, 8, len(expected), 1)
    assert len(expected) == 7
    assert left["left"] == pytest.approx(made_.left) and (left["low"], left["high"]) == made_.interval
    casework.decide(
        shop, queue, skipped, code="violates", reason="repost", by="bob"
    )  # no draw of bob's, and found
    after = learning.learn(shop, queue).about["left"]
    assert (after["found"], after["unknown"], after["draws"]) == (found + 1, 0, 7)
    assert after["left"] == pytest.approx(left["left"])
    random = [each for each in shop.catalogue.triage_events.of(queue) if each.payload.get("drawn")]
    casework.undo(shop, queue, by="ann", event=random[-1].id)  # open again: it is not known any more
    assert learning.learn(shop, queue).about["left"]["unknown"] == 1
    queues.fill(shop, queue, by="ann")
    assert queues.view(shop, queue, analyst="ann").counts.total == 20


def test_a_damaged_file_of_scores_is_learned_again(shop: Workspace) -> None:
    queue = made(shop)
    learning.learn(shop, queue)
    file = shop.scores(queue)
    file.write_bytes(file.read_bytes()[:100])
    assert learning.about(shop, queue) == {} and learning.due(shop, queue)
    casework.decide(shop, queue, "item-02", code="violates", reason="repost", by="ann")
    assert learning.learn(shop, queue).about["bad"] == 1


def test_nothing_is_learned_beside_the_app_where_it_is_switched_off(shop: Workspace) -> None:
    queue = made(shop)
    background.learn_soon(shop, queue)
    assert background._asked.empty() and not background._waiting and learning.about(shop, queue) == {}


def test_one_process_learns_at_a_time_and_looks_again_when_it_is_done(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = made(shop)
    casework.decide(shop, queue, "item-02", code="violates", reason="repost", by="ann")
    with queue_scores.alone(shop.scores(queue), wait=0.0):
        learning.catch_up(shop, queue)  # the other one will
        assert learning.about(shop, queue) == {}
        with pytest.raises(HeldError, match="Another process is learning"):
            learning.learn(shop, queue, wait=0.0)
    write = queue_scores.write

    def meanwhile(*arguments: Any) -> queue_scores.QueueScores:
        if not shop.catalogue.cases.one(queue, "item-05").code:  # decided while it learns
            casework.decide(shop, queue, "item-05", code="violates", reason="repost", by="ann")
        return write(*arguments)

    monkeypatch.setattr(queue_scores, "write", meanwhile)
    assert learning_worker.main([str(shop.path), queue]) == 0
    assert learning.about(shop, queue)["bad"] == 2


def test_a_command_starts_a_process_only_when_enough_is_decided(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    class Process:
        def __init__(self, command: list[str], **_: Any) -> None:
            started.append(command[3:])

        def wait(self) -> int:
            return 0

    queue = made(shop)
    on = background.settings().model_copy(update={"learn_beside": True})
    monkeypatch.setattr(background.subprocess, "Popen", Process)
    background.learn_apart(shop, queue)
    assert started == []  # switched off
    monkeypatch.setattr(background, "settings", lambda: on)
    background.learn_apart(shop, queue)
    assert started == [[str(shop.path), queue]]
    learning.learn(shop, queue)
    background.learn_apart(shop, queue)
    assert len(started) == 1


@pytest.mark.slow
def test_a_companion_learns_beside_this_process(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.browser.explore_page import until

    queue = made(shop)
    casework.decide(shop, queue, "item-02", code="violates", reason="repost", by="ann")
    on = background.settings().model_copy(update={"learn_beside": True})
    monkeypatch.setattr(background, "settings", lambda: on)
    background.learn_soon(shop, queue)
    until(lambda: learning.about(shop, queue).get("bad") == 1)
    background._companion.close()
