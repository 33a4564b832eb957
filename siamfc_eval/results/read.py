"""Raw results of any toolkit, matched with a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.results.folders import ResultFolder
from siamfc_eval.results.formats.layout import Found, Listings
from siamfc_eval.results.formats.open_run import open_runs
from siamfc_eval.results.names import SequenceNames
from siamfc_eval.results.places import Place, find_trackers, kind_of, named_examples
from siamfc_eval.results.raw import REPAIRED, RawResults, RawRun, TrackerResults

_NAMED = 8


def read_results(
    folder: Path | ResultFolder,
    dataset: Dataset,
    trackers: Sequence[str] | None = None,
    protocol: str | None = None,
    segment: int | None = None,
) -> RawResults:
    """The raw results in a folder, whatever toolkit wrote them.

    Files are found now and parsed when asked for; times and confidences too.

    Args:
        folder: a folder of trackers, one tracker's folder, or a toolkit's `results` folder with the data set's folder
            in it; or a folder of OTB's `.mat` files. One that is open already is not listed again.
        dataset: what the results are of; its sequence names and aliases decide which files count.
        trackers: the trackers to read; None: all.
        protocol: the protocol to read, by its kind or folder, e.g. "baseline", "realtime", "TRE"; "ope": the tracker's
            own files; None: those, or its supervised runs, or the only ones that it has.
        segment: take only this run, counted from 1, out of files that hold several (OTB's TRE, whose first is the one
            pass); None: all of them.

    Raises:
        InputError: no such folder, nothing in it fits the data set or can be opened, or a file has no such segment. A
            file that cannot be opened is else named in its tracker's `unreadable`, as are two of one run that differ.
        UnknownNameError: a tracker that is not there.
    """
    source = ResultFolder.of(folder)
    listings = Listings(source, SequenceNames(dataset))
    source.must_exist()
    root, places, notes = find_trackers(source.path, dataset, listings, protocol)
    if not places:
        raise InputError(_nothing_found(dataset, listings, protocol))
    if trackers is not None:
        for name in trackers:
            if name not in places:
                raise UnknownNameError("tracker", name, places)
        places = {name: places[name] for name in dict.fromkeys(trackers)}
    read = {name: _collect(name, place, dataset, listings) for name, place in places.items()}
    damaged = [message for one in read.values() for message in one.unreadable]
    if damaged and not any(one.runs for one in read.values()):
        more = f" And {len(damaged) - _NAMED} more such files." if len(damaged) > _NAMED else ""
        raise InputError(" ".join(damaged[:_NAMED]) + more)
    if segment is not None:
        read = {name: _one_segment(one, segment) for name, one in read.items()}
    return RawResults(dataset, root, read, tuple(notes))


def _one_segment(results: TrackerResults, number: int) -> TrackerResults:
    """The results with one run of each file that holds several."""
    runs = {}
    for name, several in results.runs.items():
        kept = [run for run in several if run.segments == 1 or run.index == number - 1]
        if not kept:
            raise InputError(
                f"{several[0].path}: expected a segment {number}, found {several[0].segments} runs. The first is "
                "the one that covers the whole sequence: --segment 1."
            )
        runs[name] = tuple(replace(run, segments=1) for run in kept)
    taken = any(run.segments > 1 for several in results.runs.values() for run in several)
    note = (f"Of files with several runs, run {number} is scored.",) if taken else ()
    return replace(results, runs=runs, notes=(*results.notes, *note))


def _collect(name: str, place: Place, dataset: Dataset, listings: Listings) -> TrackerResults:
    """The runs of a tracker in the data set's order, with notes on what was not plain."""
    notes = list(place.notes)
    grouped: dict[str, dict[tuple[bool, int], list[Found]]] = {}
    for found in place.listing.found:
        grouped.setdefault(found.sequence, {}).setdefault((found.anchor, found.number), []).append(found)
    unmatched = place.listing.unmatched
    if unmatched:
        what = "1 file names" if len(unmatched) == 1 else f"{len(unmatched)} files name"
        notes.append(f"{what} no sequence of {dataset.name}{named_examples(unmatched)}; not read.")
    runs: dict[str, tuple[RawRun, ...]] = {}
    renamed, unreadable = [], []
    for sequence in dataset:
        numbers = grouped.get(sequence.name)
        if numbers is None:
            continue
        opened: list[RawRun] = []
        for number in sorted(numbers):
            try:
                found = _single_file(numbers[number], notes)
                if found.written != sequence.name:
                    renamed.append(f"{found.written} -> {sequence.name}")
                opened += open_runs(found, place.folder, sequence, len(numbers))
            except InputError as error:
                unreadable.append(str(error))
        if opened:
            runs[sequence.name] = tuple(opened)
    if renamed:
        more = f" and {len(renamed) - _NAMED} more" if len(renamed) > _NAMED else ""
        notes.append(f"Names were matched by alias or loosely: {', '.join(renamed[:_NAMED])}{more}.")
    missing = tuple(sequence.name for sequence in dataset if sequence.name not in runs)
    manifest = listings.source.manifest(place.folder)
    if manifest is not None:
        notes += [note for note in manifest.notes if note.startswith(REPAIRED)]
    if manifest is not None and _declared_seconds(manifest.identity):
        runs = {name: tuple(replace(run, load_times=None) for run in several) for name, several in runs.items()}
        notes.append("How long its calls take was declared for the clock, so no speed is read from its times.")
    return TrackerResults(
        name,
        place.folder,
        place.protocol,
        runs,
        missing,
        tuple(notes),
        kind=kind_of(manifest, place.protocol),
        unreadable=tuple(unreadable),
        ground_truth=manifest.identity.get("ground_truth", "") if manifest is not None else "",
        timed=manifest.timed if manifest is not None else (),
        companions=listings.companions(place.folder, place.listing),
    )


def _declared_seconds(identity: Mapping[str, str]) -> bool:
    """Whether a realtime run was given the time of each call."""
    return identity.get("protocol.seconds", "null") != "null"


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


def _nothing_found(dataset: Dataset, listings: Listings, protocol: str | None) -> str:
    folder = listings.source.path
    there = listings.protocols(folder)
    if protocol is not None and there:
        return (
            f"{folder}: found no results of the protocol '{protocol}'; it has {', '.join(there)}. "
            "Name one of these with --protocol."
        )
    seen = [entry.name + ("/" if entry.is_dir() else "") for entry in listings.source.entries(folder)[:_NAMED]]
    wanted = f" of the protocol '{protocol}'" if protocol else ""
    return (
        f"{folder}: found no results{wanted} of {dataset.name}: expected <tracker>/<sequence>.txt, "
        f"<tracker>/<protocol>/<sequence>/<sequence>_001.txt or <sequence>_<tracker>.mat, with names such as "
        f"'{dataset.names[0] if dataset.names else '?'}'; found {', '.join(seen) or 'an empty folder'}. "
        "Check the path and the data set."
    )
