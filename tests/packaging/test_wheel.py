"""What is built is what a user installs: wheels with everything in them, working far from the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import siamfc_eval
from siamfc_eval.tracking.catalogue import read_catalogue, tracker_facts
from siamfc_eval.tracking.family import LoadOptions

REPOSITORY = Path(__file__).resolve().parents[2]

WIDE = {"siamfc-vgg": "float32", "siamrpn-alexnet": "float32", "siamfc-res22": "int8"}
"""Trackers with files in the package of weights -> precision."""

USED = """
import json, sys
from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.cli.verbs.doctor_verb import examine
from siamfc_eval.tracking.catalogue import read_catalogue, tracker_facts
from siamfc_eval.tracking.family import LoadOptions

wide = json.loads(sys.argv[1]).items()
hashes = {name: tracker_facts(read_catalogue(name), LoadOptions(precision=how))["hash"] for name, how in wide}
print(json.dumps({"loaded": load_tracker("siamfc-vgg", device="cpu").facts, "hashes": hashes, "doctor": examine()}))
"""


def _build(kind: str, project: Path, folder: Path) -> Path:
    """A "wheel" or an "sdist", by the backend that pyproject.toml names, from the environment's own copy of it."""
    build = f"import sys; from hatchling.build import build_{kind} as build; print(build(sys.argv[1]))"
    words = [sys.executable, "-c", build, str(folder)]
    made = subprocess.run(words, cwd=project, check=True, capture_output=True, text=True)
    return folder / made.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build("wheel", REPOSITORY, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def weights_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build("wheel", REPOSITORY / "weights", tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and this environment's libraries, without the repository."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    python = next(path for path in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if path.exists())
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # Plain entries, so that a .pth file of the other folders, such as an editable installation's, is not followed.
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *_outside(REPOSITORY)}
    (site / "libraries.pth").write_text("\n".join(sorted(libraries)) + "\n", encoding="utf-8")
    return python


def _outside(repository: Path) -> set[str]:
    """Folders of installed libraries on the path that are not the repository itself."""
    folders = (Path(entry) for entry in sys.path if "site-packages" in entry)
    return {str(folder) for folder in folders if folder.is_dir() and folder.resolve() != repository}


@pytest.fixture(scope="module")
def weights(weights_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH, with the package of weights unpacked in it."""
    folder = tmp_path_factory.mktemp("weights")
    with zipfile.ZipFile(weights_wheel) as archive:
        archive.extractall(folder)
    return folder


def _call(python: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command of the installed wheel; `path` is one more folder with packages."""
    return subprocess.run(
        [python, "-m", "siamfc_eval", *arguments],
        cwd=python.parent,
        env={**os.environ, "PYTHONPATH": str(path or "")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_source_archive_has_what_its_tests_and_its_documentation_need(tmp_path: Path) -> None:
    with tarfile.open(_build("sdist", REPOSITORY, tmp_path)) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    wanted = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("constraints*.txt"), REPOSITORY / "Makefile"]
    for folder in ("docs", "tests", "benchmarks", "experiments", "trackers", "weights"):
        wanted += [path for path in (REPOSITORY / folder).rglob("*.*") if "__pycache__" not in path.parts]
    missing = {path.relative_to(REPOSITORY).as_posix() for path in wanted if path.is_file()} - inside
    assert not missing


def test_the_wheel_has_every_file_that_the_package_reads(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    sources = [
        path for path in (REPOSITORY / "siamfc_eval").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    experiments = [path for path in (REPOSITORY / "experiments").rglob("*.*") if path.is_file()]
    wanted = {path.relative_to(REPOSITORY).as_posix() for path in sources}
    wanted |= {f"siamfc_eval/_catalogue/{path.relative_to(REPOSITORY).as_posix()}" for path in experiments}
    assert wanted <= inside
    assert not [name for name in inside if name.startswith(("tests/", "benchmarks/", "results/", "weights/"))]


def test_each_file_of_the_trackers_is_in_one_wheel_and_the_first_is_small(wheel: Path, weights_wheel: Path) -> None:
    catalogue, theirs = "siamfc_eval/_catalogue/trackers/", "siamfc_eval_weights/"
    main = {n.removeprefix(catalogue) for n in zipfile.ZipFile(wheel).namelist() if n.startswith(catalogue)}
    wide = {n.removeprefix(theirs) for n in zipfile.ZipFile(weights_wheel).namelist() if n.startswith(theirs)}
    wide -= {"__init__.py", "LICENSE"}
    assert main | wide == {path.name for path in (REPOSITORY / "trackers").iterdir()}
    assert not main & wide
    assert not [name for name in wide if not name.endswith((".safetensors", ".int8.onnx")) or "-slim" in name]
    assert {"siamfc-alexnet.safetensors", "siamfc-alexnet.int8.onnx"} <= main
    assert wheel.stat().st_size < 25e6
    # What two packages have together is 57 MB, so the other one cannot be as small; nobody has to install it.
    assert weights_wheel.stat().st_size < 45e6


def test_the_extra_brings_the_version_of_the_weights_that_is_here_and_no_other_extra_does() -> None:
    read = (path / "pyproject.toml" for path in (REPOSITORY, REPOSITORY / "weights"))
    project, theirs = (tomllib.loads(path.read_text(encoding="utf-8"))["project"] for path in read)
    extras = project["optional-dependencies"]
    assert extras["weights"] == [f"{theirs['name']}=={theirs['version']}"]
    # `pip install '.[all]'` works in a copy of the repository, with no index that has this package.
    assert [name for name, needed in extras.items() if any("weights" in one for one in needed)] == ["weights"]


def test_the_package_of_weights_can_be_built_from_its_source_archive(tmp_path: Path) -> None:
    for folder in ("trackers", "dist", "again"):
        (tmp_path / folder).mkdir()
    shutil.copytree(REPOSITORY / "weights", tmp_path / "weights")
    shutil.copy(REPOSITORY / "LICENSE", tmp_path)
    (tmp_path / "trackers" / "wide.safetensors").write_bytes(b"some weights")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.hatch.build.targets.wheel]\nexclude = ["/trackers/wide.safetensors"]'
    )
    here = _build("wheel", tmp_path / "weights", tmp_path / "dist")
    with tarfile.open(_build("sdist", tmp_path / "weights", tmp_path / "dist")) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (project,) = (tmp_path / "unpacked").iterdir()
    again = _build("wheel", project, tmp_path / "again")
    assert here.read_bytes() == again.read_bytes()
    assert zipfile.ZipFile(again).read("siamfc_eval_weights/wide.safetensors") == b"some weights"


def test_the_wheel_says_who_made_it_and_how_it_may_be_used(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    metadata = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))
    assert "Author: siamfc_eval contributors" in metadata
    assert "License-Expression: MIT" in metadata
    assert f"Version: {siamfc_eval.__version__}" in metadata


def test_installed_it_is_the_wheel_that_runs(installed: Path) -> None:
    where = subprocess.run(
        [installed, "-c", "import siamfc_eval; print(siamfc_eval.__file__)"],
        cwd=installed.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    assert REPOSITORY not in Path(where.stdout.strip()).resolve().parents
    assert siamfc_eval.__version__ in _call(installed, "--version").stdout
    listed = _call(installed, "list", "trackers", "--json")
    ready = {row["name"]: row["ready"] for row in json.loads(listed.stdout)}
    assert ready["siamfc-slim"] == "yes"
    assert ready["siamfc-vgg"] == "lacks siamfc-vgg.safetensors (siamfc-eval-weights)"


def test_installed_it_evaluates_a_tracker(installed: Path, tmp_path: Path) -> None:
    ran = _call(installed, "run", "embedded", "--tracker", "static", "--sequence", "disc-spins", "--out", str(tmp_path))
    assert ran.returncode in {0, 2}, ran.stderr
    assert list(tmp_path.rglob("manifest.json"))


def test_without_the_package_of_weights_a_wide_network_says_so_before_anything_runs(
    installed: Path, tmp_path: Path
) -> None:
    run = ["run", "embedded", "--sequence", "disc-spins", "--out", str(tmp_path)]
    ran = _call(installed, *run, "--tracker", "siamfc-vgg")
    assert ran.returncode == 1
    where = "siamfc-vgg.safetensors is in the package siamfc-eval-weights, which is not installed"
    assert ran.stderr.startswith(f"error: tracker siamfc-vgg: {where}")
    assert "pip install ./weights" in ran.stderr
    assert not list(tmp_path.iterdir())


def test_doctor_works_without_the_package_of_weights_and_says_what_to_do(installed: Path) -> None:
    said = _call(installed, "doctor")
    assert said.returncode == 0, said.stderr
    assert "weights in siamfc-eval-weights  In your copy of the repository" in said.stdout
    assert "siamrpn-alexnet.safetensors" in said.stdout


def test_with_the_package_of_weights_trackers_are_those_of_the_repository(installed: Path, weights: Path) -> None:
    pytest.importorskip("torch")
    done = subprocess.run(
        [installed, "-c", USED, json.dumps(WIDE)],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(weights)},
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    here = {name: tracker_facts(read_catalogue(name), LoadOptions(precision=how)) for name, how in WIDE.items()}
    assert found["hashes"] == {name: facts["hash"] for name, facts in here.items()}
    assert found["loaded"] == here["siamfc-vgg"]
    assert [name.rpartition("-")[0] for name in found["doctor"]["weights"]] == ["siamfc-eval-weights"]
    assert not [name for name, state in found["doctor"]["trackers"].items() if state.startswith("lacks")]


def test_the_version_is_one_thing() -> None:
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {siamfc_eval.__version__}" in citation
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"]
