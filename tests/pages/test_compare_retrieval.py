"""The page Compare, retrieval, by widget key: the form and what it lacks, a run under way, what came out, one query."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets
from qlatent.services.retrieval import evaluation as retrieval
from qlatent.services.retrieval import evaluation_runs, results
from qlatent.services.retrieval.collection import Task
from qlatent.services.retrieval.evaluation_runs import Request
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.workspaces import Workspace, open_workspace
from tests.carried_out import in_process
from tests.launchers import LauncherDouble
from tests.pages.conftest import Furnished, brought

Open = Callable[..., AppTest]
HEADS = ("none", "pca:dim=8", "qbec:qubits=8:input_scale=60")
NAME = "<b>mine</b> $x$"


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """A workspace of its own: other pages count runs in theirs."""
    pairs, texts = brought(tmp_path_factory.mktemp("brought"))
    workspace = open_workspace(tmp_path_factory.mktemp("retrieved"))
    stored = [
        datasets.store(workspace, path, name=name).dataset
        for path, name in ((pairs, "Pairs"), (texts, "Texts"))
    ]
    return Furnished(workspace, stored[0], stored[1], "")


@pytest.fixture(scope="module")
def evaluated(furnished: Furnished) -> str:
    """A small evaluation by labels, carried out once."""
    with in_process():
        run = evaluation_runs.start(furnished.workspace, Request(furnished.pairs, HEADS, seed=1, name=NAME))
    assert listing.summary(furnished.workspace, run).state == "finished", listing.summary(
        furnished.workspace, run
    ).message
    return run


@pytest.fixture
def waiting(evaluated: str, no_workers: LauncherDouble) -> None:
    """What is started stays queued: there is no worker. Whoever needs one comes before."""


def form(opened: Open, furnished: Furnished, dataset: str = "") -> AppTest:
    at = opened(furnished.workspace.path, "compare", by="retrieval", dataset=dataset or furnished.pairs)
    if any(each.key == "pick_evaluation" for each in at.selectbox):
        at.selectbox(key="pick_evaluation").set_value("new").run()
    return at


def newest(workspace: Workspace) -> RunSummary:
    return evaluation_runs.evaluations(workspace)[0]


def judge(at: AppTest, furnished: Furnished, lines: str) -> AppTest:
    at.button_group(key=f"retrieval_source_{furnished.pairs}").set_value("dataset").run()
    at.file_uploader(key="retrieval_judgements").set_value(
        ("my judgements.tsv", lines.encode(), "text/plain")
    ).run()
    return at


def pairs(workspace: Workspace, dataset: str) -> str:
    """Item n is relevant for item n + 3, which has its label."""
    ids = workspace.items.table(dataset, columns=["id"])["id"].to_pylist()
    return "".join(f"{one}\t{other}\t1\n" for one, other in zip(ids, ids[3:], strict=False))


def test_without_data_the_way_to_some_is_shown(opened: Open, tmp_path: Path) -> None:
    assert opened(tmp_path, "compare", by="retrieval").button(key="empty_data")


def test_both_kinds_of_comparison_are_reached_without_an_experiment(
    opened: Open, furnished: Furnished
) -> None:
    at = opened(furnished.workspace.path, "compare")
    assert at.button(key="compare_start")
    at.button_group(key="switch_by").set_value("retrieval").run()
    assert at.query_params["by"] == "retrieval" and not at.exception
    assert not any(each.key == "compare_start" for each in at.button)


def test_items_without_vectors_lead_to_the_page_data(opened: Open, furnished: Furnished) -> None:
    at = form(opened, furnished, furnished.texts)
    assert at.button(key="retrieval_encode").label == "Encode them"
    assert not any(each.key == "retrieval_start" for each in at.button)


def test_the_form_says_what_it_will_do_and_what_is_missing(opened: Open, furnished: Furnished) -> None:
    at = form(opened, furnished)
    button = lambda: at.button(key="retrieval_start")  # noqa: E731
    assert button().label == "Evaluate 3 heads" and not button().disabled
    assert any("60 items share a label" in each.value for each in at.caption)
    assert {"Baseline · PCA", "Projection · QBEC"} <= set(at.multiselect(key="retrieval_heads").options)
    assert at.button_group(key="retrieval_dims_16").value == [8]  # half the width
    at.button_group(key="retrieval_dims_16").set_value([2, 4]).run()
    assert button().label == "Evaluate 5 heads"
    at.multiselect(key="retrieval_heads").set_value([]).run()
    assert (button().label, button().disabled) == ("Choose a head or a dimension", True)
    at.multiselect(key="retrieval_heads").set_value(["pca"]).run()
    at.button_group(key=f"retrieval_source_{furnished.pairs}").set_value("dataset").run()
    assert (button().label, button().disabled) == ("Add judgements", True)
    at.button_group(key=f"retrieval_source_{furnished.pairs}").set_value("files").run()
    assert (button().label, button().disabled) == (
        "Choose other queries",
        True,
    )  # imported vectors have no encoder
    assert any("imported with vectors" in each.value for each in at.info)


def test_an_evaluation_keeps_its_files_stops_goes_on_and_asks_before_it_is_removed(
    opened: Open, furnished: Furnished, evaluated: str, waiting: None
) -> None:
    workspace = furnished.workspace
    at = judge(form(opened, furnished), furnished, pairs(workspace, furnished.pairs))
    at.number_input(key="retrieval_scale").set_value(0.5).run()
    at.number_input(key="retrieval_seed").set_value(7).run()
    at.selectbox(key="retrieval_against").set_value("pca:dim=8").run()
    at.button(key="retrieval_start").click().run()
    run = newest(workspace)
    assert (run.spec.queries, run.spec.seed, run.spec.against) == (
        furnished.pairs,
        7,
        "pca:dim=8",
    )
    assert run.spec.heads == ("none", "pca:dim=8", "qbec:qubits=8:input_scale=0.5")
    assert workspace.run(run.id).input("judgements").name == "my judgements.tsv"
    assert at.query_params["evaluation"] == run.id
    at.button(key="retrieval_stop").click().run()
    workspace.run(run.id).write_status(state="stopped")  # no worker is there to hear it
    workspace.catalogue.set_queue_state(run.id, "stopped")
    at.run()
    at.button(key="retrieval_resume").click().run()
    assert listing.summary(workspace, run.id).state == "queued"
    workspace.run(run.id).write_status(state="failed", error="It is <b>broken</b>.", remedy="Bring others.")
    workspace.catalogue.set_queue_state(run.id, "failed")
    at.run()
    assert [(card.title, card.value) for card in at.warning] == [
        (r"It is \<b\>broken\<\/b\>\.", r"Bring others\.")
    ]
    at.button(key="retrieval_remove").click().run()
    assert (
        at.button(key="retrieval_remove_yes").label == "Remove"
    )  # pressed in tests/browser: a dialog is a fragment
    queue.remove(workspace, run.id)
    assert at.run().query_params["evaluation"] == evaluated


def test_a_file_that_cannot_be_read_is_told_before_anything_is_queued(
    opened: Open, furnished: Furnished, waiting: None
) -> None:
    before = len(evaluation_runs.evaluations(furnished.workspace))
    at = judge(form(opened, furnished), furnished, "q\td\tmuch\nq\td\tmore\n")
    at.button(key="retrieval_start").click().run()
    assert any("line 2" in card.title and "more" in card.title for card in at.error)
    assert len(evaluation_runs.evaluations(furnished.workspace)) == before


def test_the_figures_are_those_of_the_service(opened: Open, furnished: Furnished, evaluated: str) -> None:
    workspace = furnished.workspace
    direct = retrieval.evaluate(workspace, Task(furnished.pairs, seed=1), heads=HEADS)
    at = opened(workspace.path, "compare", by="retrieval", evaluation=evaluated)
    table = at.dataframe[0].value
    assert list(table["Head"]) == ["The vectors themselves", "PCA, 8-d", "QBEC, 8-d, input scale 60"]
    for column, measure in {
        "NDCG@10": "ndcg@10",
        "MRR": "mrr",
        "R@10": "recall@10",
        "R@100": "recall@100",
    }.items():
        found = [each["measures"][measure] for each in direct["heads"]]
        assert list(table[column]) == [
            f"{each['value']:.3f} [{each['low']:.3f}, {each['high']:.3f}]" for each in found
        ]
    assert list(table["Bytes"]) == ["64", "32", "32"]
    assert list(table["Stored"]) == [
        "0",
        "272",
        "96",
    ]  # PCA: 2·8·16 numbers and the mean of 16; QBEC: 8 merges of 12
    assert list(table["Used"]) == ["0", "272", "56"] and list(table["Identifiable"]) == ["0", "–", "40"]
    said = [f"{each['mean']:+.3f}" for each in direct["differences"]]
    assert [each.removesuffix(" ★") for each in table["Δ NDCG"]] == ["–", *said]
    assert [each.endswith("★") for each in table["Δ NDCG"]] == [
        False, *(each["p_holm"] < 0.05 and each["low"] * each["high"] > 0 for each in direct["differences"])
    ]  # fmt: skip
    assert len([each for each in at.markdown if "after Holm's correction" in each.value]) == 2


def test_a_saturated_tanh_is_warned_about_with_the_remedy(
    opened: Open, furnished: Furnished, evaluated: str
) -> None:
    at = opened(furnished.workspace.path, "compare", by="retrieval", evaluation=evaluated)
    [card] = at.warning
    share = results.figures(furnished.workspace, evaluated)["heads"][2]["saturated"]
    assert f"tanh saturates for {share:.0%}".replace("%", r"\%") in card.value and share > 0.5
    assert r"Use input\_scale\=" in card.value


def test_one_query_stands_side_by_side_with_what_is_relevant(
    opened: Open, furnished: Furnished, evaluated: str
) -> None:
    workspace = furnished.workspace
    query = results.queries(workspace, evaluated)[5].id
    answers = results.answers(workspace, evaluated, query)
    at = opened(workspace.path, "compare", by="retrieval", evaluation=evaluated, query=query)
    at.session_state["retrieval_tabs"] = "One query"
    at.run()
    assert not at.exception and len(at.dataframe) == 3
    for shown, found in zip(at.dataframe, answers.values(), strict=True):
        assert list(shown.value["Document"]) == [each.text or each.id for each in found]
        assert list(shown.value["Gain"] != "") == [each.gain > 0 for each in found]
    at.multiselect(key="retrieval_beside").set_value([HEADS[1]]).run()
    assert len(at.dataframe) == 1


def test_names_are_never_read_as_html_and_nonsense_in_a_link_opens(
    opened: Open, furnished: Furnished, evaluated: str
) -> None:
    at = opened(furnished.workspace.path, "compare", by="retrieval", query="<i>", dataset="?")
    assert not any("<b>mine</b>" in each.value for each in [*at.subheader, *at.caption])
    assert any(NAME in option for option in at.selectbox(key="pick_evaluation").options)
    gone = opened(furnished.workspace.path, "compare", by="retrieval", evaluation="r?")
    assert any(
        "names a retrieval evaluation that does not exist here" in each.value for each in gone.markdown
    )
    opened(furnished.workspace.path, "compare", by="nothing")
