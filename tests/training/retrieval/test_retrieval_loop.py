"""The retrieval loop: trained parts, resuming, and metrics against plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from qlatent.objectives.configs import RankingConfig
from qlatent.objectives.ranking import Ranking
from qlatent.registry import HEADS, config_class, make_config, resolve
from qlatent.training.core import events
from qlatent.training.core.rows import Labels
from qlatent.training.retrieval.configs import RetrievalTrainingConfig
from qlatent.training.retrieval.data import by_judgements, by_labels
from qlatent.training.retrieval.loop import RetrievalTrainer
from qlatent.training.retrieval.readers import StoredVectors, TextLayers

CLASSES, EACH, WIDTH = 6, 20, 16


def head(name: str = "qbec", **settings: Any) -> Any:
    values = {"input_dim": WIDTH, "qubits": 4, "modalities": ("text",), **settings}
    made = resolve(HEADS[name].target)(make_config(config_class("head", name), values))
    made.normalise = "l2"
    return made


def clusters() -> tuple[np.ndarray, list[str]]:
    random = np.random.default_rng(0)
    centres = random.normal(size=(CLASSES, WIDTH))
    vectors = np.repeat(centres, EACH, axis=0) + 0.8 * random.normal(size=(CLASSES * EACH, WIDTH))
    return vectors.astype(np.float32), [f"l{number // EACH}" for number in range(CLASSES * EACH)]


def trainer(
    name: str = "qbec", *, objective: RankingConfig | None = None, **settings: Any
) -> RetrievalTrainer:
    vectors, names = clusters()
    config = RetrievalTrainingConfig(
        **{"epochs": 4, "batch_size": 16, "learning_rate": 0.02, "snapshots": 3, "probe_size": 30, **settings}
    )
    blank = np.full(len(names), "")
    known = Labels(np.array([f"c{number}" for number in range(len(names))]), blank, np.array(names))
    data = by_labels(np.arange(len(names)), known, config)
    return RetrievalTrainer(
        head(name), Ranking(objective or RankingConfig()), data, config, StoredVectors(vectors)
    )


def losses(found: list[events.Event]) -> list[float]:
    return [each.losses["total"] for each in found if isinstance(each, events.Step)]


@pytest.mark.parametrize("name", ["qbec", "bec", "acqua_twin"])
def test_held_out_items_find_their_label_better_than_before(name: str) -> None:
    work = trainer(name, epochs=12)
    found = list(work.run())
    judged = [each.metrics for each in found if isinstance(each, events.Evaluation)]
    assert judged[-1]["ndcg@10"] > judged[0]["ndcg@10"] + 0.05
    assert judged[-1]["total"] < judged[0]["total"]
    assert work.network.log_scale is not None
    began = Ranking(RankingConfig()).initial_scale(work.head)
    assert work.network.log_scale.exp().item() != pytest.approx(began, rel=1e-3)
    assert sum(isinstance(each, events.Snapshot) for each in found) == 3


def test_a_closed_form_head_needs_no_steps() -> None:
    work = trainer("pca")
    found = list(work.run())
    assert not losses(found)
    assert any(isinstance(each, events.Evaluation) for each in found)


def test_published_forms_keep_their_scale() -> None:
    work = trainer(objective=RankingConfig(logits="fidelity"))
    assert work.network.log_scale is None


def test_a_resumed_run_has_the_losses_of_an_unbroken_one() -> None:
    whole = losses(list(trainer().run()))
    first = trainer()
    seen: list[events.Event] = []
    stops = iter([False] * 7 + [True] * 100)
    seen = list(first.run(should_stop=lambda: next(stops)))
    checkpoint = next(
        each.checkpoint for each in seen if isinstance(each, events.CheckpointDue) and each.step == 7
    )
    second = trainer()
    second.restore(checkpoint)
    assert losses(seen) + losses(list(second.run())) == whole


def test_the_loss_is_the_cross_entropy_of_the_answer() -> None:
    """Against a loop over queries: other answers of a query, and the query itself, are not negatives."""
    vectors = np.random.default_rng(2).normal(size=(9, WIDTH)).astype(np.float32)
    ids = [f"q{number}" for number in range(3)] + [f"d{number}" for number in range(6)]
    gains = {"q0": {"d0": 1.0, "d5": 0.0}, "q1": {"d1": 1.0, "d0": 1.0, "d4": 0.0}, "q2": {"d2": 1.0}}
    config = RetrievalTrainingConfig(heldout=0, batch_size=3, negatives=1)
    blank = np.full(9, "")
    data = by_judgements(
        np.arange(9),
        {name: place for place, name in enumerate(ids)},
        Labels(np.array(ids), blank, blank),
        gains,
        config,
    )
    work = RetrievalTrainer(head(), Ranking(RankingConfig(kappa=30.0)), data, config, StoredVectors(vectors))
    with torch.no_grad():
        loss = float(work._loss(data.train, np.random.default_rng(0)))
    z = work.latents(np.arange(9))["text"].astype(np.float64)

    def logit(query: int, document: int) -> float:
        u, v = z[query], z[document]
        inner = (1 + u * v + np.sqrt(1 - u**2) * np.sqrt(1 - v**2)) / 2
        return 30.0 / 4 * float(np.log(inner).sum())

    def expected(second: int) -> float:
        """With document `second` drawn for q1, which d0 and d1 answer."""
        answers, hard = {0: 3, 1: second, 2: 5}, [8, 7]
        total = 0.0
        for query in range(3):
            own = {f"d{number - 3}" for number in range(3, 9) if gains[ids[query]].get(ids[number], 0) > 0}
            rest = [doc for other, doc in answers.items() if other != query] + hard
            others = [doc for doc in rest if ids[doc] not in own]
            values = [math.exp(logit(query, doc)) for doc in (answers[query], *others)]
            total -= math.log(values[0] / sum(values))
        return total / 3

    assert loss == pytest.approx(expected(3), rel=1e-4) or loss == pytest.approx(expected(4), rel=1e-4)


def test_metrics_by_query_equal_those_of_a_plain_loop() -> None:
    work = trainer("bec")
    data, found = work.data, work.by_query()
    z = dict(enumerate(work.latents(np.arange(CLASSES * EACH))["text"].astype(np.float64)))
    for number, query in enumerate(data.heldout[:10].tolist()):
        cosines = [
            float(z[query] @ z[doc] / np.linalg.norm(z[query]) / np.linalg.norm(z[doc]))
            for doc in data.corpus
        ]
        ranked = data.corpus[np.argsort(-np.array(cosines))]
        hits = [query // EACH == doc // EACH for doc in ranked.tolist()]
        gained = sum(hit / math.log2(rank + 2) for rank, hit in enumerate(hits[:10]))
        ideal = sum(1 / math.log2(rank + 2) for rank in range(min(10, sum(hits))))
        assert found["ndcg@10"][number] == pytest.approx(gained / ideal)
        first = hits.index(True)
        assert found["mrr"][number] == pytest.approx(1 / (first + 1) if first < 10 else 0.0)


def text_trainer(**settings: Any) -> RetrievalTrainer:
    """Texts of two kinds of tokens through a tiny random model, end to end."""
    random = np.random.default_rng(3)
    tokens = [[2, *(5 + 10 * (n % 2) + random.integers(0, 10, size=6)).tolist(), 3] for n in range(60)]
    torch.manual_seed(1)
    model = BertModel(
        BertConfig(
            vocab_size=40, hidden_size=WIDTH, num_hidden_layers=4, num_attention_heads=2, intermediate_size=24,
            max_position_embeddings=16, initializer_range=0.3,
        )
    )  # fmt: skip
    usual = {"epochs": 4, "batch_size": 8, "unfreeze": "last", "layers": 2, "encoder_rate": 0.003}
    config = RetrievalTrainingConfig(**{**usual, "snapshots": 2, **settings})
    blank = np.full(60, "")
    known = Labels(np.array([f"c{n}" for n in range(60)]), blank, np.array([f"l{n % 2}" for n in range(60)]))
    data = by_labels(np.arange(60), known, config)
    return RetrievalTrainer(head(), Ranking(RankingConfig()), data, config, TextLayers(model, tokens, config))


def test_end_to_end_the_chosen_layers_learn_and_no_others() -> None:
    work = text_trainer(seed=1)
    model: Any = work.reader._whole  # type: ignore[attr-defined]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = losses(list(work.run()))
    assert np.mean(found[-5:]) < np.mean(found[:5])
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved
    assert all(name.startswith(("encoder.layer.2.", "encoder.layer.3.")) for name in moved)


@pytest.mark.parametrize("settings", [{}, {"accumulate": 2}, {"unfreeze": "published"}])
def test_end_to_end_a_resumed_run_has_the_losses_of_an_unbroken_one(settings: dict[str, Any]) -> None:
    """With dropout."""
    whole = losses(list(text_trainer(**settings).run()))
    stops = iter([False] * 5 + [True] * 100)
    seen = list(text_trainer(**settings).run(should_stop=lambda: next(stops)))
    second = text_trainer(**settings)
    second.restore(next(each.checkpoint for each in seen if isinstance(each, events.CheckpointDue)))
    assert losses(seen) + losses(list(second.run())) == whole


def test_accumulated_batches_are_one_step() -> None:
    one, two = text_trainer(), text_trainer(accumulate=2)
    assert one.steps == 2 * two.steps
