"""Where the declarative files of trackers and experiments are: the repository's folders or the installed package's."""

from __future__ import annotations

from pathlib import Path

from siamfc_eval.errors import InputError, UnknownNameError

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


def catalogue_names(kind: str) -> list[str]:
    """Names of the built-in definitions of one kind, sorted."""
    return sorted(path.stem for path in catalogue_folder(kind).glob("*.toml"))


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
    path = catalogue_folder(kind) / f"{name_or_path}.toml"
    if name_or_path not in catalogue_names(kind):
        raise UnknownNameError(kind.rpartition("/")[2].removesuffix("s"), name_or_path, catalogue_names(kind))
    return path
