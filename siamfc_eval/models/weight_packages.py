"""Where the weights of a definition are: beside it, or in a package of weights that is installed.

A package offers a folder of files through an entry point::

    [project.entry-points."siamfc_eval.weights"]
    my-weights = "my_weights:FOLDER"

A file is taken from there only where SHA256SUMS beside the definition names it, and only if it is that very file, so
that none of the same name can stand in for it. In a copy of the repository all weights lie beside their definitions.
"""

from __future__ import annotations

from pathlib import Path

from siamfc_eval.catalogue import catalogue_folder
from siamfc_eval.errors import InputError
from siamfc_eval.models.checksums import CHECKSUMS, file_sum, listed_sum
from siamfc_eval.registry import Registry
from siamfc_eval.version import __version__

PACKAGE = "siamfc-eval-weights"
"""The package with those of our own weights that the wheel leaves out, as it would be three times as large."""

INSTALL = "In your copy of the repository of siamfc_eval, run: pip install ./weights"
"""How to get that package."""

FOLDERS: Registry[Path] = Registry("package of weights", "pathlib:Path", group="siamfc_eval.weights")
"""Folder of every package of weights, by the name of its entry point."""


def installed_packages() -> list[str]:
    """Packages of weights that are installed, with their versions."""
    return [FOLDERS.provider(name) for name in FOLDERS]


def package_of(folder: Path, name: str) -> str:
    """The package that is known to have a file which is not beside its definition; "" where none is.

    Args:
        folder: the definition's.
        name: of the file.
    """
    ours = folder.resolve() == catalogue_folder("trackers").resolve() and listed_sum(folder, name) is not None
    return PACKAGE if ours and not (folder / name).is_file() else ""


def find_weights(folder: Path, name: str, user: str) -> Path | None:
    """A file that a definition names.

    Args:
        folder: the definition's.
        name: relative to the folder.
        user: what needs the file, for errors: "tracker siamfc-vgg".

    Returns:
        The file beside the definition, else that of a package; None where there is none and no package is known for it.

    Raises:
        InputError: the package that has it is not installed, or what is installed has another file of that name.
    """
    if (folder / name).is_file():
        return folder / name
    expected = listed_sum(folder, name)
    if expected is None or Path(name).name != name:
        return None
    wrong: list[str] = []
    for entry in FOLDERS:
        file = FOLDERS[entry] / name
        if not file.is_file():
            continue
        if (found := file_sum(file)) == expected:
            return file
        wrong.append(f"{file}, of {FOLDERS.provider(entry)} (SHA-256 {found[:12]}..., expected {expected[:12]}...)")
    if wrong:
        raise InputError(
            f"{user} needs {name} as {CHECKSUMS} of siamfc_eval {__version__} names it; found: {'; '.join(wrong)}. "
            f"The package does not match, or is damaged: install the one that matches. {INSTALL}"
        )
    package = package_of(folder, name)
    if not package:
        return None
    without = [one for one in installed_packages() if one.rpartition("-")[0] == package]
    lacking = f"but not in {without[0]}, which is installed" if without else "which is not installed"
    raise InputError(f"{user}: {name} is in the package {package}, {lacking}. {INSTALL}")
