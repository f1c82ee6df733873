"""Run specs: round trips of every kind, earlier spellings, and errors of invalid specs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qlatent.errors import StoreError
from qlatent.hardware.work import RunOptions
from qlatent.services.runs import specs
from qlatent.services.runs.specs import RunSpec
from qlatent.store.runs.run_folder import RunFolder

COMMON: dict[str, Any] = {"id": "r1", "name": "A run", "created": 1.5, "dataset": "pairs"}
TRAINING: dict[str, Any] = {
    **COMMON, "dataset_version": 3, "encoder": "given", "modalities": ["image", "text"], "head": "acqua",
    "objective": "ranking", "settings": {"qubits": 4},
    "configs": {"head": {"qubits": 4}, "objective": {}, "training": {"split_rule": "groups"}},
}  # fmt: skip
EVERY: list[RunSpec] = [
    specs.VectorTraining(**TRAINING, weights="h1", panel=True, keep=False, part_of="an experiment", threads=4),
    specs.ImageTraining(**TRAINING, content="c0ffee", device="cuda"),
    specs.RetrievalTraining(**TRAINING, judgements="j1"),
    specs.Encoding(**COMMON, encoder="clip", settings={"model": "ViT-B-32"}, modalities=("image",), views=8),
    specs.Measurement(**{**COMMON, "dataset": None}, runs=("r2", "r3")),
    specs.ImageProbe(**COMMON, run="r2"),
    specs.RetrievalEvaluation(
        **COMMON, encoder="text", heads=("h1",), queries="asked", files={"run": "run.trec"},
        encode_with=specs.EncodeWith(encoder="text", settings={"model": "tiny"}), against="h1", seed=2,
    ),
    specs.Layout(
        **COMMON, dataset_version=2, run="r2", step=4, modality="text", method="umap", metric="log_fidelity",
        dimensions=3, neighbours=9, min_dist=0.2, epochs=50, densmap=True, seed=1,
    ),
    specs.SearchIndexing(**COMMON, encoder="clip-1", modality="image"),
    specs.DuplicateSearch(**COMMON, dataset_version=2, by="vector", modality="image", run="r1"),
    specs.HardwareJob(
        **COMMON, dataset_version=2, encoder="given", head="acqua", head_id="h1", modality="image", rows=(0, 3),
        runs_on="ibm_fez", options=RunOptions(shots=100, mitigation="readout"), recompiled=True, account="c0ffee",
    ),
    specs.DemoPreparation(**{**COMMON, "dataset": None}, count=20, seed=7),
]  # fmt: skip


def earlier(**changes: Any) -> dict[str, Any]:
    """A training's document as format 1 had it."""
    return {**TRAINING, "format": 1, "kind": "train", "source": "vectors"} | changes


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: type(spec).__name__)
def test_a_written_spec_is_read_back_equal(spec: RunSpec, tmp_path: Path) -> None:
    document = spec.document()
    assert document["format"] == specs.FORMAT
    assert specs.read(document) == spec
    assert type(specs.read(document)) is type(spec)
    assert specs.of(RunFolder.create(tmp_path / "r1", document)) == spec


def test_every_kind_of_spec_is_written_and_read_above() -> None:
    union = RunSpec.__args__  # type: ignore[attr-defined]
    assert {type(each) for each in EVERY} == set(union)


@pytest.mark.parametrize(
    ("device", "remote"),
    [("exact", False), ("twin:fake_paris", False), ("pennylane:x", False), ("ibm_fez", True)],
)
def test_a_job_on_a_device_of_another_machine_is_remote(device: str, remote: bool) -> None:
    job = next(each for each in EVERY if isinstance(each, specs.HardwareJob))
    assert job.model_copy(update={"runs_on": device}).remote == remote


def test_a_spec_names_the_datasets_it_reads() -> None:
    datasets = {type(each).__name__: each.datasets for each in EVERY}
    assert datasets["VectorTraining"] == ("pairs",)
    assert datasets["RetrievalEvaluation"] == ("pairs", "asked")
    assert datasets["Measurement"] == datasets["DemoPreparation"] == ()


def test_only_trainings_are_read_as_trainings(tmp_path: Path) -> None:
    training, encoding = EVERY[0], EVERY[3]
    assert specs.training_spec(RunFolder.create(tmp_path / "a", training.document())) == training
    with pytest.raises(StoreError, match="Run r1 is not a training: its kind is 'encode'"):
        specs.training_spec(RunFolder.create(tmp_path / "b", encoding.document()))


def test_a_spec_of_an_expected_kind_is_given_back_and_another_is_refused() -> None:
    probing = EVERY[5]
    assert specs.expected(probing, specs.ImageProbe) is probing
    with pytest.raises(StoreError, match="Run r1 is of kind 'probe', which is not expected here"):
        specs.expected(probing, specs.Encoding)


def test_a_spec_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        EVERY[0].head = "mlp"  # type: ignore[union-attr, misc]


# --- what earlier versions wrote --------------------------------------------------------------------------


def test_the_format_before_this_one_is_read_also_where_it_is_not_named() -> None:
    document = earlier()
    unnamed = {key: value for key, value in document.items() if key != "format"}
    assert specs.read(document) == specs.read(unnamed) == specs.VectorTraining(**TRAINING)


@pytest.mark.parametrize("source", [None, "", "absent"])
def test_a_training_without_a_source_learned_from_vectors(source: str | None) -> None:
    document = earlier(source=source)
    if source == "absent":
        del document["source"]
    assert isinstance(specs.read(document), specs.VectorTraining)


def test_relevance_was_the_word_for_a_training_for_retrieval() -> None:
    found = specs.read(earlier(source="relevance", judgements="j1"))
    assert found == specs.RetrievalTraining(**TRAINING, judgements="j1")


def test_retrieval_was_the_word_for_an_evaluation_by_retrieval() -> None:
    document = {**COMMON, "format": 1, "kind": "retrieval", "encoder": "text", "heads": ["h1"]}
    assert specs.read(document) == specs.RetrievalEvaluation(**COMMON, encoder="text", heads=("h1",))


def test_learn_scale_stood_among_the_settings_of_training() -> None:
    configs = {
        "head": {},
        "objective": {"margin": 1},
        "training": {"learn_scale": False, "split_rule": "groups"},
    }
    found = specs.read_training(earlier(configs=configs)).configs
    assert found.objective == {"margin": 1, "learn_scale": False}
    assert found.training == {"split_rule": "groups"}


def test_a_split_without_a_named_rule_was_by_contents() -> None:
    configs = {"head": {}, "objective": {}, "training": {"heldout": 0.2}}
    found = specs.read_training(earlier(configs=configs)).configs
    assert found.training == {"heldout": 0.2, "split_rule": "contents"}
    assert configs["training"] == {"heldout": 0.2}  # what was handed in does not change


@pytest.mark.parametrize(("head", "word"), [("pca", "dim"), ("acqua", "qubits")])
@pytest.mark.parametrize("written", ["dim", "qubits"])
def test_the_width_of_the_latent_is_read_by_either_word(head: str, word: str, written: str) -> None:
    configs = {"head": {written: 3}, "objective": {}, "training": {}}
    assert specs.read_training(earlier(head=head, configs=configs)).configs.head == {word: 3}


# --- what cannot be read ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"qubit": 4}, "r1 cannot be understood: qubit: Extra inputs"),
        ({"kind": "dance"}, "r1 cannot be understood: Input tag 'dance'"),
        ({"kind": ["train"]}, r"r1 cannot be understood: Input tag '\['train'\]'"),
        ({"source": "sounds"}, "r1 cannot be understood: Input tag 'train sounds'"),
        ({"created": "yesterday"}, "r1 cannot be understood: created: Input should be a valid number"),
        ({"dataset": None}, "r1 cannot be understood: dataset: Input should be a valid string"),
        ({"modalities": 5}, "r1 cannot be understood: modalities: Input should be a valid tuple"),
        ({"configs": []}, "r1 cannot be understood: TypeError"),
        ({"configs": {"head": {}}}, "r1 cannot be understood: KeyError 'objective'"),
        ({"configs": {"head": 3, "objective": {}, "training": {}}}, "r1 cannot be understood: TypeError"),
        ({"format": 3}, "r1 has format 3; this version reads up to 2. Update qlatent"),
        ({"format": "two"}, "r1 has format two; this version reads up to 2"),
    ],
)  # fmt: skip
def test_an_invalid_field_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        specs.read(earlier(**changes))
    assert caught.value.remedy


@pytest.mark.parametrize("missing", ["kind", "configs", "head", "dataset_version", "name"])
def test_a_missing_field_is_named(missing: str) -> None:
    document = earlier()
    del document[missing]
    with pytest.raises(StoreError, match=missing):
        specs.read(document)


@pytest.mark.parametrize("document", [[], "train", 7, None])
def test_a_document_that_is_no_object_is_refused(document: Any) -> None:
    with pytest.raises(StoreError, match="it is not a JSON object"):
        specs.read(document)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}", b"[1]"])
def test_a_damaged_file_is_reported(content: bytes, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "r1", EVERY[0].document())
    (folder.path / "spec.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"cannot be read|not a JSON object"):
        specs.of(RunFolder(folder.path))
