"""A workspace for vot-toolkit is written so that the toolkit, which starts trackers elsewhere, finds everything."""

from __future__ import annotations

import configparser
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from siamfc_eval.adapters.workspace import write_workspace
from siamfc_eval.catalogue import catalogue_folder, catalogue_names, find_definition
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.results.read import read_results
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.definition import read_definition
from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition

SCRIPTS = Path(__file__).parent / "trax_trackers"
STACK = """\
title: Short
experiments:
  baseline:
    type: supervised
    repetitions: 1
    skip_initialize: 5
    analyses:
      - type: supervised_average_ar
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of one short sequence on disk."""
    made = embedded_benchmark(length=20, names=("jelly-drifts",))
    return render_to_folder(made, tmp_path_factory.mktemp("drawn"), "vot")


@pytest.fixture(scope="module")
def dataset(drawn: Path) -> Dataset:
    return load_dataset(drawn)


def commands(path: Path) -> dict[str, list[str]]:
    registry = configparser.ConfigParser(interpolation=None)
    registry.read(path)
    assert all(registry[name]["protocol"] == "trax" for name in registry.sections())
    return {name: shlex.split(registry[name]["command"]) for name in registry.sections()}


def test_files_in_commands_are_found_from_any_folder(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my code").mkdir()
    (tmp_path / "package").mkdir()
    for name in ("my code/tracker.py", "run.sh", "python"):
        (tmp_path / name).write_text("")
    given = [
        "one=python 'my code/tracker.py' --fast",
        "three=python -m package './my code'",
        "two=./run.sh",
        "trax:python run.sh",
        "my code/tracker.py:Mine",
        "static",
    ]
    found = commands(write_workspace(tmp_path / "ws", dataset, given, python="/bin/our python") / "trackers.ini")
    script = str(tmp_path / "my code" / "tracker.py")
    ours = ["/bin/our python", "-m", "siamfc_eval", "trax"]
    assert found == {
        "one": ["python", script, "--fast"],
        "two": [str(tmp_path / "run.sh")],
        "three": ["python", "-m", "package", str(tmp_path / "my code")],
        "python-run": ["python", str(tmp_path / "run.sh")],
        "tracker": [*ours, f"{script}:Mine"],
        "static": [*ours, "static"],
    }


@pytest.mark.parametrize(
    ("trackers", "words"),
    [
        (["static", "static"], "'static' is given twice"),
        (["a b=python x.py"], "'a b'"),
        (["mine=python 'x.py"], "cannot be split"),
        (["mine="], "empty"),
    ],
)
def test_trackers_that_the_toolkit_could_not_start_are_refused(
    tmp_path: Path, dataset: Dataset, trackers: list[str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        write_workspace(tmp_path / "ws", dataset, trackers)
    assert not (tmp_path / "ws").exists()


def test_the_catalogue_has_a_registry_of_all_trackers_that_need_nothing_more() -> None:
    found = commands(catalogue_folder("trackers") / "trackers.ini")
    definitions = {name: read_definition(find_definition("trackers", name)) for name in catalogue_names("trackers")}
    complete = {
        name for name, one in definitions.items() if not (isinstance(one, NetworkDefinition) and one.weights is None)
    }
    assert found == {name: ["siamfc-eval", "trax", name] for name in complete}, "give each a section in trackers.ini"


@pytest.mark.peers
def test_the_toolkit_runs_an_exported_workspace_and_the_catalogues_registry(
    tmp_path: Path, drawn: Path, dataset: Dataset, vot_toolkit: Path
) -> None:
    script = os.path.relpath(SCRIPTS / "classic.py", tmp_path)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(*words: str | Path) -> str:
        environment = {**os.environ, "PATH": path}
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=400, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert "rror" not in said, said
        return said

    exported: list[str | Path] = ["siamfc-eval", "export", "vot-workspace", "ws", "--data", drawn]
    run(*exported, "--tracker", f"classic={shlex.quote(sys.executable)} {shlex.quote(script)} rectangle 40")
    (tmp_path / "ws" / "stack.yaml").write_text(STACK)
    catalogue = catalogue_folder("trackers") / "trackers.ini"
    (tmp_path / "ws" / "config.yaml").write_text(f"registry:\n- ./trackers.ini\n- {catalogue}\nstack: ./stack.yaml\n")
    run(vot_toolkit, "evaluate", "--workspace", "ws", "classic", "static")
    run(vot_toolkit, "analyze", "--workspace", "ws", "--format", "json", "classic", "static")
    assert list((tmp_path / "ws" / "analysis").glob("*.json"))
    results = read_results(tmp_path / "ws" / "results", dataset, protocol="baseline")
    assert set(results) == {"classic", "static"}
    # The script is one of those that end with their run, and it was reset.
    codes = results["classic"].runs["jelly-drifts"][0].trajectory().codes
    assert int((codes == 1).sum()) >= 2
