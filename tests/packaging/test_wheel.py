"""What is built is what a user installs: a wheel with everything in it, working far from the repository."""

from __future__ import annotations

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

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend that pyproject.toml names, from the environment's own copy of it."""
    folder = tmp_path_factory.mktemp("dist")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    made = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    return folder / made.stdout.split()[-1]


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


def _call(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "siamfc_eval", *arguments],
        cwd=python.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_source_archive_has_what_its_tests_and_its_documentation_need(tmp_path: Path) -> None:
    build = "import sys; from hatchling.build import build_sdist; print(build_sdist(sys.argv[1]))"
    made = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    with tarfile.open(tmp_path / made.stdout.split()[-1]) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    wanted = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("constraints*.txt"), REPOSITORY / "Makefile"]
    for folder in ("docs", "tests", "benchmarks", "experiments", "trackers"):
        wanted += [path for path in (REPOSITORY / folder).rglob("*.*") if "__pycache__" not in path.parts]
    missing = {path.relative_to(REPOSITORY).as_posix() for path in wanted if path.is_file()} - inside
    assert not missing


def test_the_wheel_has_every_file_that_the_package_reads(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    sources = [
        path for path in (REPOSITORY / "siamfc_eval").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    catalogues = [path for kind in ("trackers", "experiments") for path in (REPOSITORY / kind).rglob("*.*")]
    wanted = {path.relative_to(REPOSITORY).as_posix() for path in sources}
    wanted |= {
        f"siamfc_eval/_catalogue/{path.relative_to(REPOSITORY).as_posix()}" for path in catalogues if path.is_file()
    }
    assert wanted <= inside
    assert not [name for name in inside if name.startswith(("tests/", "benchmarks/", "results/"))]


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
    assert '"siamfc-slim"' in listed.stdout, listed.stderr


def test_installed_it_evaluates_a_tracker(installed: Path, tmp_path: Path) -> None:
    ran = _call(installed, "run", "embedded", "--tracker", "static", "--sequence", "disc-spins", "--out", str(tmp_path))
    assert ran.returncode in {0, 2}, ran.stderr
    assert list(tmp_path.rglob("manifest.json"))


def test_the_version_is_one_thing() -> None:
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {siamfc_eval.__version__}" in citation
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" in project["dynamic"]
