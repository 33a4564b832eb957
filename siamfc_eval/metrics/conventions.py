"""The conventions by name: which rules of which toolkit a score is computed under.

Each is one `Convention` in `ope/conventions.py`, in `vot/conventions.py` or in another package, which offers it as an
entry point of the group `siamfc_eval.conventions`. Modules load when they are used.
"""

from __future__ import annotations

import contextlib

from siamfc_eval.datasets.known import match_known
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.scores import Measure
from siamfc_eval.protocols.table import protocol
from siamfc_eval.registry import Registry

CONVENTIONS: Registry[Convention] = Registry(
    "convention", "siamfc_eval.metrics.convention:Convention", group="siamfc_eval.conventions"
)
"""Every convention, by name."""

_USUAL = "otb-matlab"
"""For data sets of which no convention says that it is theirs."""

for _room, _names in {
    "ope": (
        "otb-matlab",
        "otb-tre",
        "otb-sre",
        "got10k",
        "got10k-ao",
        "pysot-toolkit",
        "pysot",
        "pytracking",
        "pytracking-valid",
        "lasot",
        "uav123",
        "plain",
    ),
    "vot": (
        "vot-official",
        "pysot-vot",
        "vot-toolkit",
        "vot-official-ao",
        "vot-toolkit-ao",
        "vot-multistart",
        "vot-toolkit-multistart",
        "vot-longterm",
        "vot-toolkit-longterm",
    ),
}.items():
    for _name in _names:
        CONVENTIONS.add(_name, f"siamfc_eval.metrics.{_room}.conventions:{_name.upper().replace('-', '_')}")


def convention(name: str) -> Convention:
    """The convention of a name.

    Raises:
        UnknownNameError: there is none of that name; the nearest names are in the message.
        InputError: it is another package's and cannot be loaded.
    """
    return CONVENTIONS[name]


def reads(name: str, kind: str) -> bool:
    """Whether a convention can score the runs of a kind of protocol: theirs must be what its own protocol makes.

    Raises:
        UnknownNameError: no such convention or kind.
    """
    return protocol(convention(name).protocol).shape == protocol(kind).shape


def conventions_for(kind: str) -> tuple[str, ...]:
    """The conventions that are made for the runs of a kind of protocol, its usual one first."""
    made = []
    for name in CONVENTIONS:
        with contextlib.suppress(InputError):  # Another package's that is broken: asking for it by name is an error.
            if CONVENTIONS[name].protocol == kind:
                made.append(name)
    return tuple(dict.fromkeys((protocol(kind).convention, *made)))


def convention_on(name: str, dataset: Dataset) -> Convention:
    """The convention that holds on a data set where one of this name is asked for.

    On GOT-10k itself, `got10k` is `got10k-ao`: that toolkit scores its own benchmark in another way.

    Raises:
        UnknownNameError: there is no convention of that name.
    """
    entry = convention(name)
    for start, other in entry.elsewhere.items():
        if dataset.name.startswith(start):
            return convention(other)
    return entry


def build_measure(name: str, dataset: Dataset) -> Measure:
    """The measure of a convention for a data set, which may fix an interval of lengths or a year's rule.

    Raises:
        UnknownNameError: there is no convention of that name.
    """
    entry = convention_on(name, dataset)
    return entry.measure(entry, dataset)


def default_convention(dataset: str) -> str:
    """The convention under which the papers of a benchmark quote their numbers; `otb-matlab` for any other data set."""
    known = match_known(dataset)
    means = (known.name, known.family) if known is not None else ()
    return next(
        (name for benchmark in means for name in CONVENTIONS.own if benchmark in CONVENTIONS[name].benchmarks), _USUAL
    )
