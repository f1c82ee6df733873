"""The reproduced table: its trainings, what is skipped, its rows, contrasts and report."""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qlatent.cli import reproducing
from qlatent.errors import ConfigError, InputError
from qlatent.report import reproduction as report
from qlatent.services.experiments import reproduction
from qlatent.services.experiments.reproduction import STEPS, VARIANTS
from qlatent.services.runs import launchers, listing, queue
from qlatent.services.training import sweeps
from qlatent.store.workspace import Workspace
from qlatent.training.images.configs import ProbeConfig
from qlatent.worker import work
from tests.carried_out import in_process
from tests.launchers import LauncherDouble
from tests.services.reproduced_rows import rows

pytestmark = pytest.mark.usefixtures("narrow_backbone")


def archive(path: Path, *, count: int = 24, leave: str = "") -> Path:
    """An .npz in the format of the images: concatenated files, their ends, classes, split."""
    rng = np.random.default_rng(0)
    files = []
    for _ in range(count):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(buffer, format="JPEG")
        files.append(buffer.getvalue())
    arrays = {
        "data": np.frombuffer(b"".join(files), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, files)]),
        "label": np.arange(count) // 4 % 2,
        "is_test": np.arange(count) % 4 == 0,
        "class_names": np.array(["ship", "frog"]),
    }
    np.savez(path, **{name: array for name, array in arrays.items() if name != leave})
    return path


@pytest.fixture
def workspace(tmp_path, monkeypatch, no_workers) -> Workspace:
    short = {
        "steps": 2,
        "batch_size": 4,
        "size": 16,
        "probe_steps": (2,),
        "unique_pairs": False,
        "snapshots": 2,
    }
    monkeypatch.setattr(reproduction, "TRAINING", short)
    monkeypatch.setattr(reproduction, "STEPS", (2,))
    return Workspace.open(tmp_path / "workspace")


def table(workspace: Workspace, dataset: str, **changes) -> list[reproduction.Place]:
    wanted = {"variants": ("classical", "ring"), "seeds": 1, "widths": (2,)} | changes
    return reproduction.places(workspace, dataset, **wanted)


def test_images_come_in_once_with_class_and_split(workspace, tmp_path) -> None:
    dataset = reproduction.bring(workspace, archive(tmp_path / "images.npz"))
    assert reproduction.bring(workspace, tmp_path / "is-not-read-again.npz") == dataset
    rows = workspace.items.table(dataset, columns=["id", "label", "split", "width"]).to_pylist()
    assert [rows[0], rows[5]] == [
        {"id": "test-00000", "label": "ship", "split": "test", "width": 16},
        {"id": "train-00005", "label": "frog", "split": "train", "width": 16},
    ]


def test_a_file_with_missing_arrays_is_refused(workspace, tmp_path) -> None:
    with pytest.raises(
        InputError, match=r"some.npz has no is_test; it has .*label.*Pass a file with data, offsets"
    ):
        reproduction.bring(workspace, archive(tmp_path / "some.npz", leave="is_test"))
    with pytest.raises(InputError, match="There is no file"):
        reproduction.bring(workspace, tmp_path / "nothing.npz")
    assert workspace.catalogue.datasets() == []


def test_the_whole_table_is_thirty_trainings_with_published_settings(tmp_path) -> None:
    assert sum(each.seeds for each in VARIANTS.values()) == 30
    assert {name: each.seeds for name, each in VARIANTS.items() if each.seeds == 6} == {
        "classical": 6,
        "ring": 6,
    }
    assert (reproduction.TRAINING["steps"], reproduction.TRAINING["batch_size"]) == (176, 256)
    assert all(len(each.published) in (0, len(STEPS)) for each in VARIANTS.values())


def test_what_is_trained_is_not_trained_again_and_a_failed_seed_leaves_the_others(
    workspace, tmp_path
) -> None:
    dataset = reproduction.bring(workspace, archive(tmp_path / "images.npz"))
    places = table(workspace, dataset)
    assert [(place.variant, place.seed, place.run) for place in places] == [
        ("classical", 0, None),
        ("ring", 0, None),
    ]
    sweeps.start(workspace, places, workers=1)
    first, second = (place.run for place in table(workspace, dataset))
    assert first is not None
    assert second is not None
    assert work(workspace, workspace.run(first.id)) == "finished"
    broken = workspace.run(second.id)
    broken.spec["content"] = "other images"
    assert work(workspace, broken) == "failed"
    told = sweeps.progress(workspace, table(workspace, dataset))
    assert (told.total, told.finished, told.active) == (2, 1, False)
    assert told.failed[0].startswith("QSSL: Ring, exact, seed 0, W = 2: failed: The images of")
    rows = reproduction.rows(workspace, table(workspace, dataset))
    assert [(row["variant"], row["step"], row["n"], row["protocol"]) for row in rows] == [
        ("classical", 2, 6, "honest")
    ]
    sweeps.start(workspace, table(workspace, dataset), workers=1)  # goes on with the failed one alone
    assert [run.state for run in listing.list_runs(workspace, "train")].count("queued") == 1
    assert len(listing.list_runs(workspace, "train")) == 2


def test_seconds_stand_on_the_row_of_their_own_run(workspace, tmp_path, monkeypatch) -> None:
    """Also if the next run has no honest probe: it does not get the earlier run's time."""
    dataset = reproduction.bring(workspace, archive(tmp_path / "images.npz"))
    sweeps.start(workspace, table(workspace, dataset), workers=1)
    for place in table(workspace, dataset):
        assert work(workspace, workspace.run(place.run.id)) == "finished"
    places = table(workspace, dataset)
    taken = dict(zip([place.run.id for place in places], (11.0, 22.0), strict=True))
    monkeypatch.setattr(reproduction, "_seconds", lambda workspace, run_id: taken[run_id])
    known = reproduction.image_views.probes
    monkeypatch.setattr(
        reproduction.image_views, "probes",
        lambda workspace, run_id: known(workspace, run_id) if run_id == places[0].run.id else [],
    )  # fmt: skip
    (row,) = reproduction.rows(workspace, places)
    assert (row["variant"], row["seconds"]) == ("classical", 11.0)


def test_published_probes_are_taken_once_and_a_stopped_one_goes_on(workspace, tmp_path, monkeypatch) -> None:
    short = ProbeConfig(epochs=2, batch_size=8)
    monkeypatch.setattr("qlatent.training.images.configs.ProbeConfig", lambda seed: short)
    dataset = reproduction.bring(workspace, archive(tmp_path / "images.npz"))
    sweeps.start(workspace, table(workspace, dataset), workers=1)
    for place in table(workspace, dataset):
        assert work(workspace, workspace.run(place.run.id)) == "finished"
    places = table(workspace, dataset)
    first, second = reproduction.probe(workspace, places, [], seeds=1, workers=1)
    queue.stop(workspace, first)
    assert work(workspace, workspace.run(first)) == "stopped"
    assert work(workspace, workspace.run(second)) == "finished"
    assert reproduction.probe(workspace, places, [], seeds=1, workers=1) == [first]
    assert work(workspace, workspace.run(first)) == "finished"
    assert reproduction.probe(workspace, places, [], seeds=1, workers=1) == []
    assert len(listing.list_runs(workspace, "probe")) == 2
    fresh = reproduction.rows(workspace, places)
    assert reproduction.lacking(places, fresh, probes=1) == []
    assert reproduction.lacking(places, fresh, probes=2) == []  # there is no second seed to probe


def test_the_smallest_possible_p_and_the_levels_it_cannot_reach_are_reported() -> None:
    """Two of the 84 assignments of three and six seeds; with Holm over twelve such rows none can be significant."""
    apart = rows("ring", [0.9 + n / 100 for n in range(3)]) + rows("classical", [n / 100 for n in range(6)])
    (made,) = reproduction.contrasts(apart)
    assert made.p == pytest.approx(made.least) == pytest.approx(2 / 84)
    assert reproduction.within_reach([made], level=0.05) == [True]
    six = reproduction.Contrast("ring", "classical", 1, 0, 1, 0.1, 0.1, (6, 6))
    assert six.least == pytest.approx(2 / 924)
    assert reproduction.within_reach([six, *[made] * 12], level=0.05) == [True, *[False] * 12]


def test_unknown_variants_are_named(workspace, tmp_path) -> None:
    dataset = reproduction.bring(workspace, archive(tmp_path / "images.npz"))
    with pytest.raises(ConfigError, match=r"no variant 'rings'. Known: classical, ring"):
        table(workspace, dataset, variants=("rings",))


def test_contrasts_have_welchs_interval_and_the_exact_permutation_p() -> None:
    ring, twin = [0.48, 0.46, 0.47], [0.44, 0.43, 0.45]
    (made,) = reproduction.contrasts(rows("ring", ring) + rows("classical", twin))
    a, b = 100 * np.array(ring), 100 * np.array(twin)
    assert made.difference == pytest.approx(a.mean() - b.mean())
    sizes = a.var(ddof=1) / 3, b.var(ddof=1) / 3
    freedom = sum(sizes) ** 2 / (sizes[0] ** 2 / 2 + sizes[1] ** 2 / 2)
    from scipy.stats import t

    half = t.ppf(0.975, freedom) * sum(sizes) ** 0.5
    assert (made.low, made.high) == pytest.approx((made.difference - half, made.difference + half))
    both = np.concatenate([a, b])
    every = [
        both[list(chosen)].mean() - np.delete(both, chosen).mean()
        for chosen in itertools.combinations(range(6), 3)
    ]
    extreme = sum(abs(each) >= abs(made.difference) - 1e-9 for each in every) / len(every)
    assert made.p == pytest.approx(extreme) == pytest.approx(0.1)
    assert made.p_holm == made.p


def test_rows_of_two_machines_are_put_together_and_the_earlier_counts() -> None:
    old, new = rows("ring", [0.4, 0.5]), rows("ring", [0.45]) + rows("classical", [0.3])
    found = reproduction.merged(old, new)
    assert [(row["variant"], row["seed"], row["accuracy"]) for row in found] == [
        ("classical", 0, 0.3), ("ring", 0, 0.4), ("ring", 1, 0.5),
    ]  # fmt: skip


def test_what_an_earlier_table_has_is_not_trained(workspace, tmp_path) -> None:
    dataset = reproduction.bring(workspace, archive(tmp_path / "images.npz"))
    known = [{**row, "step": 2, "width": 2} for row in rows("ring", [0.4])]
    left = reproduction.lacking(table(workspace, dataset), known)
    assert [place.variant for place in left] == ["classical"]


def test_what_was_trained_elsewhere_is_trained_again_only_for_a_published_probe(workspace, tmp_path) -> None:
    dataset = reproduction.bring(workspace, archive(tmp_path / "images.npz"))
    places = table(workspace, dataset, variants=("ring",), seeds=3)
    honest = [{**row, "step": 2, "width": 2} for row in rows("ring", [0.4, 0.5, 0.6])]
    known = [*honest, honest[0] | {"protocol": "as published"}]
    assert [place.seed for place in reproduction.lacking(places, known, probes=2)] == [1]
    sweeps.start(workspace, places[:2], workers=1)
    places = table(workspace, dataset, variants=("ring",), seeds=3)
    for place in places[:2]:
        assert work(workspace, workspace.run(place.run.id)) == "finished"
    places = table(workspace, dataset, variants=("ring",), seeds=3)
    (queued,) = reproduction.probe(workspace, places, known, seeds=2, workers=1)
    assert workspace.run(queued).spec["run"] == places[1].run.id


def test_the_report_says_what_was_found_what_is_missing_and_what_was_published(tmp_path) -> None:
    found = [row for step in STEPS for row in rows("ring", [0.48, 0.46], step=step)]
    files = reproducing.write(found, tmp_path, command="qlatent reproduce qssl", picture="qssl.png")
    assert [path.name for path in files] == ["qssl.json", "qssl.html", "qssl.md"]
    text = (tmp_path / "qssl.md").read_text(encoding="utf-8")
    assert "| Ring, exact | 2 | 47.00 ± 1.00 |" in text
    assert "46.51 ± 1.37" in text
    assert "JPEG copies" in text
    assert "Missing seeds: Classical twin (0 of 6); Ring, exact (2 of 6)" in text
    assert "(qssl.png)" in text
    assert "| a | 75.0% | 25.0% |" in text
    assert "| Hours on one core, all trainings | 1.0 |" in text
    assert reproduction.read(tmp_path / "qssl.json") == found
    assert len(report.courses(found)) == 1


@pytest.mark.parametrize("content", ["{", '{"rows": [{"variant": "x"}]}', "[]"])
def test_another_table_is_not_overwritten(tmp_path, content) -> None:
    (tmp_path / "qssl.json").write_text(content)
    with pytest.raises(InputError, match="Pass another folder"):
        reproduction.read(tmp_path / "qssl.json")


def test_the_command_trains_writes_and_skips(workspace, tmp_path, capsys, monkeypatch) -> None:
    from qlatent.cli.terminal import Terminal

    monkeypatch.setattr("qlatent.cli.reproducing.POLL", 0.01)
    asked = {
        "data": archive(tmp_path / "images.npz"), "variants": ("classical",), "seeds": 1, "widths": (2,), "probes": 0,
        "workers": 1, "out": tmp_path / "out", "picture": "", "terminal": Terminal(as_json=True),
    }  # fmt: skip
    with in_process():
        reproducing.reproduce(workspace, **asked)
    first = json.loads(capsys.readouterr().out)
    assert [row["variant"] for row in first["rows"]] == ["classical"]
    with launchers.using(LauncherDouble(lambda *_: pytest.fail("nothing is left to train"))):
        reproducing.reproduce(workspace, **asked)
    assert json.loads(capsys.readouterr().out)["rows"] == first["rows"]


def test_the_command_takes_published_probes_and_tells_of_one_that_failed(
    workspace, tmp_path, capsys, monkeypatch
) -> None:
    from qlatent.cli.terminal import Terminal

    def carried_out(workspace, run_id) -> None:
        folder = workspace.run(run_id)
        if folder.spec["kind"] == "probe" and "seed 1" in folder.spec["name"]:
            folder.spec["run"] = "gone"
        work(workspace, folder)

    monkeypatch.setattr("qlatent.cli.reproducing.POLL", 0.01)
    short = ProbeConfig(epochs=1, batch_size=8)
    monkeypatch.setattr("qlatent.training.images.configs.ProbeConfig", lambda seed: short)
    asked = {
        "data": archive(tmp_path / "images.npz"), "variants": ("classical",), "seeds": 2, "widths": (2,), "probes": 2,
        "workers": 1, "out": tmp_path / "out", "picture": "", "terminal": Terminal(as_json=True),
    }  # fmt: skip
    with launchers.using(LauncherDouble(carried_out)):
        reproducing.reproduce(workspace, **asked)
    said = capsys.readouterr()
    first, *others = json.loads(said.out)["rows"]
    assert [(row["seed"], row["protocol"]) for row in (first, *others)] == [
        (0, "as published"), (0, "honest"), (1, "honest"),
    ]  # fmt: skip
    assert first["honest"] == others[0]["accuracy"]
    assert "Published probe of QSSL: Classical twin, seed 1, W = 2: failed: " in said.err


def test_ctrl_c_stops_the_probes_too(workspace, tmp_path, monkeypatch) -> None:
    from qlatent.cli.terminal import Terminal

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    def trained_alone(workspace, run_id) -> None:
        if workspace.run(run_id).spec["kind"] == "train":
            work(workspace, workspace.run(run_id))

    monkeypatch.setattr("qlatent.cli.reproducing.time.sleep", interrupted)
    with launchers.using(LauncherDouble(trained_alone)), pytest.raises(KeyboardInterrupt):
        reproducing.reproduce(
            workspace, data=archive(tmp_path / "images.npz"), variants=("classical",), seeds=1, widths=(2,), probes=1,
            workers=1, out=tmp_path / "out", picture="", terminal=Terminal(as_json=True),
        )  # fmt: skip
    (probing,) = listing.list_runs(workspace, "probe")
    assert workspace.run(probing.id).stop_requested()
