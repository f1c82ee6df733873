"""A page's state as a lesson: the texts are valid, and the folder that is unpacked makes the same run again."""

from __future__ import annotations

import io
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from qlatent.errors import InputError
from qlatent.plots.losses import PARTS
from qlatent.registry import make_config
from qlatent.services.circuits import circuits
from qlatent.services.datasets import datasets
from qlatent.services.experiments import experiments
from qlatent.services.experiments.grid import Grid
from qlatent.services.lessons import figures, preparing, walking
from qlatent.services.lessons.drafts import drafting, packing, writing
from qlatent.services.lessons.drafts.drafting import Draft, Shown, State
from qlatent.services.lessons.folders import FILE, TRAININGS
from qlatent.services.lessons.library import library
from qlatent.services.lessons.manifest import manifest
from qlatent.services.runs import listing
from qlatent.services.training.request import TrainingRequest
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.settings import settings
from qlatent.teaching.figures import FIGURES, CircuitFigure, Figure, LinkedFigure, MapFigure, TableFigure
from qlatent.teaching.lesson import LessonError
from tests.carried_out import in_process, trained

SETTINGS = {"epochs": 2, "batch_size": 16, "qubits": 3, "depth": 1, "snapshots": 4, "seed": 7}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str, str]]:
    """A workspace with pictures, texts and their vectors, and a run with a seed of its own: dataset and run."""
    folder = tmp_path_factory.mktemp("drafts")
    rng = np.random.default_rng(0)
    image = rng.normal(size=(60, 12)).astype(np.float32)
    text = (image + 0.3 * rng.normal(size=image.shape)).astype(np.float32)
    pictures = []
    for _ in range(60):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(buffer, "PNG")
        pictures.append(buffer.getvalue())
    words = [f'words "{n}", =1+{n}' for n in range(60)]
    frame = pd.DataFrame(
        {
            "id": [f"item {n}" for n in range(60)], "image": pictures, "text": words, "label": ["a", "b", "c"] * 20,
            "price": rng.integers(1, 99, 60), "image_vector": image.tolist(), "text_vector": text.tolist(),
        }
    )  # fmt: skip
    frame.to_parquet(folder / "brought.parquet", index=False)
    with open_workspace(folder / "workspace") as workspace:
        dataset = datasets.store(workspace, folder / "brought.parquet", name="Brought").dataset
        run = trained(workspace, TrainingRequest(dataset, settings=SETTINGS, name="Mine"))
        yield workspace, dataset, run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of own lessons."""
    monkeypatch.setenv("QLATENT_LESSONS", str(tmp_path / "own"))
    settings.cache_clear()
    yield tmp_path / "own"
    settings.cache_clear()


def unpacked(
    place: Path, workspace: Workspace, draft: Draft, title: str = "My lesson", *, with_data: bool = True
) -> list[str]:
    content = packing.zipped(workspace, draft, title=title, text="Look.", with_data=with_data)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(place)
        return sorted(archive.namelist())


def block(figure: Figure) -> dict[str, object]:
    return tomllib.loads(writing.figure_block(figure))


def test_the_folder_of_a_map_makes_the_same_run_again_elsewhere(
    made: tuple[Workspace, str, str], place: Path, tmp_path: Path
) -> None:
    workspace, _, run = made
    draft = drafting.of_map(workspace, Shown(run), State(2, "both", "label", "item 3"))
    assert draft.remarks == () and draft.needs == (draft.figure.runs[0],)
    files = unpacked(place, workspace, draft)
    assert files == ["my-lesson/items.parquet", f"my-lesson/{FILE}", f"my-lesson/{TRAININGS}"]
    lesson = library().lesson("my-lesson")
    with open_workspace(tmp_path / "elsewhere") as other, in_process():
        preparing.prepare(other, lesson.about.needs)
        again = preparing.run_id(other, lesson.about.needs[0])
        losses, same = listing.losses(workspace, run), listing.losses(other, again)
        for column in {"loss", *PARTS} & set(losses):
            np.testing.assert_array_equal(losses[column], same[column])
        assert walking.walk(other, [lesson]).failed == ()
        figure = lesson.steps[0].figure
        assert isinstance(figure, MapFigure) and (figure.frame, figure.view, figure.item) == (
            2,
            "both",
            "item 3",
        )
        shown = figures.shown(other, figure)
        before = figures.frames.evolution(workspace, run, figures.frames.Drawing(view="both"))
        for modality in ("image", "text"):
            np.testing.assert_allclose(shown.places[modality], before.places[modality], atol=1e-6)  # type: ignore[union-attr]
        (kept,) = other.catalogue.datasets()
        assert (kept.name, kept.rows) == ("Brought", 60)
        assert set(kept.modalities) >= {"image", "text"}


def test_without_the_data_the_lesson_says_what_to_add(made: tuple[Workspace, str, str], place: Path) -> None:
    workspace, _, run = made
    files = unpacked(place, workspace, drafting.of_map(workspace, Shown(run), State()), with_data=False)
    assert "my-lesson/items.parquet" not in files
    (broken,) = library().broken
    assert "'items.parquet' is not in this folder" in str(broken.error)


def test_a_run_of_a_lesson_keeps_its_name(tmp_path: Path, place: Path) -> None:
    with open_workspace(tmp_path / "workspace") as workspace, in_process():
        preparing.prepare(workspace, ["names_flat"])
        run = preparing.run_id(workspace, "names_flat")
        draft = drafting.of_map(workspace, Shown(run), State(item="dog"))
        assert block(draft.figure) == {
            "kind": "map",
            "run": "names_flat",
            "frame": -1,
            "colour": "norm",
            "item": "dog",
        }
        assert draft.needs == ("names_flat",) and writing.trainings(draft.manifest) == ""
        other = trained(
            workspace,
            TrainingRequest(
                listing.summary(workspace, run).dataset or "", head="pca", objective="distance_correlation",
                settings={"dim": 3},
            ),
        )  # fmt: skip
        two = drafting.of_two_maps(workspace, [run, other], State(colour="label"))
        assert block(two.figure)["runs"] == ["names_flat", "pca"]
        assert two.sources == {} and two.manifest.runs["pca"].data == "names"  # the package has the data
        assert unpacked(place, workspace, two) == [f"my-lesson/{FILE}", f"my-lesson/{TRAININGS}"]
        lesson = library().lesson("my-lesson")
        assert lesson.about.needs == ("names_flat", "my-lesson/pca")
        assert preparing.run_id(workspace, "my-lesson/pca") == other  # found, not trained again
        assert walking.walk(workspace, [lesson]).failed == ()


def test_vectors_before_any_head_are_a_run_that_changes_nothing(
    made: tuple[Workspace, str, str], place: Path
) -> None:
    workspace, dataset, _ = made
    draft = drafting.of_map(
        workspace, Shown(dataset=dataset, encoder="given"), State(colour="density"), remarks=["No tour."]
    )
    assert draft.remarks[0] == "No tour." and "coloured by norm" in draft.remarks[1]
    assert draft.manifest.runs["vectors"].head == "identity"
    unpacked(place, workspace, draft)
    lesson = library().lesson("my-lesson")
    with in_process():
        preparing.prepare(workspace, lesson.about.needs)
    assert walking.walk(workspace, [lesson]).failed == ()


def test_a_table_is_the_experiment_again(made: tuple[Workspace, str, str], place: Path) -> None:
    workspace, dataset, _ = made
    grid = Grid(
        dataset,
        ("acqua",),
        ("distance_correlation", "acqua"),
        (2, 3),
        2,
        {"epochs": 1, "depth": 1},
        name="Which?",
    )
    found = experiments.create(workspace, grid)
    draft = drafting.of_table(workspace, found, ["spearman"])
    assert block(draft.figure) == {
        "kind": "table",
        "experiment": "heads",
        "metrics": ["spearman"],
        "seeds": 2,
    }
    assert len(draft.remarks) == 2  # one loss, one dimension
    assert tomllib.loads(writing.trainings(draft.manifest))["experiments"]["heads"] == {
        "title": "Which?", "data": "items", "heads": ["acqua", "acqua_twin", "pca"],
        "objective": "distance_correlation", "dim": 2, "seeds": 2, "settings": {"epochs": 1, "depth": 1},
    }  # fmt: skip
    unpacked(place, workspace, draft)
    assert library().lesson("my-lesson").about.needs == ("my-lesson/heads",)
    assert isinstance(library().lesson("my-lesson").steps[0].figure, TableFigure)


def test_a_circuit_has_the_angles_that_differ(made: tuple[Workspace, str, str], place: Path) -> None:
    workspace = made[0]
    view = circuits.of_layout("dressed", qubits=2, layers=1)
    count = view.circuit.inputs + view.circuit.weights
    view = circuits.with_angles(view, np.r_[0.5, np.zeros(count - 2), -1.25])
    draft = drafting.of_circuit(workspace, view, kind="bloch", gate=3, layout=("dressed", 2, 1))
    last = f"weight {view.circuit.weights - 1}"
    assert block(draft.figure) == {
        "kind": "bloch", "layout": "dressed", "qubits": 2, "gate": 3, "angles": {"input 0": 0.5, last: -1.25},
    }  # fmt: skip
    assert draft.needs == ()
    shown = figures.shown(workspace, draft.figure)
    np.testing.assert_array_equal(
        np.r_[shown.view.inputs, shown.view.weights], np.r_[view.inputs, view.weights]
    )  # type: ignore[union-attr]
    (head,) = circuits.heads_with_circuits(workspace)
    trained_view = circuits.of_head(workspace, head.id, modality="text")
    edited = circuits.with_angles(
        trained_view, np.r_[trained_view.inputs, trained_view.weights[:-1], trained_view.weights[-1] + 0.5]
    )
    of_head = drafting.of_circuit(workspace, edited, kind="circuit", gate=0).figure
    assert isinstance(of_head, CircuitFigure) and (of_head.run, of_head.modality) == ("acqua_2", "text")
    assert list(of_head.angles) == [f"weight {trained_view.circuit.weights - 1}"]
    with pytest.raises(InputError, match="at most 8 qubits"):
        drafting.of_circuit(
            workspace,
            circuits.of_layout("dressed", qubits=9, layers=1),
            kind="circuit",
            layout=("dressed", 9, 1),
        )


def test_a_text_that_breaks_the_lesson_is_refused_with_its_line(made: tuple[Workspace, str, str]) -> None:
    workspace, _, run = made
    draft = drafting.of_map(workspace, Shown(run), State())
    with pytest.raises(LessonError, match="line 12: a step's heading needs an id"):
        packing.zipped(workspace, draft, title="T", text="Look.\n\n## More", with_data=False)


def test_the_name_of_a_folder_is_no_other_lessons(place: Path) -> None:
    (place / "what-is-it").mkdir(parents=True)
    assert packing.folder_name("What is it?") == "what-is-it-2"
    assert packing.folder_name("∑ …") == "lesson"
    assert "03-qubits" not in (packing.folder_name("03-qubits"),)


def test_every_figure_of_the_lessons_is_written_as_it_is() -> None:
    found = [step.figure for lesson in library().lessons for step in lesson.steps if step.figure]
    assert {type(each) for each in found} >= {MapFigure, LinkedFigure, TableFigure, CircuitFigure}
    for figure in found:
        assert make_config(FIGURES[figure.kind], block(figure)) == figure
    assert tomllib.loads(writing.trainings(manifest())).keys() >= {"data", "runs", "experiments"}
