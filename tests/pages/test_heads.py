"""The page Heads with a head in it whose files are damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

import qlatent
from qlatent.services.heads import kept_heads
from qlatent.store.workspace import Workspace

WIDTH = 6


def test_a_broken_head_is_shown_with_its_reason_and_can_be_removed(
    opened: Callable[..., AppTest], tmp_path: Path
) -> None:
    rows = np.random.default_rng(0).normal(size=(20, WIDTH))
    fitted = qlatent.create("pca", input_dim=WIDTH, qubits=2, modalities=("text",)).fit({"text": rows})
    with Workspace.open(tmp_path / "workspace") as workspace:
        folder = fitted.save(tmp_path / "saved", {"encoder": "given"})
        whole, broken = (kept_heads.load_upload(workspace, folder, name=name) for name in ("whole", "broken"))
        config = workspace.heads_path / broken / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"card": "**bold** <b>"}))

        at = opened(workspace.path, "heads", head=broken)
        assert list(at.dataframe[0].value["Head"]) == ["broken", "PCA"]
        (said,) = at.error
        assert said.value.replace("\\", "").startswith(
            "This head cannot be used: config.json: card is a text, expected an object"
        )
        assert not [button for button in at.button if button.key == "use_start"]

        at.button(key="head_remove").click().run()
        assert at.button(key="head_remove_yes").label == "Remove"
        kept_heads.remove(workspace, broken)
        assert [view.id for view in kept_heads.list_heads(workspace)] == [whole]
        assert len(opened(workspace.path, "heads").error) == 0
