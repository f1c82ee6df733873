"""Second opinions, golden items, people and near-duplicates on the page Triage by widget key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.triage import agreements, audit, casework, duplicates, people, queues, reviews
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy
from tests.services import shop_workspace

Open = Callable[..., AppTest]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("QLATENT_USER", "ann")
    with shop_workspace.shop(tmp_path / "workspace", images=True) as opened:
        policy = Policy(review_share=1.0, random_every=0)
        queues.create(opened, "shop", name="Flagged", order="oldest", by="ann", policy=policy)
        yield opened


def chosen(at: AppTest, name: str) -> str:
    """A choice in the URL, which a test sees as a text or as a list of one."""
    value = at.query_params[name]
    return value if isinstance(value, str) else value[0]


def case(at: AppTest) -> str:
    return chosen(at, "case")


def words(at: AppTest) -> str:
    return " ".join(each.value for each in [*at.markdown, *at.caption])


def test_a_second_opinion_looks_like_any_case_and_leaves_the_decision(opened: Open, shop: Workspace) -> None:
    casework.decide(shop, "flagged", "item-20", code="violates", reason="repost", by="bob")
    casework.decide(shop, "flagged", "item-00", code="ok", by="ann")  # so that one review is due for her
    at = opened(shop.path, "triage", queue="flagged")
    assert case(at) == "item-20"
    assert "bob" not in words(at) and "Decided as" not in words(at) and "History" not in words(at)
    at.button(key="triage_hold_item-20").click().run()
    assert "cannot be put aside" in at.error[0].value + (at.error[0].title or "")
    at.button(key="triage_decide_ok_item-20").click().run()
    assert shop.catalogue.cases.decided("flagged") == {"item-20": "violates", "item-00": "ok"}
    (pair,) = reviews.pairs(shop, "flagged")
    assert (pair.item, pair.first, pair.second, pair.second_by) == ("item-20", "violates", "ok", "ann")
    assert case(at) == "item-01"
    (undo,) = [str(each.key) for each in at.button if str(each.key).startswith("triage_undo_")]
    at.button(key=undo).click().run()
    assert case(at) == "item-20" and "Decided as" not in words(at)
    assert reviews.pairs(shop, "flagged") == []
    at.button(key="triage_skip_item-20").click().run()
    assert case(at) == "item-01"
    assert audit.differences(shop, "flagged") == []


def test_disagreements_are_listed_and_reopened_and_people_are_compared_with_golden_items(
    opened: Open, shop: Workspace
) -> None:
    for number, (first, second) in enumerate(
        [("ok", "ok"), ("ok", "unsure"), ("unsure", "unsure"), ("ok", "ok")]
    ):
        casework.decide(shop, "flagged", f"item-0{number}", code=first, by="bob")
        reviews.review(shop, "flagged", f"item-0{number}", code=second, by="ann")
    at = opened(shop.path, "triage", queue="flagged", triage_section="reviews")
    shown = {each.label: each.value for each in at.metric}
    found = agreements.of_pairs(reviews.pairs(shop, "flagged"))
    assert (found.cases, found.raw) == (4, 0.75)
    # by hand: chance 3/4 · 2/4 + 1/4 · 2/4 = 1/2, so κ = (3/4 − 1/2) / (1 − 1/2)
    assert shown == {
        "Cases": "4", "Same decision": "75%", "κ": "0.50", "95 % interval": f"{found.low:.2f} to {found.high:.2f}",
    }  # fmt: skip
    at.button(key="triage_review_reopen_0_item-01").click().run()
    assert "item-01" not in shop.catalogue.cases.decided("flagged")
    at.text_input(key="triage_golden_item").set_value("item-09").run()
    at.selectbox(key="triage_golden_code").set_value("violates").run()
    at.button(key="triage_golden_set").click().run()
    assert reviews.golden(shop, "flagged")["item-09"].code == "violates"
    reviews.review(shop, "flagged", "item-09", code="ok", by="cleo")
    (person,) = agreements.by_person(reviews.golden_answers(shop, "flagged"))
    assert (person.name, person.answers, person.right) == ("cleo", 1, 0)
    at = opened(shop.path, "triage", queue="flagged", triage_section="reviews")
    tables = [each.value for each in at.dataframe if "As known" in each.value]
    assert tables[0]["As known"].tolist() == ["0 of 1"]


def test_people_see_what_each_did_and_set_their_own_reminder(opened: Open, shop: Workspace) -> None:
    for minutes in (40, 33, 25, 16, 8):
        casework.skip(shop, "flagged", "item-04", by="ann", now=time.time() - 60 * minutes)
    casework.decide_all(
        shop,
        "flagged",
        ["item-01", "item-02", "item-03"],
        code="ok",
        by="bob",
        shown={"examples": ["item-01"]},
    )
    casework.decide(shop, "flagged", "item-00", code="ok", by="ann")
    at = opened(shop.path, "triage", queue="flagged", triage_section="people")
    table = at.dataframe[0].value.set_index("Who")
    assert table.loc["bob"].tolist()[:3] == [1, 3, 1] and table.loc["ann"].tolist()[:3] == [1, 1, 6]
    at.number_input(key="triage_break_minutes").set_value(45).run()
    assert people.personal(shop, "ann")["break_minutes"] == 45
    at = opened(shop.path, "triage", queue="flagged")
    assert not [each for each in at.info if "Time for a break" in each.value]
    people.keep_personal(shop, "ann", {"break_minutes": 30})
    at = opened(shop.path, "triage", queue="flagged")
    assert [each for each in at.info if "Time for a break" in each.value]


def test_near_duplicates_at_a_threshold_become_a_group(opened: Open, shop: Workspace) -> None:
    made = duplicates.groups(shop, "shop", by="text", threshold=0.5)
    at = opened(shop.path, "triage", queue="flagged", triage_section="duplicates", triage_by="text")
    at.slider(key="triage_threshold_text").set_value(0.5).run()
    work = opened(
        shop.path, "triage", queue="flagged", triage_by="text", triage_threshold="0.5", case="item-00"
    )
    own = [f"item-{row:02}" for row in made.members(int(made.group[0]))]
    assert f"Group of {len(own)} by texts, at most 0.50 apart; this case is the first" in words(work)
    work.button(key="triage_near_decide_item-00").click().run()
    assert f"{len(own)} open cases of {len(own)} selected items" in words(work)
    sizes = made.sizes
    assert f"{len(made)} groups with {int(sizes.sum())} items" in words(at)
    assert chosen(at, "triage_threshold") == "0.5"
    largest = int(sizes.argmax())
    items = [f"item-{row:02}" for row in made.members(largest)]
    at.button(key=f"triage_duplicates_decide_{items[0]}").click().run()
    assert f"{len(items)} open cases of {len(items)} selected items" in words(at)
    at.button_group(key="triage_group_code").set_value("ok").run()
    at.button(key="triage_group_apply").click().run()
    (event,) = audit.recent(shop, "flagged", kind="decided")
    assert event.payload["how"] == "duplicates"
    assert shop.catalogue.cases.decided("flagged") == dict.fromkeys(items, "ok")
