"""Train a head, and optionally encoder layers, to rank answers first, yielding events. It does not touch the disk.

The order of queries is a pure function of (seed, epoch); the answers, negatives and dropout of a batch are a pure
function of (seed, step). A resumed run therefore sees the same batches as an unbroken one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qlatent.metrics.retrieval import relevance as judged
from qlatent.metrics.retrieval import search
from qlatent.objectives.ranking import Ranking
from qlatent.training.core import events
from qlatent.training.core.adam import Adam
from qlatent.training.core.loop import Numbers, Work, batches_of, learning_rate, snapshot_steps
from qlatent.training.core.rows import Rows, batch_order
from qlatent.training.retrieval.configs import RetrievalTrainingConfig
from qlatent.training.retrieval.data import POSITIVES, RetrievalData
from qlatent.training.retrieval.readers import Reader
from qlatent.types import Arrays

TRAINING, EVALUATION = 0, 1
JUDGED = 500  # held-out queries in an evaluation during training; the last uses all
DEPTH = 10  # ranks that count
FIGURES = (judged.MAIN, "mrr", "recall@10")


class Network(nn.Module):
    """All trainable parts: a head, encoder layers and the scale of the similarities."""

    def __init__(self, head: Any, layers: nn.ModuleList, log_scale: nn.Parameter | None) -> None:
        super().__init__()
        self.head, self.layers, self.log_scale = head, layers, log_scale


class RetrievalTrainer(Work):
    """Trains a head, and the trainable encoder layers below it, on ranking."""

    checkpoint_seconds = 30.0

    def __init__(
        self,
        head: Any,
        objective: Ranking,
        data: RetrievalData,
        config: RetrievalTrainingConfig,
        reader: Reader,
    ) -> None:
        self.head, self.objective, self.data, self.config, self.reader = head, objective, data, config, reader
        (self.modality,) = head.modalities
        self.network = self.learner = Network(head, reader.learned, objective.learned(head))
        self.optimizer = _Adams(self.network, weight_decay=config.weight_decay)
        batches = batches_of(data.train_pairs, config, fewest=2)
        self.batches = max(1, batches // config.accumulate)  # steps per epoch
        learns = any(each.requires_grad for part in (head, reader.learned) for each in part.parameters())
        self.steps = self.batches * config.epochs if learns else 0
        self.step = 0
        self.checkpoint_every = config.checkpoint_every
        self._snapshots = frozenset(snapshot_steps(self.steps, count=config.snapshots))
        spaced = np.linspace(self.steps, 0, config.evaluations) if config.evaluations > 1 else [self.steps]
        self._judged = frozenset(round(float(each)) for each in spaced)
        self._may_answer, self._in_corpus = (
            np.isin(np.arange(len(data.rows)), each) for each in (data.documents, data.corpus)
        )
        if not head.prepared and head.rows_wanted != 0:  # end to end, encoding them takes a while
            rows = data.documents[
                :: max(1, -(-len(data.documents) // (head.rows_wanted or len(data.documents))))
            ]
            head.prepare({self.modality: torch.from_numpy(self.inputs(rows))})

    @property
    def epochs(self) -> int:
        """The configured number of passes, even where nothing is trainable."""
        return int(self.config.epochs)

    def due(self) -> Iterator[events.Event]:
        """Evaluation on held-out queries and latents of the probe set, each where due after this step."""
        if self.step in self._judged and self.data.heldout_pairs:
            yield events.Evaluation(self.step, self.epoch, self.evaluate(few=self.step < self.steps))
        if self.step in self._snapshots:
            yield events.Snapshot(self.step, self.latents(self.data.drawn))

    def make_step(self) -> Numbers:
        """Make one step of Adam on its batches and return their mean loss before the update."""
        config, (epoch, number) = self.config, divmod(self.step, self.batches)
        order = self.data.train[batch_order(self.data.train_pairs, seed=config.seed, epoch=epoch)]
        self.network.train()
        self.optimizer.zero_grad()
        total = 0.0
        for part in range(config.accumulate):
            place = number * config.accumulate + part
            queries = order[place * config.batch_size : (place + 1) * config.batch_size]
            if len(queries) < 2:
                break
            with torch.random.fork_rng(devices=[]):  # for dropout
                torch.manual_seed(self._generator(TRAINING, self.step, part).integers(2**31))
                loss = self._loss(queries, self._generator(TRAINING, self.step, part, 1)) / config.accumulate
                loss.backward()
            total += float(loss.detach())
        rate = learning_rate(config, self.step, batches=self.batches)
        self.optimizer.step(rate=rate, encoder_rate=config.encoder_rate * rate / config.learning_rate)
        self.step += 1
        return {"total": total}

    @torch.no_grad()
    def latents(self, positions: Rows) -> Arrays:
        """Latents (modality → (m, k) float32) of items under the present weights."""
        self.network.eval()
        found = torch.empty((len(positions), self.head.latent_dim))
        for places, part in self.reader.parts(positions):
            found[torch.from_numpy(places)] = self._encode(part)
        return {self.modality: found.numpy()}

    @torch.no_grad()
    def inputs(self, positions: Rows) -> NDArray[np.float32]:
        """Inputs of the head for items, (m, d) float32, under the present weights."""
        self.network.eval()
        order, parts = [], []
        for places, part in self.reader.parts(positions):
            order.append(places)
            parts.append(self._inputs(part))
        found: NDArray[np.float32] = torch.cat(parts)[
            torch.from_numpy(np.argsort(np.concatenate(order)))
        ].numpy()
        return found

    def evaluate(self, *, few: bool = False) -> Numbers:
        """The loss of the held-out queries and the means of their retrieval metrics on the corpus."""
        queries = self._asked() if few else self.data.heldout
        measures = self._measures(queries) if few else self.by_query()
        found = {name: float(np.nanmean(values)) for name, values in measures.items()}
        return {"total": self.heldout_loss(self._asked()), **found}

    @torch.no_grad()
    def heldout_loss(self, queries: Rows) -> float:
        """The mean loss of held-out queries, in batches as in training and with the same answers every time."""
        self.network.eval()
        size = self.config.batch_size
        sums = 0.0
        for number, start in enumerate(range(0, len(queries), size)):
            part = queries[start : start + size]
            sums += float(self._loss(part, self._generator(EVALUATION, number), judging=True)) * len(part)
        return sums / len(queries)

    def by_query(self) -> dict[str, NDArray[np.float64]]:
        """The metrics `FIGURES` of each held-out query, as in `metrics.relevance`, at depth 10, for mrr too."""
        if self._judged_last is None or self._judged_last[0] != self.step:
            self._judged_last = (self.step, self._measures(self.data.heldout))
        return self._judged_last[1]

    _judged_last: tuple[int, dict[str, NDArray[np.float64]]] | None = None  # step, result

    def _measures(self, asked: Rows) -> dict[str, NDArray[np.float64]]:
        corpus = self.data.corpus
        documents, latents = (self.latents(each)[self.modality] for each in (corpus, asked))
        place = {int(position): row for row, position in enumerate(corpus)}
        own = np.array([place.get(int(each), -1) for each in asked])
        rows = (
            search.index(documents, self.head.distance).top(latents, min(DEPTH, len(corpus)), skip=own).rows
        )
        gains = np.where(rows >= 0, self.data.relevance.gains(asked, corpus[rows]), 0.0)
        found = judged.measures(gains, [self._ideal(each) for each in asked.tolist()])
        return {name: found[name] for name in FIGURES}

    def _ideal(self, query: int) -> NDArray[np.float64]:
        answers = np.intersect1d(self.data.relevance.answers(query), self.data.corpus)
        return self.data.relevance.gains(np.array([query]), answers)[0]

    def _asked(self) -> Rows:
        """The held-out queries of evaluations during training, always the same."""
        queries = self.data.heldout
        if len(queries) <= JUDGED:
            return queries
        return np.sort(self._generator(EVALUATION, 1 << 20).permutation(queries)[:JUDGED])

    def _loss(self, queries: Rows, random: np.random.Generator, *, judging: bool = False) -> Tensor:
        """Cross-entropy of a drawn answer of each query among the documents of the batch."""
        known = self._in_corpus if judging else self._may_answer
        answers = [
            self._draw(self.data.relevance.answers(each), known, random, 1) for each in queries.tolist()
        ]
        hard = [
            self._draw(self.data.relevance.negatives(each), known, random, self.config.negatives)
            for each in queries.tolist()
        ]
        documents = np.concatenate([*answers, *hard])
        excluded = self.data.relevance.gains(queries, documents) > 0  # other answers are not negatives
        excluded |= documents == queries[:, None]
        excluded[np.arange(len(queries)), np.arange(len(queries))] = False
        used, spots = np.unique(np.concatenate([queries, documents]), return_inverse=True)
        latents = self._encode(used)[torch.from_numpy(spots)]
        return self.objective.ranked(
            self.head, latents[: len(queries)], latents[len(queries) :], excluded=torch.from_numpy(excluded)
        )

    @staticmethod
    def _draw(documents: Rows, known: NDArray[np.bool_], random: np.random.Generator, count: int) -> Rows:
        found: Rows = random.permutation(documents[known[documents]])[:count]
        return found

    def _encode(self, positions: Rows) -> Tensor:
        latents: Tensor = self.head.encode({self.modality: self._inputs(positions)})[self.modality]
        return latents

    def _inputs(self, positions: Rows) -> Tensor:
        vectors = self.reader.read(positions)
        return nn.functional.normalize(vectors, dim=1) if self.config.normalise == "l2" else vectors

    def _generator(self, *place: int) -> np.random.Generator:
        return np.random.default_rng((self.config.seed, POSITIVES, *place))


class _Adams:
    """Adam for the head and the scale, and Adam with a separate learning rate for the encoder layers."""

    def __init__(self, network: Network, *, weight_decay: float) -> None:
        layers = {id(each) for each in network.layers.parameters()}
        rest = [each for each in network.parameters() if id(each) not in layers]
        self._parts = {
            "head": Adam(rest, weight_decay=weight_decay),
            "encoder": Adam(network.layers.parameters(), weight_decay=weight_decay),
        }

    def zero_grad(self) -> None:
        """Clear all gradients."""
        for part in self._parts.values():
            part.zero_grad()

    def step(self, *, rate: float, encoder_rate: float) -> None:
        """Update every parameter that has a gradient."""
        for part, own in zip(self._parts.values(), (rate, encoder_rate), strict=True):
            if part.parameters:
                part.step(rate=own)

    def state_dict(self) -> dict[str, Tensor]:
        """Both optimizer states, keyed "<part>.<parameter index>.<quantity>"."""
        return {
            f"{name}.{key}": value
            for name, part in self._parts.items()
            for key, value in part.state_dict().items()
        }

    def load_state_dict(self, tensors: dict[str, Tensor]) -> None:
        """Load both optimizer states."""
        for name, part in self._parts.items():
            part.load_state_dict(
                {
                    key.removeprefix(f"{name}."): value
                    for key, value in tensors.items()
                    if key.startswith(f"{name}.")
                }
            )
