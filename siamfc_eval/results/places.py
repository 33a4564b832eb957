"""Where the result files of each tracker are: folders of trackers, one tracker's folder, and its protocols' folders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from siamfc_eval.datasets.known import match_known
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.protocols.table import PROTOCOLS, match_protocol, own_protocol
from siamfc_eval.results.folders import ResultFolder
from siamfc_eval.results.formats.aliases import tracker_identifier
from siamfc_eval.results.formats.layout import Listing, Listings
from siamfc_eval.results.names import name_from_part

if TYPE_CHECKING:
    from siamfc_eval.results.manifest import Manifest

SUPERVISED = PROTOCOLS["supervised"].folders
"""Folder names of VOT's main protocol."""
ONE_PASS = "ope"
_OWN = "its own files (ope)"


@dataclass(frozen=True)
class Place:
    """Where the files of one tracker are."""

    folder: Path
    protocol: str | None
    """The protocol's folder; None for files in the tracker's own."""
    listing: Listing
    notes: tuple[str, ...] = ()


def kind_of(manifest: Manifest | None, folder: str | None) -> str | None:
    """The protocol that made the runs in a folder; under a clock, the one that the clock is over.

    Args:
        manifest: of the runs, if there is one.
        folder: name of the protocol's folder; None: a tracker's own.

    Returns:
        A kind of `protocols.table`, or None where neither says it: another toolkit's realtime runs may be either.
    """
    recorded = manifest.identity if manifest is not None else {}
    named = own_protocol(folder) if folder is not None else None
    kind = recorded.get("protocol.kind") or (named.kind if named is not None else None)
    if kind is None and manifest is not None and not manifest.source and manifest.experiment is None:
        kind = ONE_PASS
    kind = recorded.get("protocol.of") if kind == "realtime" else kind
    return kind if kind is not None and kind in PROTOCOLS else None


def _tracker_name(folder: Path, source: ResultFolder) -> str:
    """A tracker's name by its folder, or by its manifest where the folder has vot-toolkit's form of that name."""
    manifest = source.manifest(folder)
    if manifest is not None and tracker_identifier(manifest.tracker) == folder.name:
        return manifest.tracker
    return name_from_part(folder.name)


def is_protocol(folder: Path, source: ResultFolder) -> bool:
    """Whether a folder is a protocol's within a tracker's: as its manifest says, else as its name does."""
    manifest = source.manifest(folder)
    if manifest is not None:
        return manifest.experiment is not None
    return own_protocol(folder.name) is not None


def find_trackers(
    folder: Path, dataset: Dataset, listings: Listings, protocol: str | None
) -> tuple[Path, dict[str, Place], list[str]]:
    """Trackers by name, each with its folder, protocol and files; descends to where the trackers are.

    Args:
        folder: where to look.
        dataset: what the results are of.
        listings: the results of its sequences, folder by folder.
        protocol: the one to read, by kind or folder; None: a tracker's own files, else its supervised runs, else the
            only ones that it has.

    Raises:
        InputError: a folder that cannot be listed, or a tracker with several protocols of which none goes first.
    """
    found, notes = _trackers_in(folder, dataset, listings, protocol)
    if found is not None:
        return folder, found, notes
    for below in _folders_below(listings.source.folders(folder), dataset, protocol):
        of_protocol = protocol is not None and below.name.lower() == protocol.lower()
        root, places, notes = find_trackers(below, dataset, listings, None if of_protocol else protocol)
        if of_protocol:
            places = {name: replace(place, protocol=place.protocol or protocol) for name, place in places.items()}
        if places:
            return root, places, [*notes, f"The results are in {below.relative_to(folder)}."]
    return folder, {}, []


def _trackers_in(
    folder: Path, dataset: Dataset, listings: Listings, protocol: str | None
) -> tuple[dict[str, Place] | None, list[str]]:
    """The trackers of a folder, or the one that it is; None where it holds no results, so that these may be below."""
    source, matlab = listings.source, listings.matlab(folder)
    if any(listing.found for listing in matlab.values()):
        stray = matlab.pop("", Listing()).unmatched
        notes = [f"{len(stray)} .mat files name no sequence of {dataset.name}{named_examples(stray)}."] if stray else []
        return {name: Place(folder, None, listing) for name, listing in matlab.items()}, notes
    own = listings.results(folder)
    if own.found:
        here = folder.resolve()
        if is_protocol(here, source):
            return {_tracker_name(here.parent, source): Place(folder, here.name, own)}, []
        return _one_tracker(folder, listings, protocol), []
    folders = source.folders(folder)
    protocols = {
        path: found for path in folders if is_protocol(path, source) and (found := listings.results(path)).found
    }
    chosen = {path: _choose(path, listings, protocol) for path in folders if path not in protocols}
    places = {_tracker_name(path, source): place for path, place in chosen.items() if place is not None}
    if not places:
        return (_one_tracker(folder, listings, protocol) if protocols else None), []
    notes = _left_out(protocols, places, source)
    without = [path for path, place in chosen.items() if place is None]
    if without:
        wanted = f" of the protocol '{protocol}'" if protocol else ""
        notes.append(f"No results{wanted} of {dataset.name} in{named_examples(without)}.")
    return dict(sorted(places.items())), notes


def _left_out(protocols: Mapping[Path, Listing], places: dict[str, Place], source: ResultFolder) -> list[str]:
    """What to say of folders that are named like protocols and lie among trackers.

    Where they hold one file for each sequence, as a tracker's own folder does, they are trackers of that name.
    """
    others = []
    for path, listing in protocols.items():
        if all(Path(found.place).parent == path for found in listing.found):
            places[_tracker_name(path, source)] = Place(path, None, listing)
        else:
            others.append(path)
    return [f"Not read as trackers, as they are named after protocols{named_examples(others)}."] if others else []


def _one_tracker(folder: Path, listings: Listings, protocol: str | None) -> dict[str, Place]:
    """The folder is one tracker's; what else is in it than what is read is said."""
    place = _choose(folder, listings, protocol)
    if place is None:
        return {}
    own = [_OWN] if listings.results(folder).found else []
    others = [name for name in (*own, *listings.protocols(folder)) if name != (place.protocol or _OWN)]
    if others:
        said = f"Read: {place.protocol or _OWN}. It has runs of {', '.join(others)} too: name one with --protocol."
        place = replace(place, notes=(*place.notes, said))
    return {_tracker_name(folder.resolve(), listings.source): place}


def _choose(folder: Path, listings: Listings, protocol: str | None) -> Place | None:
    """The files of one tracker: of the protocol asked for, its own, the supervised one, or the only one."""
    own = listings.results(folder)
    asked = match_protocol(protocol) if protocol is not None else None
    if own.found and (protocol is None or (asked is not None and asked.kind == ONE_PASS)):
        return Place(folder, None, own)
    found = listings.protocols(folder)
    if own.found and not found:
        note = f"It has no folder for the protocol '{protocol}'; its own files were read."
        return Place(folder, None, own, (note,))
    usual = [name for name in found if is_protocol(found[name], listings.source)]
    if protocol is not None:
        wanted = [protocol, *(asked.folders if asked is not None else ())]
        kind = asked.kind if asked is not None else None
        wanted += [name for name in usual if _is_kind(listings.source.manifest(found[name]), kind)]
    else:
        wanted = [*SUPERVISED, *(usual if len(usual) == 1 else ())]
    name = next((name for name in wanted if name in found), None)
    if name is not None:
        return Place(found[name], name, listings.results(found[name]))
    if protocol is None and len(usual) > 1:
        raise InputError(f"{folder}: several protocols ({', '.join(usual)}). Name one with --protocol.")
    return None


def _is_kind(manifest: Manifest | None, kind: str | None) -> bool:
    """Whether a run of this program declares a protocol of that kind in a folder of another name."""
    return manifest is not None and kind is not None and manifest.identity.get("protocol.kind") == kind


def _folders_below(folders: Sequence[Path], dataset: Dataset, protocol: str | None) -> list[Path]:
    """Where trackers may be instead: `results`, the data set's own folder, the protocol's, the only folder."""
    known = match_known(dataset.name)

    def rank(path: Path) -> int:
        known_there = match_known(path.name)
        if path.name.lower() == dataset.name.lower() or (known_there is not None and known_there == known):
            return 0
        if protocol is not None and path.name.lower() == protocol.lower():
            return 1
        if known is not None and known_there is None and re.sub(r"\W", "", path.name.lower()).startswith(known.family):
            return 2
        return 3 if path.name.lower() in {"results", "ope", "results_ope"} or len(folders) == 1 else 9

    ranked = sorted(folders, key=rank)
    return [path for path in ranked if rank(path) < 9]


def named_examples(paths: Sequence[Path], most: int = 8) -> str:
    """The first names of some files in brackets; "" for none."""
    if not paths:
        return ""
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return f" ({', '.join(path.name for path in paths[:most])}{more})"
