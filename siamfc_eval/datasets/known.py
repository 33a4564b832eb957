"""The benchmarks that have a name, and the other names under which people have them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from siamfc_eval.plain_text import counted


@dataclass(frozen=True)
class KnownDataset:
    """A published benchmark."""

    name: str
    """Canonical identifier, as used in signatures, folders and `--dataset`."""
    family: str
    """Which reader knows it: "otb", "vot", "got10k", ..."""
    sequences: int | None = None
    """How many sequences the whole benchmark has."""
    other_names: tuple[str, ...] = ()
    """Other names in use, compared without case and punctuation; among them vot-toolkit's stacks of experiments."""


KNOWN: tuple[KnownDataset, ...] = (
    KnownDataset("otb2015", "otb", 100, ("otb100", "tb100", "otb-2015")),
    KnownDataset("otb50", "otb", 50, ("tb50",)),
    KnownDataset("otb2013", "otb", 51, ("cvpr13", "otb-cvpr13")),
    KnownDataset("vot2013", "vot", 16),
    KnownDataset("vot2014", "vot", 25),
    KnownDataset("vot2015", "vot", 60, ("vot2015/rgb",)),
    KnownDataset("vot2016", "vot", 60, ("vot2016/rgb",)),
    KnownDataset("vot2017", "vot", 60),
    KnownDataset("vot2018", "vot", 60, ("vot2018/shortterm",)),
    KnownDataset("vot2019", "vot", 60, ("vot2019/shortterm",)),
    KnownDataset("vot2018-lt", "vot", 35, ("vot18lt", "votlt2018", "vot2018/longterm")),
    KnownDataset("vot2019-lt", "vot", 50, ("vot19lt", "votlt2019", "vot2019/longterm")),
    KnownDataset("got10k-train", "got10k", 9335),
    KnownDataset("got10k-val", "got10k", 180, ("got10kvalidation",)),
    KnownDataset("got10k-test", "got10k", 180),
    KnownDataset("lasot", "lasot", None, ("lasottest", "lasottesting")),
    KnownDataset("uav123", "uav", 123),
    KnownDataset("uav20l", "uav", 20),
    KnownDataset("uav123-10fps", "uav", 123, ("uav12310fps", "uav123at10fps")),
    KnownDataset("nfs30", "nfs", 100, ("nfs",)),
    KnownDataset("nfs240", "nfs", 100),
    KnownDataset("tcolor128", "tcolor128", 129, ("templecolor128", "tc128", "tcl128")),
    KnownDataset("dtb70", "dtb70", 70),
    KnownDataset("trackingnet", "trackingnet", None),
    KnownDataset("trackingnet-test", "trackingnet", 511),
)


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_BY_KEY = {_key(name): known for known in KNOWN for name in (known.name, *known.other_names)}


def match_known(name: str) -> KnownDataset | None:
    """The benchmark that a name means, however it is written; None for a name of no benchmark."""
    return _BY_KEY.get(_key(name))


def shortfall(dataset: str, sequences: int) -> str:
    """What a data set lacks of the benchmark whose name it has, as a sentence without a full stop; "" if nothing."""
    known = match_known(dataset)
    if known is None or known.sequences is None or sequences >= known.sequences:
        return ""
    return f"{counted(sequences, 'sequence')}, where the whole of {known.name} has {known.sequences}"


def name_from_path(path: Path, family: str = "") -> str:
    """The data set's name as its file or folder says: `vot2018/annotations.json` and `VOT2018.json` are "vot2018".

    Args:
        path: the folder or file.
        family: accept benchmarks of this family only; "": of any.

    Returns:
        A canonical name where the path, or its parent folder, names a benchmark; else the path's own stem, lower case.
    """
    path = path.resolve()
    own = path.name if path.is_dir() else path.stem
    for candidate in (own, path.parent.name):
        known = match_known(candidate)
        if known is not None and family in {"", known.family}:
            return known.name
    return re.sub(r"[^a-z0-9._-]+", "-", own.lower()).strip("-.") or "dataset"
