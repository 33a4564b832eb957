"""The conventions by name: which rules of which toolkit a score is computed under.

A convention is an entry below and a function that builds its measure for a data set. Modules load when they are used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from siamfc_eval.datasets.known import match_known
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import UnknownNameError
from siamfc_eval.metrics.scores import Measure
from siamfc_eval.protocols.table import protocol


@dataclass(frozen=True)
class Convention:
    """A named set of rules."""

    name: str
    summary: str
    """One line: whose numbers these are."""
    protocol: str
    """Which runs it reads; see `Measure.protocol`."""
    target: str
    """`module:function`; the function takes the name and the data set and returns the measure."""


_OPE = "siamfc_eval.metrics.ope.measure:build"
_SUPERVISED = "siamfc_eval.metrics.vot.supervised:build"
_UNSUPERVISED = "siamfc_eval.metrics.vot.unsupervised:build"
_MULTI_START = "siamfc_eval.metrics.vot.multistart:build"
_LONG_TERM = "siamfc_eval.metrics.vot.longterm:build"

_ENTRIES = (
    Convention("otb-matlab", "The OTB toolkit in MATLAB, which the OTB papers quote", "ope", _OPE),
    Convention("otb-tre", "The OTB toolkit's temporal robustness: 20 starts for each sequence", "tre", _OPE),
    Convention("otb-sre", "The OTB toolkit's spatial robustness: 12 initial boxes for each sequence", "sre", _OPE),
    Convention("got10k", "got10k 0.1.3 on OTB, UAV123, NfS, DTB70 and TColor128", "ope", _OPE),
    Convention("got10k-ao", "got10k 0.1.3 on GOT-10k: AO and SR over all frames", "ope", _OPE),
    Convention("pysot-toolkit", "The pysot-toolkit with its numba kernels", "ope", _OPE),
    Convention("pysot", "pysot's own copy of the toolkit (STVIR)", "ope", _OPE),
    Convention("pytracking", "pytracking's analysis", "ope", _OPE),
    Convention("pytracking-valid", "pytracking's analysis without the frames of invalid ground truth", "ope", _OPE),
    Convention("lasot", "The LaSOT toolkit in MATLAB", "ope", _OPE),
    Convention("uav123", "The UAV123 benchmark: unannotated frames fail", "ope", _OPE),
    Convention("plain", "No rule at all: boxes as they are, like DCFNet's and SiamDW's scripts", "ope", _OPE),
    Convention("vot-official", "The VOT challenges in MATLAB, which papers quote", "supervised", _SUPERVISED),
    Convention(
        "pysot-vot", "pysot's copy of it, which pads failures 5 frames before the end", "supervised", _SUPERVISED
    ),
    Convention("vot-toolkit", "vot-toolkit 0.7 to 0.9 in Python", "supervised", _SUPERVISED),
    Convention("vot-official-ao", "The MATLAB toolkit's average overlap without resets", "unsupervised", _UNSUPERVISED),
    Convention("vot-toolkit-ao", "vot-toolkit's average overlap without resets", "unsupervised", _UNSUPERVISED),
    Convention("vot-multistart", "VOT2020's EAO, accuracy and robustness as defined", "multi-start", _MULTI_START),
    Convention("vot-toolkit-multistart", "The same as vot-toolkit computes it", "multi-start", _MULTI_START),
    Convention("vot-longterm", "VOT2018-LT's precision, recall and F-score as defined", "long-term", _LONG_TERM),
    Convention("vot-toolkit-longterm", "The same as vot-toolkit computes it", "long-term", _LONG_TERM),
)

CONVENTIONS: dict[str, Convention] = {entry.name: entry for entry in _ENTRIES}


def convention(name: str) -> Convention:
    """The entry of a convention.

    Raises:
        UnknownNameError: there is none of that name; the nearest names are in the message.
    """
    if name not in CONVENTIONS:
        raise UnknownNameError("convention", name, CONVENTIONS)
    return CONVENTIONS[name]


def reads(name: str, kind: str) -> bool:
    """Whether a convention can score the runs of a kind of protocol: theirs must be what its own protocol makes.

    Raises:
        UnknownNameError: no such convention or kind.
    """
    return protocol(convention(name).protocol).shape == protocol(kind).shape


def conventions_for(kind: str) -> tuple[str, ...]:
    """The conventions that are made for the runs of a kind of protocol, its usual one first."""
    made = [entry.name for entry in _ENTRIES if entry.protocol == kind]
    return tuple(dict.fromkeys((protocol(kind).convention, *made)))


def build_measure(name: str, dataset: Dataset) -> Measure:
    """The measure of a convention for a data set, which may fix an interval of lengths or a year's rule.

    On GOT-10k itself, `got10k` is `got10k-ao`: that toolkit scores its own benchmark in another way.

    Raises:
        UnknownNameError: there is no convention of that name.
    """
    if name == "got10k" and dataset.name.startswith("got10k"):
        name = "got10k-ao"
    module, _, function = convention(name).target.partition(":")
    build: Callable[[str, Dataset], Measure] = getattr(importlib.import_module(module), function)
    return build(name, dataset)


_DEFAULTS = {"vot": "vot-official", "got10k": "got10k", "lasot": "lasot", "uav": "uav123"}


def default_convention(dataset: str) -> str:
    """The convention under which the papers of a benchmark quote their numbers; `otb-matlab` for any other data set."""
    known = match_known(dataset)
    return _DEFAULTS.get(known.family, "otb-matlab") if known else "otb-matlab"
