"""The commands of `qlatent`: each opens the workspace, calls a service and shows what it returned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from qlatent.cli import comparing, following, lines, retrieval
from qlatent.cli.terminal import Terminal
from qlatent.errors import ConfigError
from qlatent.registry import HEADS, OBJECTIVES
from qlatent.services import datasets, demo, encoding, evaluation, export, heads, runs
from qlatent.services.grid import Grid
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.settings import settings

app = typer.Typer(
    help="Explore latent spaces: import, encode, train small quantum and classical heads, watch and use them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="Folder with everything that is kept.", show_default="workspace"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; progress on stderr.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="key=value; may be given several times.")]
EncoderKey = Annotated[
    str | None, typer.Option("--vectors", help="Encoder key, where a dataset has several.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Return at once; the run goes on.")]


@app.command(name="demo")
def demo_command(
    workspace: WorkspaceOption = None,
    count: Annotated[int, typer.Option(min=50, max=100_000, help="Listings to draw.")] = 2000,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Do nothing where it is there already.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw a demo marketplace, import and encode it, and train a first head on it."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    if not (if_missing and demo.prepared(opened)):
        with terminal.progress("Drawing, importing and encoding the demo") as progress:
            demo.furnish(opened, count=count, progress=progress)
        following.watch(opened, demo.train(opened), terminal=terminal)
    document = demo.summary(opened)
    terminal.result(document, f"The demo is ready: dataset {document['dataset']}, run {document['run']}.")


@app.command(name="import")
def import_command(
    source: Annotated[str, typer.Argument(help="A file, a folder, or hf://name of a Hugging Face dataset.")],
    name: Annotated[str | None, typer.Option(help="Name of the dataset; the file's name by default.")] = None,
    into: Annotated[str | None, typer.Option(help="Add to this dataset instead of making a new one.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="part=column, e.g. image=photo, text=title,description, id=sku, label=kind."
        ),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what would be stored, and store nothing.")
    ] = False,
    refusals: Annotated[Path | None, typer.Option(help="Write the refused rows to this CSV.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring items: images, zips, tables, text lines, folders, saved datasets or ready embeddings."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    with terminal.progress(f"Reading {source}") as progress:
        seen = datasets.preview(opened, source, mapping=_mapping(column), progress=progress)
    if refusals is not None:
        refusals.write_text(datasets.refusals_csv(seen.refusals), encoding="utf-8")
    if preview:
        terminal.result(seen.document(), *lines.preview(seen))
        return
    with terminal.progress("Storing") as progress:
        report = datasets.store(opened, seen, name=name, into=into, progress=progress)
    terminal.result(report.document(), *lines.imported(report))


@app.command(name="datasets")
def datasets_command(
    dataset: Annotated[str | None, typer.Argument(help="One dataset, in detail.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the datasets, or describe one."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
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
    encoder: Annotated[str, typer.Option(help="builtin, clip or text.")] = "builtin",
    set_: SetOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the vectors of a dataset's images and texts; what is there already is not computed again."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    with terminal.progress(f"Encoding {dataset}") as progress:
        report = encoding.encode(
            opened, dataset, encoder=encoder, settings=_settings(set_), progress=progress
        )
    terminal.result(report.document(), *lines.encoding(report))


@app.command()
def train(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    head: Annotated[str, typer.Option(help=f"One of {', '.join(HEADS)}.")] = "acqua",
    objective: Annotated[str, typer.Option(help=f"One of {', '.join(OBJECTIVES)}.")] = "acqua",
    set_: SetOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides weights, split, probe and batch order.")] = 0,
    vectors: EncoderKey = None,
    name: Annotated[str | None, typer.Option(help="Name of the run.")] = None,
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a head in a worker process and follow it; Ctrl-C stops the run, which can be resumed."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    request = runs.TrainingRequest(
        dataset=dataset, encoder_key=vectors, head=head, objective=objective,
        settings={"seed": seed, **_settings(set_)}, name=name or "",
    )  # fmt: skip
    run_id = runs.start_training(opened, request)
    following.follow(opened, run_id, terminal=terminal, detach=detach)


@app.command(name="runs")
def runs_command(
    run: Annotated[str | None, typer.Argument(help="One run, in detail.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs, or describe one."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    if run is not None:
        document = lines.run_document(opened, run)
        terminal.result(document, *(f"{key}: {value}" for key, value in document.items()))
        return
    rows = [lines.run_row(view) for view in runs.list_runs(opened)]
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
    """Stop a run after its current step; what it has learned is kept."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    runs.stop(opened, run)
    view = following.wait(opened, run, seconds=60)
    terminal.result({"run": run, "state": view.state}, f"{run}: {view.state} at step {view.status.step}.")


@app.command()
def resume(
    run: Annotated[str, typer.Argument(help="Id of the run.")],
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a stopped, interrupted or failed run from its last checkpoint."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    runs.resume(opened, run)
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
    seed: Annotated[int, typer.Option(min=0, help="Retrieval: decides random heads and resampling.")] = 0,
    vectors: EncoderKey = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a head keeps of a dataset: distances, neighbours, matched pairs, reconstruction; or its retrieval."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    if by_retrieval:
        asked = retrieval.Asked(
            corpus, queries, judgements, run, head_, against, encoder, _settings(set_), vectors, seed
        )
        retrieval.evaluate(opened, asked, terminal=terminal)
        return
    if head is None or dataset is None:
        raise typer.BadParameter("give a head and a dataset, or --retrieval with --corpus")
    document = evaluation.evaluate(opened, head, dataset, encoder_key=vectors)
    rows = list(document["metrics"].items())
    terminal.table(document, ["metric", "value"], rows)


@app.command()
def compare(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    heads: Annotated[
        str, typer.Option(help="Names with commas between; settings of one behind colons: acqua:depth=2.")
    ] = "acqua",
    objectives: Annotated[str, typer.Option(help="Names with commas between.")] = "distance_correlation",
    dims: Annotated[str, typer.Option(help="Latent dimensions with commas between.")] = "4",
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Each head is trained once for each.")] = 5,
    set_: SetOption = None,
    vectors: EncoderKey = None,
    name: Annotated[str | None, typer.Option(help="Name of the experiment.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes at once; one a core.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for table.parquet, table.json, report.html and report.md.")
    ] = None,
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train and measure a grid of heads beside PCA and their classical twins; what is done is not done again."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    grid = Grid(
        dataset, heads=_names(heads), objectives=_names(objectives), dims=_numbers(dims, "--dims"), seeds=seeds,
        settings=_settings(set_), encoder_key=vectors, name=name or "",
    )  # fmt: skip
    comparing.compare(opened, grid, terminal=terminal, workers=workers, out=out, detach=detach)


@app.command()
def transform(
    head: Annotated[str, typer.Argument(help="Id or name of a kept head, or the id of its run.")],
    source: Annotated[str, typer.Argument(help="Id of a dataset, or an .npz / .npy of vectors.")],
    out: Annotated[Path, typer.Option(help="Where to write: .npz, .parquet, .csv or .jsonl.")],
    vectors: EncoderKey = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the latents of a dataset or of a file of vectors."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    rows = export.latents(opened, head, source, out=out, encoder_key=vectors)
    terminal.result({"head": head, "out": str(out), "rows": rows}, f"{rows} rows → {out}")


@app.command(name="export")
def export_command(
    what: Annotated[str, typer.Argument(help="Id of a dataset, a run or a head.")],
    out: Annotated[Path, typer.Option(help="A head or run: .zip. A dataset: .parquet, .csv or .jsonl.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a dataset with its vectors as a table, or a head as a zip that `qlatent load` reads."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    document = export.export(opened, what, out=out)
    terminal.result(document, f"{document['kind']} {what} → {out}")


@app.command()
def load(
    path: Annotated[
        Path, typer.Argument(help="A saved head: a zip, or the folder of model.safetensors and config.json.")
    ],
    name: Annotated[str | None, typer.Option(help="Name of the head; the file's name by default.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a head that was saved elsewhere."""
    opened, terminal = _open(workspace), Terminal(as_json=as_json)
    head_id = heads.load_upload(opened, path, name=name or path.stem)
    view = heads.view(opened, head_id)
    terminal.result(
        {"head": head_id, "name": view.name, "kind": view.head, "parameters": view.parameter_count},
        f"{head_id}: {view.title}, named {view.name}.",
    )


@app.command(name="app")
def app_command(
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
    address: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets others in.")] = "127.0.0.1",
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
) -> None:
    """Open the app in the browser."""
    following.serve(_path(workspace), port=port, address=address, headless=headless)


def _path(workspace: Path | None) -> Path:
    return settings().workspace if workspace is None else workspace


def _open(workspace: Path | None) -> Workspace:
    return open_workspace(_path(workspace))


def _settings(pairs: list[str] | None) -> dict[str, Any]:
    """The `--set key=value` options; values are read as JSON where they are JSON, else as text."""
    values: dict[str, Any] = {}
    for pair in pairs or []:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {pair}: got no key=value.", remedy="Write for example --set qubits=4.")
        try:
            values[key] = json.loads(text)
        except json.JSONDecodeError:
            values[key] = {"True": True, "False": False}.get(text, text)
    return values


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _numbers(text: str, option: str) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(int(part) for part in _names(text)))
    except ValueError as err:
        raise ConfigError(
            f"{option} {text}: expected whole numbers.", remedy="Write for example 2,4,8."
        ) from err


def _mapping(pairs: list[str] | None) -> dict[str, Any] | None:
    """The `--map part=column` options; several text columns are separated by commas."""
    if not pairs:
        return None
    values: dict[str, Any] = {}
    for pair in pairs:
        part, equals, column = pair.partition("=")
        if not equals:
            raise ConfigError(
                f"--map {pair}: got no part=column.", remedy="Write for example --map image=photo."
            )
        values[part] = column.split(",") if part == "text" else column
    return values
