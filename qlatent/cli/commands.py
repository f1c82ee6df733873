"""Defines the commands of `qlatent`; each opens the workspace, calls a service and prints the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qlatent.cli import (
    classes,
    collections,
    exporting,
    following,
    hardware,
    items,
    kept,
    layouts,
    lessons,
    lines,
    removing,
    retrieval,
    roles,
    scarcity,
    searching,
    studies,
    triage,
)
from qlatent.cli.options import (
    Detach,
    EncoderKey,
    GroupBy,
    JsonOption,
    SetOption,
    WorkspaceOption,
    mapping_of,
    open_folder,
    open_workspace,
    path_of,
    settings_of,
    split_by,
)
from qlatent.cli.terminal import Terminal
from qlatent.registry import HEADS, OBJECTIVES
from qlatent.services import demo
from qlatent.services.datasets import datasets
from qlatent.services.exports import export
from qlatent.services.heads import evaluation, kept_heads
from qlatent.services.runs import listing, queue
from qlatent.services.training.kinds.table import KINDS, source_named
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.vectors import encoding

app = typer.Typer(
    help="Explore latent spaces: import and encode data, train small quantum and classical heads, compare them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.command(name="demo")
def demo_command(
    workspace: WorkspaceOption = None,
    count: Annotated[int, typer.Option(min=50, max=100_000, help="Number of listings to draw.")] = 2000,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Do nothing if the demo already exists.")
    ] = False,
    detach: Detach = False,
    as_json: JsonOption = False,
) -> None:
    """Draw a demo marketplace, import and encode it, and train a head on it with two losses."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if detach and not (if_missing and demo.prepared(opened)):
        following.follow(opened, demo.start(opened, count=count), terminal=terminal, detach=True)
        return
    if not (if_missing and demo.prepared(opened)):
        with terminal.progress("Drawing, importing and encoding the demo") as progress:
            key = demo.furnish(opened, count=count, progress=progress)
        for run in demo.train(opened, key):
            following.watch(opened, run, terminal=terminal)
    document = demo.summary(opened)
    terminal.result(document, f"The demo is ready: dataset {document['dataset']}, run {document['run']}.")


@app.command(name="import")
def import_command(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="A file, a folder, or hf://name of a Hugging Face dataset. Give several files that belong together, "
            "such as vectors and the table of their items, in one command."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="Name of the dataset. Default: the file name.")] = None,
    into: Annotated[
        str | None, typer.Option(help="Add the items to this dataset instead of creating one.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Map a column to a part of an item: part=column, such as image=photo or text=title,description.",
        ),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what would be stored without storing it.")
    ] = False,
    refusals: Annotated[Path | None, typer.Option(help="Write the refused rows to this CSV file.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import images, zips, tables, text lines, folders, saved datasets or precomputed vectors."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    source = sources[0] if len(sources) == 1 else sources
    with terminal.progress(f"Reading {', '.join(sources)}") as progress:
        seen = datasets.preview(opened, source, mapping=mapping_of(column), progress=progress)
    if refusals is not None:
        refusals.write_bytes(datasets.refusals_csv(seen.refusals).encode())
    if not seen.good:
        raise seen.nothing_kept()
    if preview:
        terminal.result(seen.document(), *lines.preview(seen))
        return
    with terminal.progress("Storing") as progress:
        report = datasets.store(opened, seen, name=name, into=into, progress=progress)
    terminal.result(report.document(), *lines.imported(report))


@app.command(name="datasets")
def datasets_command(
    dataset: Annotated[str | None, typer.Argument(help="Id of the dataset to describe.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the datasets or describe one of them."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if dataset is None:
        rows = [lines.dataset_row(view) for view in datasets.list_datasets(opened)]
        terminal.table(
            {"datasets": rows},
            ["id", "rows", "modalities", "encoders"],
            [list(row.values())[:4] for row in rows],
        )
        return
    document = lines.dataset_row(datasets.dataset_view(opened, dataset))
    terminal.result(document, *(f"{key}: {value}" for key, value in document.items()))


@app.command()
def encode(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    encoder: Annotated[str, typer.Option(help="Encoder to use: builtin, clip or text.")] = "builtin",
    views: Annotated[
        int, typer.Option(help="Also encode this many augmented views of each image (2 to 32, usually 4).")
    ] = 0,
    set_: SetOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute vectors of a dataset's images and texts. Existing vectors are not computed again."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    terminal.warn(demo.beyond_builtin(encoder, dataset))
    with terminal.progress(f"Encoding {dataset}") as progress:
        report = encoding.encode(
            opened, dataset, encoder=encoder, settings=settings_of(set_), views=views, progress=progress
        )
    terminal.result(report.document(), *lines.encoding(report))


@app.command()
def train(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    head: Annotated[
        str | None,
        typer.Option(
            help=f"Head to train: {', '.join(HEADS)}. Default: acqua; qssl from images; qbec from retrieval."
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            help=f"Objective: {', '.join(OBJECTIVES)}. Default: acqua; ntxent from images; ranking from retrieval."
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="vectors: train the head on stored vectors. images: train a ResNet-18 under the head. "
            "retrieval: train for retrieval, by labels or judgements.",
        ),
    ] = "vectors",
    judgements: Annotated[
        Path | None,
        typer.Option(
            help="Relevance judgements for retrieval: TREC qrels, or query, document, gain, or triples of query, "
            "positive, negative. Default: items of the same label are relevant."
        ),
    ] = None,
    set_: SetOption = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of weights, split, snapshot sample and batch order.")
    ] = 0,
    group_by: GroupBy = "",
    vectors: EncoderKey = None,
    name: Annotated[str | None, typer.Option(help="Name of the run.")] = None,
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a head in a worker process and show its progress. Ctrl-C stops the run; `qlatent resume` continues it."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    kind = KINDS[source_named(source)]
    request = TrainingRequest(
        dataset=dataset, encoder_key=vectors, head=head or kind.usual[0], objective=objective or kind.usual[1],
        settings={"seed": seed, **split_by(settings_of(set_), group_by)}, name=name or "", source=kind.source,
        judgements=str(judgements or ""),
    )  # fmt: skip
    run_id = start_training(opened, request)
    following.follow(opened, run_id, terminal=terminal, detach=detach)


@app.command(name="runs")
def runs_command(
    run: Annotated[str | None, typer.Argument(help="Id of the run to describe.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs or describe one of them."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if run is not None:
        document = lines.run_document(opened, run)
        terminal.result(document, *(f"{key}: {value}" for key, value in document.items()))
        return
    rows = [lines.run_row(view) for view in listing.list_runs(opened)]
    terminal.table(
        {"runs": rows},
        ["id", "kind", "state", "step", "of", "name"],
        [list(row.values())[:6] for row in rows],
    )


@app.command()
def stop(
    run: Annotated[str, typer.Argument(help="Id of the run.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a run after its current step. It keeps a checkpoint."""
    opened, terminal = (
        open_folder(workspace),
        Terminal(as_json=as_json),
    )  # stopping works without the catalogue
    queue.stop(opened, run)
    status = following.wait(opened, run, seconds=60)
    terminal.result({"run": run, "state": status.state}, f"{run}: {status.state} at step {status.step}.")


@app.command()
def resume(
    run: Annotated[str, typer.Argument(help="Id of the run.")],
    anew: Annotated[
        bool,
        typer.Option(
            "--anew", help="Start a new run with the same spec from the first step. The old run stays."
        ),
    ] = False,
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Resume a stopped, interrupted or failed run from its last checkpoint."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if anew:
        run = queue.start_over(opened, run)
    else:
        queue.resume(opened, run)
    following.follow(opened, run, terminal=terminal, detach=detach)


@app.command()
def evaluate(
    head: Annotated[
        str | None, typer.Argument(help="Id or name of a kept head, or the id of its run.")
    ] = None,
    dataset: Annotated[str | None, typer.Argument(help="Id of the dataset.")] = None,
    by_retrieval: retrieval.Switch = False,
    corpus: retrieval.Corpus = None,
    queries: retrieval.Queries = None,
    judgements: retrieval.JudgementsFile = None,
    run: retrieval.RunFile = None,
    head_: retrieval.Heads = None,
    against: retrieval.Against = None,
    encoder: retrieval.Encoder = None,
    set_: SetOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Retrieval: seed of random heads and resampling.")] = 0,
    vectors: EncoderKey = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure what a head keeps of a dataset: distances, neighbours, pairs, reconstruction, or retrieval."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if by_retrieval:
        asked = retrieval.Asked(
            corpus, queries, judgements, run, head_, against, encoder, settings_of(set_), vectors, seed
        )
        retrieval.evaluate(opened, asked, terminal=terminal)
        return
    if head is None or dataset is None:
        raise typer.BadParameter("give HEAD and DATASET, or --retrieval with --corpus")
    document = evaluation.evaluate(opened, head, dataset, encoder_key=vectors)
    terminal.warn(demo.beyond_builtin(document["encoder"], dataset))
    terminal.table(document, ["metric", "value"], evaluation.lines(document["metrics"]))


@app.command()
def transform(
    head: Annotated[str, typer.Argument(help="Id or name of a kept head, or the id of its run.")],
    source: Annotated[str, typer.Argument(help="Id of a dataset, or an .npz or .npy file of vectors.")],
    out: Annotated[Path, typer.Option(help="File to write: .npz, .parquet, .csv or .jsonl.")],
    vectors: EncoderKey = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the latents of a dataset or of a file of vectors."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    rows = export.latents(opened, head, source, out=out, encoder_key=vectors)
    terminal.result({"head": head, "out": str(out), "rows": rows}, f"{rows} rows → {out}")


@app.command()
def load(
    path: Annotated[
        Path, typer.Argument(help="A saved head: a zip, or a folder with model.safetensors and config.json.")
    ],
    name: Annotated[str | None, typer.Option(help="Name of the head. Default: the file name.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load a saved head into the workspace."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    head_id = kept_heads.load_upload(opened, path, name=name or path.stem)
    view = kept_heads.view(opened, head_id)
    terminal.result(
        {"head": head_id, "name": view.name, "kind": view.head, "parameters": view.parameter_count},
        f"{head_id}: {view.title}, named {view.name}.",
    )


@app.command(name="app")
def app_command(
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    host: Annotated[
        str,
        typer.Option(
            "--host", "--address", help="Address to listen on. 0.0.0.0 lets other machines connect."
        ),
    ] = "127.0.0.1",
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
) -> None:
    """Open the app in the browser."""
    following.serve(path_of(workspace), port=port, host=host, headless=headless)


app.command(name="index")(searching.index_command)
app.add_typer(kept.app, name="heads")
app.add_typer(collections.app, name="collections")
app.add_typer(classes.app, name="class")
app.add_typer(triage.app, name="triage")
app.add_typer(hardware.app, name="hardware")
app.add_typer(lessons.app, name="lessons")
for command in (
    exporting.export, items.items, layouts.layout, studies.compare, studies.probe, studies.reproduce,
    scarcity.scarcity, removing.remove, removing.restore, roles.roles, searching.search,
):  # fmt: skip
    app.command()(command)
