"""What is wrong with a data set: raised at once, or collected so that a check can name everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from siamfc_eval.errors import InputError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where."""

    kind: str
    """Short class of the problem, e.g. "missing frame", "count mismatch", "degenerate box"."""
    where: str
    """The file (with `:line`), folder or sequence concerned."""
    message: str
    """What was expected, what was found, what to do."""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass
class Problems:
    """Receives the problems of a reader: raises the first (strict) or keeps them all and lets the reader go on."""

    strict: bool = True
    found: list[Problem] = field(default_factory=list)

    def report(self, kind: str, where: str | Path, message: str) -> None:
        """Take note of a problem.

        Raises:
            InputError: in strict mode, always.
        """
        problem = Problem(kind, str(where), message)
        if self.strict:
            raise InputError(str(problem))
        self.found.append(problem)
