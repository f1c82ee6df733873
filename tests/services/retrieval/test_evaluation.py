"""Evaluation of collections in a workspace, against rankings computed here, and all mismatches."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import qlatent
from qlatent.encoders.base import AbstractEncoder
from qlatent.errors import InputError
from qlatent.services.heads import kept_heads
from qlatent.services.retrieval import evaluation
from qlatent.services.retrieval.collection import Task
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services import run_workspace

WIDTH = 8


class HashedWords(AbstractEncoder):
    """A real, tiny encoder: each word has a direction drawn from its letters, and a text is their sum."""

    name = "hashed"
    modalities = ("text",)
    dim = WIDTH

    def __init__(self, salt: int = 0) -> None:
        self.salt, self.texts = salt, 0

    def describe(self) -> dict:
        return {"salt": self.salt}

    def prepare_image(self, image):
        raise NotImplementedError

    def embed_images(self, prepared):
        raise NotImplementedError

    def embed_texts(self, texts):
        self.texts += len(texts)
        return np.stack([sum(map(self._word, text.split()), np.zeros(WIDTH)) for text in texts]).astype(
            np.float32
        )

    def _word(self, word: str) -> np.ndarray:
        return np.random.default_rng([self.salt, *word.encode()]).normal(size=WIDTH)


TOPICS = ("wing", "heat", "jet", "plate")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of 40 documents on four topics, six queries and their judgements; one document has no text."""
    rng = np.random.default_rng(0)
    lines = []
    for number in range(40):
        words = [TOPICS[number % 4], *rng.choice(["flow", "layer", "speed", "test"], 2)]
        lines.append({"id": f"d{number}", "title": words[0], "text": " ".join(words[1:])})
    lines.append({"id": "empty", "title": "", "text": ""})
    (tmp_path / "docs.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    (tmp_path / "queries.tsv").write_text("".join(f"q{n}\t{TOPICS[n % 4]} flow {n}\n" for n in range(6)))
    judged = [f"q{n}\td{d}\t{1 + (d % 3)}" for n in range(4) for d in range(40) if d % 4 == n]
    judged += ["q4\td1\t0", "ghost\td1\t1", "q0\tnowhere\t2"]
    (tmp_path / "qrels.tsv").write_text("\n".join(judged) + "\n")
    return tmp_path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def task(folder: Path, corpus: str, **changes) -> Task:
    files = {"queries": str(folder / "queries.tsv"), "judgements": str(folder / "qrels.tsv")}
    return Task(corpus, **files | changes)


def test_the_vectors_themselves_rank_as_by_hand(workspace: Workspace, folder: Path) -> None:
    coder = HashedWords()
    corpus = evaluation.bring(workspace, str(folder / "docs.jsonl"), encoder=coder)
    found = evaluation.evaluate(workspace, task(folder, corpus), encoder=coder)
    assert (found["documents"], found["queries"], found["ranking"]) == (40, 5, "whole corpus")

    table = [json.loads(line) for line in (folder / "docs.jsonl").read_text().splitlines()][:40]
    documents = coder.embed_texts([f"{each['title']}. {each['text']}" for each in table]).astype(float)
    values = []
    for n in range(4):  # q4 has no relevant document, q5 is not judged
        query = coder.embed_texts([f"{TOPICS[n]} flow {n}"])[0].astype(float)
        cosines = documents @ query / np.linalg.norm(documents, axis=1) / np.linalg.norm(query)
        order = np.argsort(-cosines.round(12), kind="stable")
        gain = {d: 1 + d % 3 for d in range(40) if d % 4 == n}
        ideal = sorted([*gain.values(), *([2] if n == 0 else [])], reverse=True)[:10]
        weights = 1 / np.log2(np.arange(2, 12))
        values.append(
            sum(gain.get(int(d), 0) * w for d, w in zip(order[:10], weights, strict=True))
            / (ideal @ weights[: len(ideal)])
        )
    row = found["heads"][0]
    assert row["measures"]["ndcg@10"]["value"] == pytest.approx(np.mean(values), abs=1e-9)
    assert row["measures"]["ndcg@10"]["n"] == 4
    assert (row["dim"], row["bytes_per_document"]) == (WIDTH, 4 * WIDTH) and row["latency_ms"] > 0
    assert found["notes"] == [
        "1 of 6 queries without judgements left out",
        "judgements of 1 queries that are not here left out",
        "1 of 43 judgements name documents that the corpus lacks, 1 of them relevant: these count as not found",
        "1 queries without a relevant document left out of the means",
    ]


def test_nothing_is_encoded_twice_and_another_encoder_is_refused(workspace: Workspace, folder: Path) -> None:
    coder = HashedWords()
    corpus = evaluation.bring(workspace, str(folder / "docs.jsonl"), encoder=coder)
    with pytest.raises(InputError, match=r"6 queries have no vectors of .*, and no encoder was given"):
        evaluation.evaluate(workspace, task(folder, corpus))
    with pytest.raises(InputError, match="the encoder given is"):
        evaluation.evaluate(
            workspace, task(folder, corpus, encoder_key=coder.key), encoder=HashedWords(salt=1)
        )
    evaluation.evaluate(workspace, task(folder, corpus), encoder=coder)
    count = coder.texts
    assert evaluation.bring(workspace, str(folder / "docs.jsonl"), encoder=coder) == corpus
    assert evaluation.bring(workspace, corpus, encoder=coder) == corpus
    again = evaluation.evaluate(workspace, task(folder, corpus))  # no encoder needed any more
    assert (coder.texts, again["heads"][0]["head"]) == (count, "none")


def test_a_collection_of_numbers_and_texts_is_a_corpus_without_a_header(
    workspace: Workspace, folder: Path
) -> None:
    lines = [json.loads(line) for line in (folder / "docs.jsonl").read_text().splitlines()][:40]
    texts = [f"{each['title']}. {each['text']}" for each in lines]
    (folder / "collection.tsv").write_text("".join(f"{n}\t{text}\n" for n, text in enumerate(texts)))
    (folder / "numbered.tsv").write_text((folder / "qrels.tsv").read_text().replace("\td", "\t"))
    coder = HashedWords()
    found = []
    for corpus, judged in (("docs.jsonl", "qrels.tsv"), ("collection.tsv", "numbered.tsv")):
        dataset = evaluation.bring(workspace, str(folder / corpus), encoder=coder)
        asked = task(folder, dataset, judgements=str(folder / judged))
        found.append(evaluation.evaluate(workspace, asked, encoder=coder))
    assert found[1]["documents"] == found[0]["documents"] == 40
    assert found[1]["heads"][0]["measures"] == found[0]["heads"][0]["measures"]


def test_a_run_is_ranked_anew_beside_its_own_order(workspace: Workspace, folder: Path) -> None:
    coder = HashedWords()
    corpus = evaluation.bring(workspace, str(folder / "docs.jsonl"), encoder=coder)
    lines = [
        f"q{n} Q0 d{d} {rank} {-rank} x" for n in range(3) for rank, d in enumerate((9, 8, 1, 6, 3, 2), 1)
    ]
    (folder / "run.txt").write_text("\n".join([*lines, "q0 Q0 unknown 7 -7 x"]) + "\n")
    found = evaluation.evaluate(workspace, task(folder, corpus, run=str(folder / "run.txt")), encoder=coder)
    assert (found["ranking"], found["queries"]) == ("re-ranking of a given run", 3)
    given, own = found["heads"]
    assert given["measures"]["mrr"]["value"] == pytest.approx(np.mean([1 / 2, 1 / 1, 1 / 4]))
    assert own["measures"]["recall@10"]["value"] == pytest.approx(given["measures"]["recall@10"]["value"])
    assert "1 of 19 candidates of the run are not in the corpus and were left out" in found["notes"]
    assert "2 judged queries that the run does not have left out" in found["notes"]
    assert [each["head"] for each in found["differences"]] == ["given order"]


def test_heads_stand_side_by_side_with_what_they_cost(workspace: Workspace, folder: Path) -> None:
    coder = HashedWords()
    corpus = evaluation.bring(workspace, str(folder / "docs.jsonl"), encoder=coder)
    names = ["none", "pca:qubits=4", "pca:qubits=8", "qbec:qubits=4", "qbt", "qbt:input_scale=50"]
    found = evaluation.evaluate(workspace, task(folder, corpus), heads=names, encoder=coder)
    rows = {row["head"]: row for row in found["heads"]}
    assert [row["dim"] for row in found["heads"]] == [8, 4, 8, 4, 8, 8]
    assert (
        rows["qbec:qubits=4"]["parameters"]["stored"] == 48
        and rows["qbec:qubits=4"]["similarity"] == "log_fidelity"
    )
    assert rows["pca:qubits=4"]["fitted_on"] == "the corpus, without labels"
    assert rows["qbec:qubits=4"]["fitted_on"] == "nothing: random weights of seed 0"
    # a rotation of unit vectors, less their mean, keeps every distance: the order is the cosine's
    assert rows["pca:qubits=8"]["measures"] == rows["none"]["measures"]
    assert rows["qbt"]["measures"]["ndcg@10"]["value"] == pytest.approx(
        rows["none"]["measures"]["ndcg@10"]["value"], abs=0.1
    )
    assert any("qbt:input_scale=50: tanh saturates" in note for note in found["notes"])
    assert {each["against"] for each in found["differences"]} == {"none"} and len(found["differences"]) == 5
    same = next(each for each in found["differences"] if each["head"] == "pca:qubits=8")
    assert (same["mean"], same["p_holm"]) == (0.0, 1.0)
    with pytest.raises(InputError, match="'mlp' is not among the heads"):
        evaluation.evaluate(workspace, task(folder, corpus), heads=names, against="mlp", encoder=coder)


def test_a_kept_head_works_in_its_own_space_only(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    coder = HashedWords()
    corpus = evaluation.bring(workspace, str(folder / "docs.jsonl"), encoder=coder)
    rows = np.random.default_rng(0).normal(size=(60, WIDTH))
    fitted = qlatent.create("pca", input_dim=WIDTH, modalities=("text",), qubits=3).fit({"text": rows})
    for name, key in (("mine", coder.key), ("other", "text-000000000000")):
        kept_heads.load_upload(workspace, fitted.save(tmp_path / name, {"encoder": key}), name=name)
    found = evaluation.evaluate(workspace, task(folder, corpus), heads=["mine"], encoder=coder)
    assert (found["heads"][0]["dim"], found["heads"][0]["fitted_on"]) == (3, "what it was trained on")
    with pytest.raises(InputError, match="was trained on vectors of text-000000000000"):
        evaluation.evaluate(workspace, task(folder, corpus), heads=["other"], encoder=coder)


@pytest.mark.parametrize("name", ["qbec", "bec", "acqua"])
def test_a_saturated_tanh_of_a_kept_head_is_measured_and_told_with_the_remedy(
    workspace: Workspace, folder: Path, tmp_path: Path, name: str
) -> None:
    coder = HashedWords()
    corpus = evaluation.bring(workspace, str(folder / "docs.jsonl"), encoder=coder)
    head = qlatent.create(
        name,
        input_dim=WIDTH,
        modalities=("text",),
        qubits=3,
        **({} if name == "acqua" else {"input_scale": 40.0}),
    )
    rows = np.random.default_rng(0).normal(size=(60, WIDTH)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        head.fit({"text": rows})
    if name == "acqua":
        head.model_.encoders["text"].weight.data *= 40
    kept_heads.load_upload(workspace, head.save(tmp_path / "kept", {"encoder": coder.key}), name="kept")
    found = evaluation.evaluate(workspace, task(folder, corpus), heads=["kept", "none"], encoder=coder)

    vectors = evaluation.collect(workspace, task(folder, corpus)).vectors
    entering = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    if name != "qbec":
        layer = (head.model_.encoders if name == "acqua" else head.model_.compressors)["text"]
        entering = entering @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    share = np.mean(np.abs(np.tanh(entering * (1 if name == "acqua" else 40))) > 0.99)
    kept, none = found["heads"]
    assert kept["saturated"] == pytest.approx(share, abs=1e-6) and share > 0.5
    assert none["saturated"] is None
    [note] = [each for each in found["notes"] if "saturates" in each]
    assert note.startswith(f"kept: tanh saturates for {share:.0%} of the numbers of the text vectors")
    assert ("input_scaling" if name == "acqua" else "Use input_scale=") in note


def labelled(workspace: Workspace, count: int = 30) -> str:
    rng = np.random.default_rng(1)
    items = [
        Item(id=f"i{n}", label=f"l{n % 3}" if n < count - 2 else f"alone{n}" if n == count - 1 else None,
             vectors={"text": (rng.normal(size=WIDTH) + 3 * np.eye(WIDTH)[n % 3]).astype(np.float32)})
        for n in range(count)
    ]  # fmt: skip
    return run_workspace.add(workspace, "labelled", items, modalities=("text",))


def test_relevance_by_labels_excludes_the_query_itself(workspace: Workspace) -> None:
    found = evaluation.evaluate(workspace, Task(labelled(workspace)))
    assert (found["relevance"], found["queries"], found["documents"]) == ("same label", 28, 30)
    assert found["notes"] == ["2 items whose label no other item has do not ask"]
    collection = evaluation.collect(workspace, Task("labelled"))
    vectors = collection.vectors / np.linalg.norm(collection.vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    nearest = cosines.argmax(axis=1)[:28]
    expected = np.mean([n % 3 == other % 3 and other < 28 for n, other in enumerate(nearest)])
    assert found["heads"][0]["measures"]["mrr"]["value"] >= expected > 0.5
    first = [1 / (9 if n % 3 == 0 else 8) * (n % 3 == o % 3 and o < 28) for n, o in enumerate(nearest)]
    assert found["heads"][0]["measures"]["recall@1"]["value"] == pytest.approx(np.mean(first))
    assert found["heads"][0]["measures"]["recall@100"]["value"] == 1.0


def test_queries_of_another_width_are_refused_with_both_widths(workspace: Workspace, tmp_path: Path) -> None:
    corpus = labelled(workspace)
    wide = [
        Item(id=f"w{n}", vectors={"text": np.ones(WIDTH + 3, dtype=np.float32) * (n + 1)}) for n in range(3)
    ]
    other = run_workspace.add(workspace, "wide", wide, modalities=("text",))
    (tmp_path / "pairs.csv").write_text("a,b\nw0,i3\n")
    with pytest.raises(InputError, match="Query vectors have width 11, corpus vectors 8"):
        evaluation.evaluate(workspace, Task(corpus, queries=other, judgements=str(tmp_path / "pairs.csv")))


def test_a_collection_without_matches_is_refused(workspace: Workspace, folder: Path) -> None:
    coder = HashedWords()
    corpus = evaluation.bring(workspace, str(folder / "docs.jsonl"), encoder=coder)
    files = {name: folder / f"{name}.tsv" for name in ("foreign", "strangers", "run", "other")}
    files["foreign"].write_text("q0\tx1\t1\n")
    files["strangers"].write_text("z\td1\t1\n")
    files["run"].write_text("q0\tx1\t1\t2\n")
    files["other"].write_text("z\td1\t1\t2\n")
    for changes, said in (
        (
            {"judgements": str(files["foreign"])},
            r"name none of the documents \(1 judged, 40 here\): they say 'x1', and there is 'd0'",
        ),
        (
            {"judgements": str(files["strangers"])},
            r"name none of the queries \(1 judged, 6 here\): they say 'z', and there is 'q0'",
        ),
        (
            {"run": str(files["run"])},
            r"no document of the corpus \(1 candidates, 40 documents\): it says 'x1', and there is 'd0'",
        ),
        ({"run": str(files["other"])}, "none of the 5 judged queries: it says 'z', and there is 'q0'"),
        ({"judgements": ""}, "belong together"),
        ({"queries": "nothing"}, "'nothing' is neither a dataset here nor a file"),
        ({"queries": "", "judgements": "", "run": str(files["run"])}, "only be re-ranked by judgements"),
        ({"queries": "", "judgements": ""}, "No two items"),
    ):
        with pytest.raises(InputError, match=said):
            evaluation.evaluate(workspace, task(folder, corpus, **changes), encoder=coder)
    with pytest.raises(InputError, match=r"'nowhere\.jsonl' is neither"):
        evaluation.bring(workspace, "nowhere.jsonl")
