"""Data-scarcity studies: train retrieval heads on shares of the queries, and collect the results. Torch-free.

After Kankeu et al. (arXiv 2501.04591), Fig. 5: heads are trained on 1 to 100 % of the queries and evaluated on the
same held-out queries. Share 0 is the untrained head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import ConfigError
from qlatent.metrics.retrieval import relevance
from qlatent.metrics.retrieval.relevance import Compared
from qlatent.registry import head_class, respelled
from qlatent.services.experiments import grid
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import BaseTraining, RetrievalTraining
from qlatent.services.training import sweeps
from qlatent.services.training.kinds.retrieval import spec as retrieval
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.training_key import training_key
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace

SHARES = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
HEADS = ("qbec", "bec", "linear_fidelity", "merge_cosine", "grouped_linear", "pca")
QUIET = {"snapshots": 2, "probe_size": 200, "evaluations": 1}  # nobody watches these runs
Row = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """Heads × latent dimensions × shares × seeds on one dataset, with the settings of a retrieval training."""

    dataset: str
    heads: Sequence[str] = HEADS
    dims: Sequence[int] = (64,)
    shares: Sequence[float] = SHARES
    seeds: int = 3
    settings: Mapping[str, Any] = field(default_factory=dict)
    encoder_key: str | None = None
    judgements: str = ""


@dataclass(frozen=True)
class Place:
    """One training of the study, and its run if there is one."""

    head: str
    dim: int
    share: float
    seed: int
    spec: RetrievalTraining
    run: RunSummary | None = None


def places(workspace: Workspace, study: Study) -> list[Place]:
    """The trainings of a study with their runs; an invalid study raises before any training starts.

    All seeds use the same split and shares, so that results can be compared by query. A study without a split rule
    uses that of its existing trainings, which may be from an earlier version.
    """
    for share in study.shares:
        if not 0 <= share <= 1:
            raise ConfigError(
                f"Got a share of {share:g}.", remedy="Use shares from 0 (untrained) to 1 (all queries)."
            )
    known = sweeps.known(workspace)
    if "split_rule" in study.settings:
        return _places(workspace, study, known)
    tables = [_places(workspace, _split_by(study, rule), known) for rule in _rules(study, known)]
    return max(tables, key=lambda table: sum(place.run is not None for place in table))


def _rules(study: Study, known: Mapping[str, RunSummary]) -> list[str]:
    """Possible split rules of a study that names none; the older rule only if existing trainings use it."""
    rules = {
        run.spec.configs.training["split_rule"]
        for run in known.values()
        if isinstance(run.spec, BaseTraining) and run.spec.dataset == study.dataset
    }
    older = "contents" in rules
    return ["groups", *(["contents"] if older and not study.settings.get("group_by") else [])]


def _split_by(study: Study, rule: str) -> Study:
    return replace(study, settings={**study.settings, "split_rule": rule})


def _places(workspace: Workspace, study: Study, known: Mapping[str, RunSummary]) -> list[Place]:
    widths: dict[str, int] | None = None  # read once; the first spec checks the items for all others
    found: list[Place] = []
    for share in sorted(study.shares):
        for seed in range(study.seeds):
            for dim in study.dims:
                for head in study.heads:
                    spec = _spec(workspace, study, head, dim, share, seed, widths)
                    if widths is None:
                        key = spec.encoder
                        widths = stored.widths(workspace, study.dataset, key) if key else {}
                        study = replace(study, encoder_key=key or None)
                    found.append(Place(head, dim, share, seed, spec, known.get(training_key(spec))))
    return found


def _spec(
    workspace: Workspace,
    study: Study,
    head: str,
    dim: int,
    share: float,
    seed: int,
    widths: dict[str, int] | None,
) -> RetrievalTraining:
    name, own = grid.parse(head)
    config = head_class(name)
    common, own = (respelled(config, each) for each in (study.settings, own))
    width = {key: dim} if (key := config.width_key()) else {}
    amount = {"share": share} if share > 0 else {"epochs": 0}
    values = {**QUIET, **common, **width, **own, **amount, "seed": seed, "split_seed": 0}
    request = TrainingRequest(
        study.dataset, study.encoder_key, name, "ranking", values,
        name=f"{grid.title(head)}, {dim} dimensions, {share:.0%} of the queries, seed {seed}",
        source="retrieval", judgements=study.judgements,
    )  # fmt: skip
    made = retrieval.spec(workspace, request, widths=widths)
    part = {"threads": 1, "keep": False, "part_of": "shares of the training queries"}
    return made.model_copy(update=part)


def lacking(table: Sequence[Place]) -> list[Place]:
    """The places without a finished training."""
    return [place for place in table if place.run is None or place.run.state != "finished"]


def rows(workspace: Workspace, table: Sequence[Place]) -> list[Row]:
    """Results of the finished trainings: one row each, with NDCG@10 of every held-out query."""
    found = []
    for place in table:
        if place.run is None or place.run.state != "finished":
            continue
        by_query = workspace.run(place.run.id).queries()
        means = {name: float(np.nanmean(values)) for name, values in by_query.items() if name != "rows"}
        main = [None if np.isnan(each) else round(float(each), 4) for each in by_query[relevance.MAIN]]
        found.append(
            {
                "head": place.head,
                "dim": place.dim,
                "share": place.share,
                "seed": place.seed,
                **means,
                "by_query": main,
            }
        )
    return found


@dataclass(frozen=True)
class Cell:
    """A head at one dimension and share: mean NDCG@10, its 95 % interval over queries and its spread over seeds.

    The value of a query is its mean over the seeds. `against` is the difference to the reference head of the same
    dimension and share, paired by query, with Holm's correction over the heads; None for the reference.
    """

    head: str
    dim: int
    share: float
    seeds: int
    value: float
    low: float
    high: float
    spread: float
    against: Compared | None = None

    def document(self) -> dict[str, Any]:
        """The cell as JSON values."""
        found = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "against"}
        if self.against is None:
            return found
        difference = asdict(self.against.difference)
        return {**found, "difference": difference, "p_holm": self.against.p_holm, "words": self.against.words}


def cells(table: Sequence[Row], *, reference: str) -> list[Cell]:
    """All heads at all dimensions and shares, compared with `reference` if present."""
    groups: dict[tuple[int, float], dict[str, list[Row]]] = {}
    for row in table:
        groups.setdefault((row["dim"], row["share"]), {}).setdefault(row["head"], []).append(row)
    found = []
    for (dim, share), heads in sorted(groups.items()):
        values = {head: _mean([row["by_query"] for row in rows]) for head, rows in heads.items()}
        others = {head: each for head, each in values.items() if head != reference}
        compared = relevance.compare(others, values[reference]) if reference in values and others else {}
        for head, rows in heads.items():
            estimate = relevance.intervals({relevance.MAIN: values[head]})[relevance.MAIN]
            means = [row[relevance.MAIN] for row in rows]
            spread = float(np.std(means, ddof=1)) if len(means) > 1 else float("nan")
            found.append(
                Cell(
                    head,
                    dim,
                    share,
                    len(rows),
                    estimate.value,
                    estimate.low,
                    estimate.high,
                    spread,
                    compared.get(head),
                )
            )
    return found


def _mean(lists: Sequence[Sequence[float | None]]) -> NDArray[np.float64]:
    numbers = np.array(
        [[np.nan if each is None else each for each in one] for one in lists], dtype=np.float64
    )
    found: NDArray[np.float64] = numbers.mean(axis=0)
    return found
