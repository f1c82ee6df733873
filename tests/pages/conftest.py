"""An empty workspace, and one with items, hostile texts and a finished run, as the pages see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets
from qlatent.services.runs import launchers
from qlatent.services.training.request import TrainingRequest
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.settings import settings
from tests.carried_out import trained
from tests.launchers import LauncherDouble

APP = Path(__file__).resolve().parents[2] / "app.py"
HOSTILE = "<script>alert(1)</script> [link](https://example.org) $latex$ :material/home: :red[loud] **bold**"


@dataclass(frozen=True)
class Furnished:
    """What the furnished workspace holds."""

    workspace: Workspace
    pairs: str
    texts: str
    run: str


def brought(folder: Path) -> tuple[Path, Path]:
    """Sixty pairs of ready vectors that share a direction, and a table with a hostile text and a twin."""
    rng = np.random.default_rng(0)
    image = rng.normal(size=(60, 16)).astype(np.float32)
    text = (image + 0.3 * rng.normal(size=image.shape)).astype(np.float32)
    np.savez(folder / "pairs.npz", image=image, text=text, label=np.array(["a", "b", "<i>c</i>"] * 20))
    rows = ["id,text,label", f'h0,"{HOSTILE}",x', "h1,plain words,x", f'h2,"{HOSTILE}",y', "h3,,y"]
    (folder / "texts.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder / "pairs.npz", folder / "texts.csv"


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """A workspace with two datasets and one short, finished run; made once."""
    pairs, texts = brought(tmp_path_factory.mktemp("brought"))
    workspace = open_workspace(tmp_path_factory.mktemp("furnished"))
    first = datasets.store(workspace, pairs, name="Pairs")
    second = datasets.store(workspace, texts, name="**Texts** $x$")
    request = TrainingRequest(
        first.dataset,
        settings={"epochs": 2, "batch_size": 16, "qubits": 3, "depth": 1, "snapshots": 5},
        name=HOSTILE,
    )
    return Furnished(workspace, first.dataset, second.dataset, trained(workspace, request))


@pytest.fixture(autouse=True)
def no_workers_of_pages() -> Iterator[None]:
    """Runs that wait in a workspace stay there: a page continues the queue, and a worker would take ten seconds."""
    with launchers.using(LauncherDouble()):
        yield


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Point the app at a workspace."""

    def chosen(path: Path) -> None:
        monkeypatch.setenv("QLATENT_WORKSPACE", str(path))
        settings.cache_clear()

    yield chosen
    settings.cache_clear()


@pytest.fixture
def opened(use: Callable[[Path], None]) -> Callable[..., AppTest]:
    """Open a page of the app on a workspace, with choices in the URL."""

    def page(workspace: Path, name: str, **choices: str) -> AppTest:
        use(workspace)
        at = AppTest.from_file(str(APP), default_timeout=120)
        if name != "home":
            at.switch_page(f"pages/{name}.py")
        for key, value in choices.items():
            at.query_params[key] = value
        at.run()
        assert not at.exception, at.exception
        assert not [card for card in at.error if card.icon == ":material/bug_report:"], at.expander
        return at

    return page
