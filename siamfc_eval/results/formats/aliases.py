"""How other toolkits spell data sets, sequences and trackers in the paths of their results."""

from __future__ import annotations

import re
from collections.abc import Iterable

from siamfc_eval.datasets.known import match_known
from siamfc_eval.errors import InputError
from siamfc_eval.results.names import path_part

_GOT10K = {
    "otb2015": "OTB2015",
    "otb2013": "OTB2013",
    "otb50": "OTBtb50",
    "uav123": "UAV123",
    "uav20l": "UAV20L",
    "dtb70": "DTB70",
    "tcolor128": "TColor128",
    "nfs30": "NfS/30",
    "nfs240": "NfS/240",
    "lasot": "LaSOT",
    "trackingnet-test": "TrackingNet",
}
_PYSOT = {
    "otb2015": "OTB100",
    "otb50": "OTB50",
    "otb2013": "CVPR13",
    "uav123": "UAV123",
    "uav20l": "UAV20L",
    "nfs30": "NFS30",
    "nfs240": "NFS240",
    "lasot": "LaSOT",
}
_BY_FAMILY = {"got10k": "GOT-10k"}


def dataset_folder(dataset: str, toolkit: str) -> str:
    """The folder of a data set's results, e.g. "OTB2015" for got10k and "OTB100" for pysot; may have two parts."""
    known = match_known(dataset)
    table = {"got10k": _GOT10K, "pysot": _PYSOT}.get(toolkit, {})
    if known is None or toolkit not in {"got10k", "pysot"}:
        return path_part(dataset)
    if known.family == "vot":
        return known.name.upper()
    return table.get(known.name) or _BY_FAMILY.get(known.family) or path_part(dataset)


def written_sequence(name: str, dataset: str, toolkit: str) -> str:
    """A sequence's name in file names: got10k numbers OTB's double sequences with a dot, and knows one Human4."""
    known = match_known(dataset)
    if toolkit == "got10k" and known is not None and known.family == "otb":
        return "Human4" if name == "Human4-2" else re.sub(r"-(\d)$", r".\1", name)
    if toolkit == "vot-toolkit":
        return identifier(name)
    return path_part(name)


def identifier(name: str) -> str:
    """A name as vot-toolkit allows it: letters, digits, `-` and `_`; anything else becomes `_`."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)


def tracker_identifier(name: str) -> str:
    """As `identifier`, keeping a version behind `@`."""
    label, at, version = name.partition("@")
    return identifier(label) + at + identifier(version)


def require_distinct(pairs: Iterable[tuple[str, str]], what: str) -> None:
    """Refuse names that a toolkit cannot tell apart.

    Args:
        pairs: pairs of a name and how it is written.
        what: "trackers" or "sequences", for the message.

    Raises:
        InputError: two names that are written alike.
    """
    seen: dict[str, str] = {}
    for name, written in pairs:
        other = seen.setdefault(written.lower(), name)
        if other != name:
            raise InputError(f"{what} '{other}' and '{name}' would both be written as '{written}'. Rename one of them.")
