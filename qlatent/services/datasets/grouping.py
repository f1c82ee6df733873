"""Group the items of a dataset by shared content and by a chosen column. Torch-free."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qlatent.errors import ConfigError
from qlatent.registry import did_you_mean
from qlatent.services.datasets.column_codes import Coded, joined, text_array
from qlatent.services.runs.specs import VectorTraining
from qlatent.services.vectors.stored import hash_column
from qlatent.store.workspace import Workspace
from qlatent.training.core import splits
from qlatent.training.core.rows import Labels

SHARED = ("image_hash", "text_hash", "given_image", "given_text", "given_vector")
OWN = ("label", "source")  # columns of every item, in addition to those of its file
LOOKED_AT = 200  # first rows, whose metadata columns are offered


class Rule(Protocol):
    """The split settings of a training config."""

    @property
    def split_rule(self) -> str: ...
    @property
    def group_by(self) -> str: ...


def groups(workspace: Workspace, dataset: str, version: int, rule: Rule) -> NDArray[np.int64]:
    """The group of each row of a dataset, (rows,) from 0.

    Items are grouped if they share an image, a text or an imported vector, the id before a final `#number`, or the
    value in the column `rule.group_by`. An unknown column raises `ConfigError`.
    """
    table = workspace.items.table(dataset, columns=_tying(rule), version=version)
    return _tied(table, rule, dataset, Columns(table))


class Columns:
    """The columns of a table as numbers, each looked up once."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._coded: dict[str, Coded] = {}

    def __getitem__(self, name: str) -> Coded:
        if name not in self._coded:
            self._coded[name] = Coded(self._table[name])
        return self._coded[name]


def _tying(rule: Rule) -> list[str]:
    """The item columns that group rows; `ConfigError` as in `check`."""
    check(rule)
    column = rule.group_by
    return ["id", *SHARED, *([column if column in OWN else "metadata"] if column else [])]


def _tied(table: pa.Table, rule: Rule, dataset: str, columns: Columns) -> NDArray[np.int64]:
    """The group of each row of a table with the columns `_tying`."""
    column = rule.group_by
    ties = [splits.uncommon(columns[name].codes) for name in SHARED if table[name].null_count < len(table)]
    ties.append(_stems(table["id"]))
    if column in OWN:
        ties.append(columns[column].codes)
    elif column:
        ties.append(splits.codes(_values(table["metadata"].to_pylist(), column, dataset)))
    return splits.tied(ties)


def _stems(ids: pa.ChunkedArray) -> NDArray[np.int64]:
    """Codes of the stems of ids, (rows,), also for an id that is the stem of others; −1 for all other ids."""
    found = np.full(len(ids), -1, dtype=np.int64)
    numbered = np.flatnonzero(pc.match_substring(ids, "#").to_numpy())  # hardly any file has such ids
    stems = splits.id_stems(ids.take(pa.array(numbered)).to_pylist())
    known = pa.array({stem for stem in stems if stem is not None}, pa.string())
    first = np.flatnonzero(pc.is_in(ids, value_set=known).to_numpy()) if len(known) else numbered[:0]
    first = np.setdiff1d(first, numbered)  # a#1 is one of a, not the stem of a#1#2
    every = np.concatenate([numbered, first])
    found[every] = splits.codes([*stems, *ids.take(pa.array(first)).to_pylist()])
    return found


def of_vectors(
    workspace: Workspace, spec: VectorTraining, rule: Rule, *, ordered: bool = True
) -> tuple[dict[str, pa.ChunkedArray], Labels]:
    """For a run on vectors: the hash of each row's vector by modality, and the `Labels` of the rows, as ranks.

    Unless `ordered`, contents are numbered in any order, which is faster and enough to tell whether rows can be split.
    """
    dataset, version = spec.dataset, spec.dataset_version
    names = {modality: hash_column(spec.encoder, modality) for modality in spec.modalities}
    read = dict.fromkeys(["split", "label", *names.values(), *_tying(rule)])
    table = workspace.items.table(dataset, columns=list(read), version=version)
    columns, hashes = Columns(table), {modality: table.column(name) for modality, name in names.items()}
    # content is what the head sees: with texts only, equal texts are equal contents
    (*_, last) = names.values()
    coded = columns[last] if len(names) == 1 else Coded(joined(list(hashes.values())))
    content = coded.ranks if ordered else coded.codes
    split, label = text_array(table["split"]), columns["label"].ranks
    return hashes, Labels(content, split, label, _tied(table, rule, dataset, columns))


def check(rule: Rule) -> None:
    """Raise an error for a group column under a split rule without groups."""
    if rule.group_by and rule.split_rule != "groups":
        raise ConfigError(
            f"group_by={rule.group_by!r} has no effect with split_rule={rule.split_rule!r}.",
            remedy="Use split_rule=groups, or leave group_by out.",
        )


def _values(cells: Sequence[str | None], column: str, dataset: str) -> list[str | None]:
    """The value of each item in a metadata column; None where it is missing."""
    every = [json.loads(cell or "{}") for cell in cells]
    if not any(column in each for each in every):
        known = sorted({name for each in every for name in each} | set(OWN))
        raise ConfigError(
            f"Got group_by={column!r}, but no item of {dataset!r} has this column.",
            remedy=did_you_mean(column, known),
        )
    return [_said(each.get(column)) for each in every]


def _said(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    return json.dumps(value, sort_keys=True)


def columns(workspace: Workspace, dataset: str) -> list[str]:
    """Names of columns to group by: metadata columns of the first rows, then label and source."""
    cells = workspace.items.rows(
        dataset, range(min(LOOKED_AT, workspace.items.count(dataset))), columns=["metadata"]
    )
    rows = [json.loads(cell["metadata"] or "{}") for cell in cells]
    found = dict.fromkeys(name for row in rows for name, value in row.items() if value is not None)
    return [*found, *(name for name in OWN if name not in found)]
