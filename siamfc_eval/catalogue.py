"""Where the declarative files of trackers and experiments are: this package's folders, and folders of one's own.

Folders of one's own hold `trackers/*.toml` and `experiments/*.toml`. They are named by the environment variable
`SIAMFC_EVAL_PATH`, parted as `PATH` is, or on the command line by `siamfc-eval --catalogue DIR`.
"""

from __future__ import annotations

import os
from pathlib import Path

from siamfc_eval.errors import InputError, UnknownNameError

PATH = "SIAMFC_EVAL_PATH"
"""The environment variable, which the processes that a run starts have too."""

_PACKAGE = Path(__file__).resolve().parent


def catalogue_folder(kind: str) -> Path:
    """The folder that holds the built-in definitions of one kind.

    Args:
        kind: "trackers", "experiments" or "experiments/trainings".

    Returns:
        `<repository>/<kind>` in a source checkout, `siamfc_eval/_catalogue/<kind>` in an installed wheel.
    """
    installed = _PACKAGE / "_catalogue" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def own_catalogues() -> list[Path]:
    """The user's folders, in the order in which they are named.

    Raises:
        InputError: one of them is not there.
    """
    folders = [Path(part).expanduser() for part in os.environ.get(PATH, "").split(os.pathsep) if part.strip()]
    for folder in folders:
        if not folder.is_dir():
            raise InputError(
                f"{folder}: no such folder, which {PATH} or --catalogue names. Expected one with trackers/*.toml or "
                "experiments/*.toml."
            )
    return folders


def add_catalogue(folder: Path) -> None:
    """Look into a folder too, for the rest of this process and those that it starts.

    Raises:
        InputError: there is no such folder.
    """
    there = str(folder.expanduser().resolve())
    named = [part for part in os.environ.get(PATH, "").split(os.pathsep) if part and part != there]
    os.environ[PATH] = os.pathsep.join([there, *named])
    own_catalogues()


def catalogue_files(kind: str) -> dict[str, Path]:
    """Name -> file of every definition of one kind, sorted by name.

    Raises:
        InputError: two files have one name, or a folder is not there.
    """
    files: dict[str, Path] = {}
    for folder in (catalogue_folder(kind), *(own / kind for own in own_catalogues())):
        for path in sorted(folder.glob("*.toml")):
            other = files.setdefault(path.stem, path)
            if other != path:
                raise InputError(
                    f"{path.stem} is defined twice, by {other} and by {path}. Rename one of the files, or move it away."
                )
    return dict(sorted(files.items()))


def catalogue_names(kind: str) -> list[str]:
    """Names of the definitions of one kind, sorted."""
    return list(catalogue_files(kind))


def catalogue_of(path: Path) -> str:
    """Where a definition is from: the package's name for its own, else the folder that holds its catalogue."""
    for kind in ("trackers", "experiments", "experiments/trainings"):
        if path.parent == catalogue_folder(kind):
            return "siamfc_eval"
    return str(path.parent.parent)


def find_definition(kind: str, name_or_path: str) -> Path:
    """The TOML file of a definition, given its catalogue name or a path to a file.

    Raises:
        InputError: a path that is not a file.
        UnknownNameError: a name that the catalogue does not have.
    """
    if name_or_path.endswith(".toml") or "/" in name_or_path:
        path = Path(name_or_path).expanduser()
        if not path.is_file():
            raise InputError(f"{path}: no such file. Give a .toml file or one of: {', '.join(catalogue_names(kind))}.")
        return path
    files = catalogue_files(kind)
    if name_or_path not in files:
        raise UnknownNameError(kind.rpartition("/")[2].removesuffix("s"), name_or_path, files)
    return files[name_or_path]
