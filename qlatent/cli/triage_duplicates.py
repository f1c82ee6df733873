"""The command `qlatent triage duplicates`, which groups near-duplicates, or measures them against known pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from qlatent.cli import following
from qlatent.cli.options import EncoderKey, JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.errors import ConfigError, RunError
from qlatent.services.datasets import browsing, datasets
from qlatent.services.triage import duplicate_truth, duplicates
from qlatent.services.triage.compared import By
from qlatent.services.workspaces import Workspace

_SHOWN = 10  # groups that are printed; JSON has them all
_UNITS = {"image": "bits of 64", "text": "1 - cosine", "vector": "1 - cosine"}


def duplicates_command(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="image: perceptual hashes. text: trigrams of characters. vector: stored vectors, or a run's latents. "
            "Default: image, or text where there are no images.",
        ),
    ] = "",
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            min=0.0,
            help="Largest distance within a group: of images the bits of 64 that differ (usually 10), of texts "
            "1 - cosine (0.3), of vectors 1 - cosine (0.05), of a run's latents the Euclidean distance.",
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth",
            help="CSV file of pairs that are the same, two columns of item ids: measure instead of group.",
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--source",
            help="With --truth: column that tells two sources apart, matched one to one. Default: found by itself.",
        ),
    ] = "",
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, help="With --truth: draws the half on which the threshold is chosen."),
    ] = 0,
    vectors: EncoderKey = None,
    modality: Annotated[
        str, typer.Option(help="Of the vectors: image, text or vector. Default: the first.")
    ] = "",
    run: Annotated[str, typer.Option("--run", help="Run whose last latents are compared.")] = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Group near-duplicates: every member of a group lies within the threshold of every other."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    way = _by(opened, dataset, by, vectors=bool(vectors or run))
    chosen = {"encoder": vectors or "", "modality": modality, "run": run} if way == "vector" else {}
    if truth is not None:
        with terminal.progress("Comparing") as progress:
            found = duplicate_truth.measured(
                opened, dataset, truth, by=way, seed=seed, threshold=threshold, source=source, progress=progress,
                **chosen,
            )  # fmt: skip
        terminal.result(found.document(), *_measured_lines(found))
        return
    if not duplicates.ready(opened, dataset, by=way, **chosen):
        started = duplicates.start(opened, dataset, by=way, **chosen)
        if following.watch(opened, started, terminal=terminal).state != "finished":
            raise RunError(
                f"Run {started} was stopped.", remedy=f"`qlatent resume {started}` starts it again."
            )
    document = _grouped(opened, dataset, way, threshold, chosen)
    terminal.result(document, *_lines(document))


def _by(workspace: Workspace, dataset: str, asked: str, *, vectors: bool) -> By:
    for each in get_args(By):
        if each == asked:
            found: By = each
            return found
    if asked:
        raise ConfigError(f"Items cannot be compared by {asked!r}.", remedy="Use image, text or vector.")
    there = datasets.dataset_view(workspace, dataset).modalities
    return "vector" if vectors else "image" if "image" in there else "text"


def _grouped(
    workspace: Workspace, dataset: str, by: By, threshold: float | None, chosen: dict[str, str]
) -> dict[str, Any]:
    """The groups with the ids of their items, the largest first."""
    found = duplicates.groups(workspace, dataset, by=by, threshold=threshold, **chosen)
    ids = browsing.items(workspace, dataset)["id"].tolist()
    members: list[list[str]] = [[] for _ in range(len(found))]
    for row, group in enumerate(found.group.tolist()):
        if group >= 0:
            members[group].append(ids[row])
    members.sort(key=len, reverse=True)
    return {
        "by": by, "threshold": found.threshold, "count": len(found), "items": sum(map(len, members)),
        "flat": int(found.flat.sum()), "groups": [{"representative": each[0], "members": each} for each in members],
    }  # fmt: skip


def _lines(document: dict[str, Any]) -> list[str]:
    unit = _UNITS[document["by"]]
    lines = [
        f"{document['count']:,} groups with {document['items']:,} items, by {document['by']}, within "
        f"{document['threshold']:.4g} ({unit})."
    ]
    if document["flat"]:
        lines.append(f"{document['flat']:,} images have no detail and are in no group.")
    shown = document["groups"][:_SHOWN]
    lines += [f"  {len(each['members']):>5}  {', '.join(each['members'][:6])}" for each in shown]
    hidden = document["count"] - len(shown)
    return lines + ([f"  and {hidden:,} more; --json prints all"] if hidden else [])


def _measured_lines(found: duplicate_truth.Measured) -> list[str]:
    score = found.score
    how = f"one to one between the two values of {found.source}" if found.source else "all pairs"
    return [
        f"F1 {score.f1:.3f}, precision {score.precision:.3f}, recall {score.recall:.3f} within {score.threshold:.4g} "
        f"({_UNITS[found.by]}).",
        f"  {found.true_pairs:,} true pairs, {how}; threshold from one half (seed {found.seed}), scored on the other.",
    ]
