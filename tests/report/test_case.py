"""The report of a case: its texts are data, and what is severe has no picture."""

from __future__ import annotations

from pathlib import Path

from qlatent.report.case import as_report
from qlatent.services.datasets import roles
from qlatent.services.triage import casework, queues, reporting
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy, read
from qlatent.types import Item
from tests.services import shop_workspace
from tests.services.run_workspace import add


def policy(*, severe: bool) -> Policy:
    return read({"decisions": [
        {"code": "bad", "label": "Bad", "key": "1", "kind": "bad", "severe": severe},
        {"code": "fine", "label": "Fine", "key": "2", "kind": "good"},
    ]})  # fmt: skip


def test_script_in_a_listing_is_text_and_hidden_columns_are_left_out(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        text = "<script>alert(1)</script> a bag"
        item = Item(
            "x",
            text=text,
            image=shop_workspace.picture(3),
            metadata={"truth": "bait", "seller": "<b>ann</b>"},
        )
        add(workspace, "shop", [item])
        roles.set_role(workspace, "shop", "truth", "hidden")
        queue = queues.create(
            workspace, "shop", name="Q", order="oldest", by="ann", policy=policy(severe=False)
        ).id
        casework.decide(workspace, queue, "x", code="fine", by="ann", note="<i>clear</i>", now=0.0)
        page = as_report(reporting.case_file(workspace, queue, "x", by="ann"))
        assert "&lt;script&gt;alert(1)&lt;/script&gt; a bag" in page and "<script>alert" not in page
        assert "&lt;b&gt;ann&lt;/b&gt;" in page and "&lt;i&gt;clear&lt;/i&gt;" in page and "bait" not in page
        assert "1970-01-01 00:00:00" in page and "data:image/webp;base64," in page


def test_a_severe_case_shows_no_picture(tmp_path: Path) -> None:
    with shop_workspace.shop(tmp_path / "workspace", images=True) as workspace:
        queue = queues.create(
            workspace, "shop", name="Q", order="oldest", by="ann", policy=policy(severe=True)
        ).id
        casework.decide(workspace, queue, "item-00", code="bad", by="ann")
        page = as_report(reporting.case_file(workspace, queue, "item-00", by="ann"))
        assert "data:image" not in page and "Picture not kept (flagged severe)." in page
        assert "Bad. Dataset shop, item item-00." in page
