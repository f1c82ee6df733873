"""The command `qlatent search` prints hits as a table and as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from qlatent.cli import main
from qlatent.services.search import queries
from qlatent.services.search.neighbours import Asked, neighbours
from qlatent.store.workspace import Workspace
from tests.services.search import searched_workspace as made


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("searching") / "workspace"
    made.shop(found).close()
    return found


def run(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    sys.argv = ["qlatent", "search", made.SHOP, *arguments, "--workspace", str(path)]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_hits_are_ids_and_scores(capsys: pytest.CaptureFixture[str], path: Path, tmp_path: Path) -> None:
    with Workspace.open(path) as workspace:
        expected = neighbours(workspace, made.SHOP, queries.text("red fruit"), Asked(k=4)).hits
        head = made.keep_head(workspace, tmp_path / "head")
        content = workspace.items.image(
            workspace.items.rows(made.SHOP, [2], columns=["image_hash"])[0]["image_hash"]
        )
    code, out, _ = run(capsys, path, "--text", "red fruit", "--k", "4", "--json")
    document: dict[str, Any] = json.loads(out)
    assert code == 0
    assert document["hits"] == [{"id": hit.id, "score": pytest.approx(hit.score)} for hit in expected]
    assert (document["modality"], document["metric"], document["how"]) == ("image", "cosine", "exact")
    (tmp_path / "query.png").write_bytes(content)
    by_image = json.loads(run(capsys, path, "--image", str(tmp_path / "query.png"), "--k", "1", "--json")[1])
    assert by_image["hits"][0]["id"] == "i2"
    through = json.loads(run(capsys, path, "--item", "i2", "--head", head, "--k", "5", "--json")[1])
    assert len(through["hits"]) == 5
    assert (through["head"], through["metric"]) == (head, "euclidean")
    assert len(through["gained"]) == len(through["lost"])
    out = run(capsys, path, "--item", "i2", "--minus", "i3", "--in", "text")[1]
    assert len(out.splitlines()) == 11  # a header and ten items


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to search for"),
        (["--image", "no.png"], "no file 'no.png'"),
        (["--image", __file__], "not an image to search with"),
        (["--item", "zebra"], "has no item 'zebra'"),
    ],
)
def test_bad_input_is_told(
    capsys: pytest.CaptureFixture[str], path: Path, arguments: list[str], said: str
) -> None:
    code, _, err = run(capsys, path, *arguments)
    assert code == 1
    assert said in err
