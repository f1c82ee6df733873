"""Makes `workspace.zip`: a small workspace as version 0.1.0 of 22 November 2026 (02f7a91) writes it.

It was run once, with that version, and is kept to say how: `python tests/earlier/make_workspace.py FOLDER`.
Run with a later version it makes a later version's workspace, which is not what the tests want.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from qlatent.services.datasets import datasets
from qlatent.services.experiments import experiments
from qlatent.services.experiments.grid import Grid
from qlatent.services.heads import kept_heads
from qlatent.services.retrieval import evaluation_runs
from qlatent.services.runs import listing
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.vectors import encoding, stored
from qlatent.services.workspaces import Workspace, open_workspace

QUICK = {"qubits": 2, "depth": 1, "epochs": 4, "batch_size": 8, "snapshots": 4, "checkpoint_every": 5}
TWIN = {key: value for key, value in QUICK.items() if key != "depth"}
LONG = QUICK | {"epochs": 300, "checkpoint_every": 40, "seed": 3}
PICTURES = {"steps": 2, "batch_size": 8, "size": 16, "qubits": 2, "probe_steps": (2,), "snapshots": 2,
            "probe_size": 10}  # fmt: skip


def bring(workspace: Workspace, folder: Path) -> None:
    """Three datasets: pairs of ready vectors, drawn squares, and labelled texts with ready vectors."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 8))
    image = np.stack([centres[n % 3] + 0.4 * rng.normal(size=8) for n in range(40)]).astype(np.float32)
    text = (image + 0.2 * rng.normal(size=image.shape)).astype(np.float32)
    np.savez(
        folder / "pairs.npz", image=image, text=text, label=np.array([f"kind {n % 3}" for n in range(40)])
    )
    datasets.store(workspace, folder / "pairs.npz", name="Pairs")

    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for number in range(24):
            drawn = np.full((20, 20, 3), 30 * (number % 3) + 60, dtype=np.uint8)
            drawn[4 : 8 + number % 8, 4:16, number % 3] = 200
            buffer = io.BytesIO()
            Image.fromarray(drawn).save(buffer, format="PNG")
            archive.writestr(f"{('red', 'green', 'blue')[number % 3]}/{number:02}.png", buffer.getvalue())
    datasets.store(workspace, folder / "pictures.zip", name="Pictures")
    encoding.encode(workspace, "pictures", encoder="builtin", views=2)

    rows = [
        {"id": f"d{n}", "text": f"document {n} of {n % 4}", "label": f"topic {n % 4}",
         "embedding": [round(float(each), 4) for each in rng.normal(size=8) + 2 * np.eye(8)[n % 4]]}
        for n in range(40)
    ]  # fmt: skip
    (folder / "texts.jsonl").write_text("\n".join(map(json.dumps, [*rows, {"id": "bad", "text": ""}])))
    datasets.store(workspace, folder / "texts.jsonl", name="Texts")


def train(workspace: Workspace, dataset: str, **asked) -> str:
    """A run by a worker process, waited for."""
    run = start_training(workspace, TrainingRequest(dataset, **asked))
    wait(workspace, run)
    return run


def wait(workspace: Workspace, run: str) -> None:
    while (view := listing.summary(workspace, run)).active:
        time.sleep(0.2)
    assert view.state == "finished", view.message


def killed(workspace: Workspace, dataset: str, **asked) -> str:
    """A run whose worker is killed in the middle, some steps behind a checkpoint."""
    run = start_training(workspace, TrainingRequest(dataset, **asked))
    folder = workspace.run(run)
    while folder.status().step < 500:
        time.sleep(0.01)
    os.kill(folder.status().pid, signal.SIGKILL)
    time.sleep(1)
    assert listing.summary(workspace, run).state == "interrupted"
    return run


def furnish(workspace: Workspace, brought: Path) -> dict[str, str]:
    """Every kind of run, kept heads, an experiment and a retrieval run; returns their ids by role."""
    ids = {
        "acqua": train(workspace, "pairs", settings=QUICK, name="CLIP-ACQUA on pairs"),
        "unbroken": train(workspace, "pairs", settings=LONG, name="Unbroken"),
        "interrupted": killed(workspace, "pairs", settings=LONG, name="Interrupted"),
        "twin": train(workspace, "pairs", head="acqua_twin", settings=TWIN, name="Twin"),
        "qssl": train(workspace, "pictures", head="qssl", objective="ntxent", name="Augmented views",
                      settings={"qubits": 2, "epochs": 2, "batch_size": 8, "snapshots": 2, "views": "augmented"}),
        "images": train(workspace, "pictures", head="qssl", objective="ntxent", source="images",
                        settings=PICTURES, name="From the pictures"),
        "relevance": train(workspace, "texts", head="qbec", objective="ranking", source="relevance",
                           settings={"qubits": 2, "epochs": 2, "batch_size": 8, "snapshots": 2},
                           name="By labels"),
    }  # fmt: skip
    head = kept_heads.find(workspace, ids["acqua"]).id
    (brought / "head.zip").write_bytes(kept_heads.download_zip(workspace, head))
    ids |= {"head": head, "loaded": kept_heads.load_upload(workspace, brought / "head.zip", name="Loaded")}
    made = experiments.create(
        workspace, Grid("pairs", heads=("acqua", "mlp"), dims=(2,), seeds=2,
                        settings={"epochs": 2, "batch_size": 16, "depth": 1, "snapshots": 2})
    )  # fmt: skip
    for run in experiments.start(workspace, made):
        wait(workspace, run)
    for run in experiments.measure(workspace, made):
        wait(workspace, run)
    ids["experiment"] = made.id
    ids["retrieval"] = evaluation_runs.start(
        workspace, evaluation_runs.Request("texts", ("none", "pca:qubits=2"), against="pca:qubits=2", seed=3)
    )
    wait(workspace, ids["retrieval"])
    return ids


def expected(workspace: Workspace, ids: dict[str, str]) -> dict[str, object]:
    """What later versions must give again: losses, latents and what each part holds."""
    read = stored.read(workspace, "pairs", "given", modalities=("image", "text"))
    matrices = {name: np.asarray(read[name][:5]) for name in ("image", "text")}
    latents = {
        ids[role]: {
            name: each.tolist() for name, each in kept_heads.transform(workspace, ids[role], matrices).items()
        }
        for role in ("head", "loaded")
    }
    return {
        "ids": ids,
        "losses": listing.losses(workspace, ids["unbroken"])["total"].tolist(),
        "inputs": {name: each.tolist() for name, each in matrices.items()},
        "latents": latents,
        "runs": {view.id: [view.kind, view.state, view.status.step] for view in listing.list_runs(workspace)},
        "datasets": {view.id: view.rows for view in datasets.list_datasets(workspace)},
        "heads": {view.id: [view.name, view.head] for view in kept_heads.list_heads(workspace)},
    }


def links(ids: dict[str, str]) -> list[str]:
    """Addresses as the pages of this version write them."""
    return [
        "/",
        "/data?section=browse&dataset=texts&row=3",
        "/data?section=browse&dataset=pictures",
        f"/train?dataset=pairs&run={ids['acqua']}",
        f"/train?run={ids['interrupted']}",
        f"/train?run={ids['images']}",
        f"/explore?run={ids['acqua']}&row=3&frame=1&colour=label&basis=last",
        f"/explore?run={ids['qssl']}&frame=1",
        f"/explore?run={ids['relevance']}&row=5",
        f"/compare?by=experiments&experiment={ids['experiment']}",
        f"/compare?by=retrieval&dataset=texts&evaluation={ids['retrieval']}",
        f"/circuits?source=head&head={ids['head']}",
        "/circuits?source=layout&layout=qssl_ring&row=1",
        f"/heads?head={ids['loaded']}",
    ]


def main(folder: Path) -> None:
    place, brought = folder / "workspace", folder / "brought"
    brought.mkdir(parents=True)
    workspace = open_workspace(place)
    bring(workspace, brought)
    ids = furnish(workspace, brought)
    here = Path(__file__).parent
    (here / "expected.json").write_text(json.dumps(expected(workspace, ids), indent=1))
    (here / "links.txt").write_text("\n".join(links(ids)) + "\n")
    workspace.catalogue.close()
    for large in place.rglob("backbone.safetensors"):  # 45 MB of weights that nothing below asks for
        large.unlink()
    shutil.make_archive(str(here / "workspace"), "zip", place)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
