"""The spec of an encoding run, and refusals before it starts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qlatent.errors import ConfigError, InputError, StoreError
from qlatent.services.runs import listing
from qlatent.services.vectors.encoding_run import EncodingRequest, encoding_spec, start_encoding
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.run_workspace import small


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("encoding") / "workspace", count=12) as opened:
        yield opened


def test_a_spec_names_encoder_and_dataset_unless_it_has_a_name(workspace: Workspace) -> None:
    spec = encoding_spec(workspace, EncodingRequest("pairs", "builtin", modalities=("text",)))
    assert (spec.dataset, spec.encoder, spec.modalities, spec.views) == ("pairs", "builtin", ("text",), 0)
    assert spec.name.endswith(" on Pairs")
    assert encoding_spec(workspace, EncodingRequest("pairs", "builtin")).modalities is None
    assert encoding_spec(workspace, EncodingRequest("pairs", "builtin", name="Mine")).name == "Mine"


@pytest.mark.parametrize(
    ("request_", "error", "said"),
    [
        (EncodingRequest("nothing", "builtin"), StoreError, "no dataset 'nothing'"),
        (EncodingRequest("pairs", "clap"), ConfigError, "no encoder called 'clap'"),
        (EncodingRequest("pairs", "builtin", {"modle": "x"}), ConfigError, "unknown key 'modle'"),
        (EncodingRequest("pairs", "builtin", views=4), InputError, "image"),
    ],
)
def test_what_cannot_work_is_refused_and_leaves_nothing_behind(
    workspace: Workspace,
    no_workers: LauncherDouble,
    request_: EncodingRequest,
    error: type[Exception],
    said: str,
) -> None:
    with pytest.raises(error, match=said):
        start_encoding(workspace, request_)
    assert listing.list_runs(workspace) == []
    assert no_workers.launched == []
