"""Errors that a user can act on, and the exit codes that go with them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class SiamfcEvalError(Exception):
    """Base of every error that this package raises on purpose; its text is meant for a person.

    A message says where (file, line or item), what was expected, what was found and what to do next. The command line
    prints it without a traceback and exits with `exit_code`.
    """

    exit_code = 1


class InputError(SiamfcEvalError):
    """Something that the user gave cannot be used: a file, a folder, a name, a value. Exit code 1."""


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names that are like a name, the nearest first."""
    import difflib  # Here, as every program imports this module and few come to an unknown name.

    return difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)


class UnknownNameError(InputError):
    """A name that is in no catalogue. The message lists the nearest known names."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = near_names(name, known)
        hint = f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(known) or 'none'}."
        super().__init__(f"unknown {kind} '{name}'. {hint}")
        self.name = name


class MissingDependencyError(InputError):
    """An optional package is needed and absent; the message gives the command that installs it. Exit code 1."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package '{package}'. {install_hint(extra)}")


def install_hint(extra: str = "") -> str:
    """How to install an extra of this package from a copy of the repository, as there is no release.

    Args:
        extra: its name in pyproject.toml; "": the package itself.
    """
    # errors.py lies in the package, the package in the repository; an installed wheel has no pyproject.toml there.
    repository = Path(__file__).resolve().parents[1]
    here = (repository / "pyproject.toml").is_file()
    where = f"In {repository}" if here else "In your copy of the repository of siamfc_eval"
    return f"{where}, run: pip install '.{f'[{extra}]' if extra else ''}'"


class IncompleteError(SiamfcEvalError):
    """Results are missing, so no whole number can be given. Exit code 2."""

    exit_code = 2


class TrackerError(SiamfcEvalError):
    """A tracker failed: it crashed, hung or answered with something that is no region. Exit code 3."""

    exit_code = 3

    def __init__(self, message: str, details: str = "") -> None:
        """
        Args:
            message: what happened.
            details: the traceback of the tracker's own code, or the end of what its process wrote; "" where the message
                says it all.
        """
        super().__init__(message)
        self.details = details
