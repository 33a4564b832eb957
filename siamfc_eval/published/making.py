"""Published statistics from raw results."""

from __future__ import annotations

import collections.abc
import dataclasses
import hashlib
import os
from pathlib import Path

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.scores import Scores, TrackerScores
from siamfc_eval.metrics.scoring import score
from siamfc_eval.published.record import Origin
from siamfc_eval.results.raw import TrackerResults


def origin_of(result: TrackerResults, source: str, version: str, groups: tuple[str, ...] = ()) -> Origin:
    """Where a tracker's results come from, and the hash of all of them.

    Raises:
        InputError: a file of it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name, runs in sorted(result.runs.items()):
        for run in runs:
            digest.update(f"{name}|{run.number}|{run.digest}|".encode())
    return Origin(source=source, version=version, digest=digest.hexdigest(), groups=groups)


def scores_to_publish(
    results: collections.abc.Mapping[str, TrackerResults],
    dataset: Dataset,
    conventions: collections.abc.Iterable[str],
    cache: Path | None = None,
    protocol: str = "",
) -> list[Scores]:
    """The scores of trackers under each convention; why one has none is in their metadata, as `unscored`.

    Args:
        results: tracker -> its runs.
        dataset: what they are of.
        conventions: names.
        cache: as for `siamfc_eval.metrics.scoring.score`.
        protocol: kind of the runs, where it is not the one that the conventions are made for.

    Returns:
        One for each convention under which some tracker can be scored.
    """
    found: dict[str, Scores] = {}
    for convention in conventions:
        trackers: dict[str, TrackerScores] = {}
        unscored: dict[str, str] = {}
        scores: Scores | None = None
        for name, result in results.items():
            try:
                one = score({name: result}, dataset, convention, cache=cache)
            except InputError as error:
                unscored[name] = _portable(str(error), result.folder)
                continue
            tracker = one.trackers[name]
            notes = tuple(_portable(note, result.folder) for note in tracker.notes)
            trackers[name] = dataclasses.replace(tracker, notes=notes)
            # The counts of tags are those of the trackers that have them.
            scores = one if scores is None or len(one.attribute_counts) > len(scores.attribute_counts) else scores
        if scores is not None:
            metadata = {"unscored": unscored, "protocol": protocol}
            found[scores.convention] = dataclasses.replace(scores, trackers=trackers, metadata=metadata)
    return list(found.values())


def _portable(text: str, folder: Path) -> str:
    """A message without the folder in which the files happened to be."""
    return text.replace(f"{folder}{os.sep}", "").replace(str(folder), folder.name)


def without_lead_in(
    results: collections.abc.Mapping[str, TrackerResults], dataset: Dataset
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Sequence -> `SequenceHead.also`: its ground truth without its leading frames, which few results have.

    OTB's own files have five more frames of Tiger1 than the copies of it that toolkits made; results that leave these
    out are scored alike on both.
    """
    found = {}
    for sequence in dataset:
        rest = len(sequence) - sequence.lead_in
        plain = sequence.regions is None and sequence.absent is None and not sequence.tags
        if sequence.lead_in and plain:
            longer = [
                name
                for name, result in results.items()
                if any(len(run) != rest for run in result.runs.get(sequence.name, ()))
            ]
            cut = dataclasses.replace(sequence, boxes=sequence.boxes[sequence.lead_in :], lead_in=0, frames=None)
            found[sequence.name] = {cut.ground_truth_hash.hex(): tuple(longer)}
    return found
