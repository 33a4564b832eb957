"""Raw results of any toolkit, matched with a data set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from siamfc_eval.datasets.known import match_known
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.results.formats.layout import (
    Found,
    Listing,
    experiment_folders,
    list_matlab,
    list_results,
    visible_entries,
)
from siamfc_eval.results.formats.open_run import open_runs
from siamfc_eval.results.names import SequenceNames, name_from_part
from siamfc_eval.results.raw import RawResults, RawRun, TrackerResults

SUPERVISED = ("baseline", "supervised")
"""Folder names of VOT's main experiment."""
_NAMED = 8


def read_results(
    folder: Path, dataset: Dataset, trackers: Sequence[str] | None = None, experiment: str | None = None
) -> RawResults:
    """The raw results in a folder, whatever toolkit wrote them.

    Files are found now and parsed when asked for; times and confidences too.

    Args:
        folder: a folder of trackers, one tracker's folder, or a toolkit's `results` folder with the data set's folder
            in it; or a folder of OTB's `.mat` files.
        dataset: what the results are of; its sequence names and aliases decide which files count.
        trackers: the trackers to read; None: all.
        experiment: the experiment's folder to read, e.g. "baseline", "realtime", "TRE"; None: the tracker's own files,
            or its supervised experiment, or the only one that it has.

    Raises:
        InputError: no such folder, nothing in it fits the data set, or two files of one run differ.
        UnknownNameError: a tracker that is not there.
    """
    folder = Path(folder).expanduser()
    names = SequenceNames(dataset)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of results.")
    root, places, notes = _find_trackers(folder, dataset, names, experiment)
    if not places:
        raise InputError(_nothing_found(folder, dataset, experiment))
    if trackers is not None:
        for name in trackers:
            if name not in places:
                raise UnknownNameError("tracker", name, places)
        places = {name: places[name] for name in dict.fromkeys(trackers)}
    read = {name: _collect(name, place, dataset) for name, place in places.items()}
    return RawResults(dataset, root, read, tuple(notes))


_EXPERIMENTS = {"baseline", "supervised", "unsupervised", "realtime", "longterm", "multistart", "multi-start"}


@dataclass(frozen=True)
class _Place:
    """Where the files of one tracker are."""

    folder: Path
    experiment: str | None
    listing: Listing
    notes: tuple[str, ...] = ()


def _find_trackers(
    folder: Path, dataset: Dataset, names: SequenceNames, experiment: str | None
) -> tuple[Path, dict[str, _Place], list[str]]:
    """Trackers by name, each with its folder, experiment and files; descends to where the trackers are."""
    matlab = list_matlab(folder, names)
    if any(listing.found for listing in matlab.values()):
        stray = matlab.pop("", Listing()).unmatched
        notes = [f"{len(stray)} .mat files name no sequence of {dataset.name}{_examples(stray)}."] if stray else []
        return folder, {name: _Place(folder, None, listing) for name, listing in matlab.items()}, notes
    own = list_results(folder, names)
    if own.found:
        return folder, _single(folder, own, experiment), []
    places: dict[str, _Place] = {}
    without = []
    for entry in visible_entries(folder):
        if entry.is_dir():
            place = _choose(Path(entry.path), names, experiment)
            if place is not None:
                places[name_from_part(entry.name)] = place
            else:
                without.append(Path(entry.path))
    if places and all(name.lower() in _EXPERIMENTS for name in places):
        chosen = _choose(folder, names, experiment)
        return folder, ({name_from_part(folder.resolve().name): chosen} if chosen else {}), []
    if places:
        wanted = f" of the experiment '{experiment}'" if experiment else ""
        return folder, places, [f"No results{wanted} of {dataset.name} in{_examples(without)}."] if without else []
    for below in _folders_below(folder, dataset, experiment):
        of_experiment = experiment is not None and below.name.lower() == experiment.lower()
        root, places, notes = _find_trackers(below, dataset, names, None if of_experiment else experiment)
        if of_experiment:
            places = {name: replace(place, experiment=place.experiment or experiment) for name, place in places.items()}
        if places:
            return root, places, [*notes, f"The results are in {below.relative_to(folder)}."]
    return folder, {}, []


def _single(folder: Path, own: Listing, experiment: str | None) -> dict[str, _Place]:
    """The folder itself holds results: it is a tracker's, or one experiment's of a tracker."""
    place = folder.resolve()
    if place.name.lower() in _EXPERIMENTS:
        return {name_from_part(place.parent.name): _Place(folder, place.name, own)}
    return {name_from_part(place.name): _without_experiment(folder, own, experiment)}


def _without_experiment(folder: Path, own: Listing, experiment: str | None) -> _Place:
    if experiment is None:
        return _Place(folder, None, own)
    return _Place(folder, None, own, (f"It has no folder for the experiment '{experiment}'; its own files were read.",))


def _choose(folder: Path, names: SequenceNames, experiment: str | None) -> _Place | None:
    """The files of one tracker: of the experiment asked for, its own, the supervised one, or the only one."""
    own = list_results(folder, names)
    if own.found and experiment is None:
        return _Place(folder, None, own)
    experiments = experiment_folders(folder, names)
    if own.found and not experiments:
        return _without_experiment(folder, own, experiment)
    usual = [name for name in experiments if name.lower() in _EXPERIMENTS]
    if experiment is not None:
        wanted = (experiment, *(SUPERVISED if experiment in SUPERVISED else ()))
    else:
        wanted = (*SUPERVISED, *(usual if len(usual) == 1 else ()))
    name = next((name for name in wanted if name in experiments), None)
    if name is not None:
        return _Place(experiments[name], name, list_results(experiments[name], names))
    if experiment is None and len(usual) > 1:
        raise InputError(f"{folder}: several experiments ({', '.join(usual)}). Name one with --experiment.")
    return None


def _folders_below(folder: Path, dataset: Dataset, experiment: str | None) -> Iterable[Path]:
    """Where trackers may be instead: `results`, the data set's own folder, the experiment's, the only folder."""
    folders = [Path(entry.path) for entry in visible_entries(folder) if entry.is_dir()]
    known = match_known(dataset.name)

    def rank(path: Path) -> int:
        spelled = match_known(path.name)
        if path.name.lower() == dataset.name.lower() or (spelled is not None and spelled == known):
            return 0
        if experiment is not None and path.name.lower() == experiment.lower():
            return 1
        if known is not None and spelled is None and re.sub(r"\W", "", path.name.lower()).startswith(known.family):
            return 2
        return 3 if path.name.lower() in {"results", "ope", "results_ope"} or len(folders) == 1 else 9

    ranked = sorted(folders, key=rank)
    return [path for path in ranked if rank(path) < 9]


def _collect(name: str, place: _Place, dataset: Dataset) -> TrackerResults:
    """The runs of a tracker in the data set's order, with notes on what was not plain."""
    notes = list(place.notes)
    grouped: dict[str, dict[tuple[bool, int], list[Found]]] = {}
    for found in place.listing.found:
        grouped.setdefault(found.sequence, {}).setdefault((found.anchor, found.number), []).append(found)
    unmatched = place.listing.unmatched
    if unmatched:
        what = "1 file names" if len(unmatched) == 1 else f"{len(unmatched)} files name"
        notes.append(f"{what} no sequence of {dataset.name}{_examples(unmatched)}; not read.")
    runs: dict[str, tuple[RawRun, ...]] = {}
    renamed = []
    for sequence in dataset:
        numbers = grouped.get(sequence.name)
        if numbers is None:
            continue
        opened: list[RawRun] = []
        for number in sorted(numbers):
            found = _single_file(numbers[number], notes)
            if found.spelling != sequence.name:
                renamed.append(f"{found.spelling} -> {sequence.name}")
            opened += open_runs(found, place.folder, sequence, len(numbers))
        runs[sequence.name] = tuple(opened)
    if renamed:
        more = f" and {len(renamed) - _NAMED} more" if len(renamed) > _NAMED else ""
        notes.append(f"Names were matched by alias or spelling: {', '.join(renamed[:_NAMED])}{more}.")
    missing = tuple(sequence.name for sequence in dataset if sequence.name not in runs)
    return TrackerResults(name, place.folder, place.experiment, runs, missing, tuple(notes))


def _single_file(candidates: list[Found], notes: list[str]) -> Found:
    """One file for one run.

    Raises:
        InputError: several that differ.
    """
    first, *others = candidates
    if not others:
        return first
    from siamfc_eval.results.content import content_digest, read_content

    paths = ", ".join(str(found.path) for found in candidates)
    if len({content_digest(read_content(found.path)) for found in candidates}) > 1:
        raise InputError(
            f"{paths}: expected one result for run {first.number} of '{first.sequence}', found {len(candidates)} that "
            "differ. Keep the one that counts."
        )
    notes.append(f"'{first.sequence}' has {len(candidates)} files with the same content ({paths}); one was read.")
    return first


def _examples(paths: Sequence[Path]) -> str:
    if not paths:
        return ""
    shown = ", ".join(path.name for path in paths[:_NAMED])
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f" ({shown}{more})"


def _nothing_found(folder: Path, dataset: Dataset, experiment: str | None) -> str:
    seen = [entry.name + ("/" if entry.is_dir() else "") for entry in visible_entries(folder)[:_NAMED]]
    wanted = f" of the experiment '{experiment}'" if experiment else ""
    return (
        f"{folder}: found no results{wanted} of {dataset.name}: expected <tracker>/<sequence>.txt, "
        f"<tracker>/<experiment>/<sequence>/<sequence>_001.txt or <sequence>_<tracker>.mat, with names such as "
        f"'{dataset.names[0] if dataset.names else '?'}'; found {', '.join(seen) or 'an empty folder'}. "
        "Check the path and the data set."
    )
