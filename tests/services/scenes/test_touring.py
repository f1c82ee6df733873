"""Tours as scenes: planes of one state, on which a lasso selects what was drawn inside."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import AbsentError, InputError
from qlatent.layout.lasso import inside
from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import colouring, scenes, touring
from qlatent.services.scenes.colouring import Numbers
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Lasso
from qlatent.services.selections.selections import resolve
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace

POLYGON = np.array([[-32767, -32767], [9000, -32767], [32767, 32767], [-8000, 2000], [-32767, 30000]])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("touring") / "workspace") as opened:
        folder = shop_workspace.with_run(opened, "deep")
        for step in (0, 8):
            rng = np.random.default_rng(step)
            rows = folder.probe()["rows"]
            folder.write_snapshot(step, {name: rng.normal(size=(len(rows), 4)) for name in ("image", "text")})
        yield opened


def test_planes_of_vectors_are_selected_on(workspace: Workspace) -> None:
    base = scenes.of_vectors(workspace, "shop", "given", Drawing("laid"))
    tour = touring.of_tour(workspace, base, "labels", frame=0)
    assert tour.labels[:2] == ("plane 1", "plane 2") and tour.frames == len(tour.labels) <= 60
    assert tour.rows.tolist() == base.rows.tolist() and tour.points == base.points
    for frame in (0, tour.frames - 1):
        lasso = Lasso(polygon=tuple(map(tuple, POLYGON.tolist())), on=tour.drawn(frame))
        found = resolve(workspace, "shop", links.from_link(links.to_link(lasso)))
        caught = np.flatnonzero(inside(tour.positions.values[frame], POLYGON))
        assert found.tolist() == sorted({tour.row_of(point) for point in caught.tolist()}) and len(found)
    norms = colouring.values(workspace, tour, "norm", frame=0)
    assert isinstance(norms, Numbers) and norms.values.shape == (tour.points,)  # once, not for each plane
    far = lasso.model_copy(update={"on": lasso.on.model_copy(update={"frame": 60})})
    with pytest.raises(InputError, match="no plane 60"):
        resolve(workspace, "shop", far)


def test_a_frame_of_a_run_is_toured_and_known_by_its_step(workspace: Workspace) -> None:
    steps = workspace.run("deep").snapshot_steps()
    base = scenes.of_run(workspace, "deep", Drawing("image"))
    tour = touring.of_tour(workspace, base, "norm", frame=1)
    latents = workspace.run("deep").snapshot(steps[1])["image"]
    np.testing.assert_allclose(tour.shown.norms["image"][7], np.linalg.norm(latents, axis=1), rtol=1e-5)
    assert scenes.recorded(workspace, tour, 5) == 1 and scenes.recorded(workspace, base, 0) == 0
    assert "change" in colouring.offered(workspace, base) and "change" not in colouring.offered(
        workspace, tour
    )
    lasso = Lasso(polygon=tuple(map(tuple, POLYGON.tolist())), on=tour.drawn(3))
    caught = inside(tour.positions.values[3], POLYGON)
    assert resolve(workspace, "shop", lasso).tolist() == sorted(tour.rows[caught].tolist())
    gone = lasso.model_copy(update={"on": lasso.on.model_copy(update={"run": "gone"})})
    with pytest.raises(AbsentError, match="no run 'gone'"):
        resolve(workspace, "shop", gone)
