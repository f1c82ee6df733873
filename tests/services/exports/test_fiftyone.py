"""The folder for FiftyOne, whose own code reads fields and samples where it is installed.

`fiftyone.Dataset.from_json` needs a MongoDB server, so the test calls what it calls for each field and each sample
(fiftyone 1.22.1: `core/dataset.py: Dataset.from_dict`, `core/odm/utils.py: get_field_kwargs`, `core/sample.py:
Sample.from_dict`). Without FiftyOne the document is held against what these functions read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.services.exports.choice import Choice
from qlatent.services.exports.export import export
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services import shop_workspace
from tests.services.exports.readers import read_by
from tests.services.shop_workspace import COUNT, picture

ONE = Choice(tool="fiftyone")
READ = """
import json, sys
import fiftyone.core.odm as odm
import fiftyone.core.odm.database as database
database.establish_db_conn = odm.establish_db_conn = lambda config: None  # there is no server
import fiftyone.core.sample as samples
document = json.load(open(sys.argv[1] + "/samples.json"))
kinds = {name: odm.get_field_kwargs(text)["ftype"].__name__ for name, text in document["sample_fields"].items()}
found = [samples.Sample.from_dict(each) for each in document["samples"]]
one = found[3]
print(json.dumps([kinds, len(found), one.media_type, one.tags, one.label.label, one.price, one.item_id,
                  one.made, one.fresh]))
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("one") / "workspace", images=True) as opened:
        odd = [
            Item(id="../a b", image=picture(1), metadata={"tags": "x", "a.b": 1, "_own": "y"}),
            Item(id="text", text="no picture", metadata={"a.b": 2}),
        ]
        shop_workspace.add(opened, "odd", odd)
        yield opened


def document_of(folder: Path) -> dict:
    return json.loads((folder / "samples.json").read_text(encoding="utf-8"))


def test_each_item_is_a_sample_with_its_picture(workspace: Workspace, tmp_path: Path) -> None:
    done = export(workspace, "shop", out=tmp_path / "one", choice=ONE)
    document = document_of(tmp_path / "one")
    assert done["rows"] == COUNT == len(document["samples"])
    assert (document["name"], document["media_type"]) == ("shop", "image")
    assert document["samples"][3] == {
        "filepath": "data/0000003-item-03.png", "tags": ["train"],
        "label": {"_cls": "Classification", "label": "apple"}, "item_id": "item-03",
        "text": "a red crisp apple number 3", "price": 1.5, "made": "2024-01-04T00:00:00", "fresh": False,
    }  # fmt: skip
    assert "label" not in document["samples"][7] and document["samples"][5]["price"] is None
    for number in (0, 29):
        name = document["samples"][number]["filepath"]
        assert (tmp_path / "one" / name).read_bytes() == picture(number)
    assert document["sample_fields"]["price"] == "fiftyone.core.fields.FloatField"
    assert set(document["sample_fields"]) == {"label", "item_id", "text", "price", "made", "fresh"}


def test_fiftyone_reads_its_fields_and_samples(workspace: Workspace, tmp_path: Path) -> None:
    export(workspace, "shop", out=tmp_path / "one", choice=ONE)
    kinds, *sample = read_by("fiftyone", READ, tmp_path / "one")
    assert kinds == {
        "label": "EmbeddedDocumentField", "item_id": "StringField", "text": "StringField", "price": "FloatField",
        "made": "StringField", "fresh": "BooleanField",
    }  # fmt: skip
    assert sample == [COUNT, "image", ["train"], "apple", 1.5, "item-03", "2024-01-04T00:00:00", False]


def test_odd_names_become_fields_and_files_and_items_without_a_picture_are_counted(
    workspace: Workspace, tmp_path: Path
) -> None:
    done = export(workspace, "odd", out=tmp_path / "one", choice=ONE)
    assert (done["rows"], done["left_out"]) == (1, 1)
    (sample,) = document_of(tmp_path / "one")["samples"]
    assert (sample["item_id"], sample["tags_"], sample["a_b"], sample["own"]) == ("../a b", "x", 1.0, "y")
    assert sample["filepath"] == "data/0000000-a-b.png"
    assert [each.name for each in (tmp_path / "one/data").iterdir()] == ["0000000-a-b.png"]


def test_thumbnails_may_stand_for_the_pictures(workspace: Workspace, tmp_path: Path) -> None:
    export(workspace, "shop", out=tmp_path / "one", choice=Choice(tool="fiftyone", pictures="thumbnails"))
    name = document_of(tmp_path / "one")["samples"][2]["filepath"]
    assert name.endswith(".webp") and (tmp_path / "one" / name).read_bytes()[8:12] == b"WEBP"


def test_texts_alone_are_refused(tmp_path: Path) -> None:
    with shop_workspace.shop(tmp_path / "workspace") as workspace:
        with pytest.raises(InputError, match="No item of 'shop' has a picture, and FiftyOne shows pictures"):
            export(workspace, "shop", out=tmp_path / "one", choice=ONE)
        assert not (tmp_path / "one").exists()
        with pytest.raises(InputError, match="No item of 'shop' has a picture"):
            export(workspace, "shop", out=tmp_path / "shop.zip")
        assert not list(tmp_path.glob("*shop.zip*"))
