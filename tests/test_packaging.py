"""The installed package: what a wheel holds, that the app runs from it, and which versions it asks for."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[1]
LOOK = """
from streamlit.testing.v1 import AppTest
from qlatent.cli.following import app_file
at = AppTest.from_file(str(app_file()), default_timeout=100).run()
assert not at.exception, at.exception
print(app_file(), at.title[0].value, sep="|")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of a wheel of this checkout, as pip unpacks them."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_a_wheel_holds_all_that_the_package_reads(installed: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "qlatent"], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    missing = [name for name in listed.stdout.split("\n") if name and not (installed / name).is_file()]
    assert not missing
    assert not list(installed.glob("*.py"))  # no app.py among other people's modules


def test_a_wheel_says_what_it_is(installed: Path) -> None:
    (folder,) = installed.glob("*.dist-info")
    told = email.message_from_string((folder / "METADATA").read_text(encoding="utf-8"))
    known = set(told.get_all("Classifier", []))
    assert {"Typing :: Typed", "Programming Language :: Python :: 3.11"} <= known
    assert (told["Author"], told["License-Expression"]) == ("The qlatent developers", "Apache-2.0")
    assert (installed / "qlatent/py.typed").is_file()


def test_the_citation_names_the_version_and_licence_of_the_wheel() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()  # the format asks for these
    for key, named in (
        ("title", "name"),
        ("version", "version"),
        ("license", "license"),
        ("keywords", "keywords"),
    ):
        assert citation[key] == project[named]
    assert citation["abstract"] == project["description"]
    assert citation["authors"] == project["authors"]


def test_the_workflow_runs_what_every_change_must_pass() -> None:
    workflow = yaml.safe_load((PROJECT / ".github/workflows/ci.yml").read_text())
    assert ".ci/run" in [step.get("run") for step in workflow["jobs"]["checks"]["steps"]]


@pytest.mark.slow
def test_the_app_runs_from_a_wheel_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(installed),
        "QLATENT_WORKSPACE": str(tmp_path / "workspace"),
    }
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    script, title = done.stdout.strip().split("|")
    assert Path(script) == installed / "qlatent/front/app.py"
    assert title == "Watch latent spaces form"
    assert (installed / "qlatent/front/.streamlit/config.toml").is_file()
    assert (installed / "qlatent/front/serve.py").is_file()


def test_the_pinned_versions_lie_within_the_ranges_of_the_wheel() -> None:
    ranges = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    asked = {each.name.lower().replace("_", "-"): each.specifier for each in map(Requirement, ranges)}
    lines = [
        line.partition("#")[0].strip() for line in (PROJECT / "requirements.txt").read_text().splitlines()
    ]
    for pinned in map(Requirement, filter(None, lines)):
        (version,) = pinned.specifier
        name = pinned.name.lower().replace("_", "-")
        assert version.operator == "==" and asked[name].contains(version.version), name
        assert str(asked[name]) != str(pinned.specifier)
