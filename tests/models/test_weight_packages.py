"""Weights that are not beside their definition come from an installed package, and only the very file that is meant."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from siamfc_eval.errors import InputError
from siamfc_eval.models import weight_packages
from siamfc_eval.models.checksums import CHECKSUMS
from siamfc_eval.models.weight_packages import PACKAGE, find_weights, package_of
from siamfc_eval.registry import Registry

NAME = "wide.safetensors"
CONTENT = b"the weights"


class Place:
    """A catalogue's folder whose list names a file, and the folders of installed packages."""

    def __init__(self, root: Path, folders: Registry[Path]) -> None:
        self.root, self.folders = root, folders
        self.catalogue = root / "trackers"
        self.catalogue.mkdir()
        (self.catalogue / CHECKSUMS).write_text(f"{hashlib.sha256(CONTENT).hexdigest()}  {NAME}\n")

    def package(self, name: str, **files: bytes) -> Path:
        folder = self.root / name
        folder.mkdir()
        for stem, content in files.items():
            (folder / f"{stem}.safetensors").write_bytes(content)
        self.folders.register(name, folder)
        return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    folders: Registry[Path] = Registry("package of weights", "pathlib:Path")
    monkeypatch.setattr(weight_packages, "FOLDERS", folders)
    monkeypatch.setattr(weight_packages, "catalogue_folder", lambda kind: tmp_path / kind)
    return Place(tmp_path, folders)


def test_the_file_beside_the_definition_is_used_whatever_is_installed(place: Place) -> None:
    place.package("installed", wide=CONTENT)
    (place.catalogue / NAME).write_bytes(b"replaced on purpose")
    assert find_weights(place.catalogue, NAME, "tracker x") == place.catalogue / NAME
    assert package_of(place.catalogue, NAME) == ""


def test_a_package_has_the_file_and_another_s_of_the_same_name_is_passed_over(place: Place) -> None:
    place.package("another", wide=b"something else")
    folder = place.package("installed", wide=CONTENT)
    assert find_weights(place.catalogue, NAME, "tracker x") == folder / NAME


def test_a_package_that_does_not_match_is_named_with_what_to_do(place: Place) -> None:
    folder = place.package("installed", wide=b"of an older release")
    with pytest.raises(InputError) as caught:
        find_weights(place.catalogue, NAME, "tracker x")
    said = str(caught.value)
    assert said.startswith(f"tracker x needs {NAME} as SHA256SUMS of siamfc_eval")
    assert f"{folder / NAME}, of this process (SHA-256 " in said
    assert "install the one that matches" in said
    assert "pip install ./weights" in said


def test_a_package_that_is_absent_is_named_with_what_to_do(place: Place) -> None:
    with pytest.raises(InputError) as caught:
        find_weights(place.catalogue, NAME, "tracker x")
    assert str(caught.value).startswith(
        f"tracker x: {NAME} is in the package {PACKAGE}, which is not installed. In your"
    )
    assert str(caught.value).endswith("run: pip install ./weights")
    assert package_of(place.catalogue, NAME) == PACKAGE


def test_a_package_that_lacks_the_file_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.package("installed", other=CONTENT)
    monkeypatch.setattr(place.folders, "provider", lambda name: f"{PACKAGE}-0.1")
    with pytest.raises(InputError, match=rf"{PACKAGE}, but not in {PACKAGE}-0\.1, which is installed"):
        find_weights(place.catalogue, NAME, "tracker x")


def test_a_file_that_no_list_names_comes_from_no_package(place: Place) -> None:
    place.package("installed", wide=CONTENT, best=b"anybody's")
    mine = place.root / "mine"
    mine.mkdir()
    assert find_weights(mine, NAME, "tracker x") is None
    assert find_weights(place.catalogue, "best.safetensors", "tracker x") is None
    assert find_weights(place.catalogue, f"../installed/{'best'}", "tracker x") is None
    assert package_of(mine, NAME) == ""
