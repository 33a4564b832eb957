"""Published trackers next to one's own: in one table, over the same sequences or not at all."""

from __future__ import annotations

import collections.abc
import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.attributes import members
from siamfc_eval.metrics.scores import Gap, Measure, Scores, Tagged, TrackerScores
from siamfc_eval.metrics.summing import summed, summed_by_attribute, sums_of_groups
from siamfc_eval.plain_text import few
from siamfc_eval.published.catalogue import Chosen
from siamfc_eval.published.columns import parts_of
from siamfc_eval.published.files import Published
from siamfc_eval.published.record import definition_of

Floats = NDArray[np.float64]
_REMEDY = "--common-sequences (common_sequences=True in Python)"


def published_only(chosen: collections.abc.Sequence[Chosen], convention: str, common: bool = False) -> Scores:
    """The scores of published trackers alone, for which no data set is needed.

    Args:
        chosen: whose; at least one.
        convention: whose rules.
        common: compare on the sequences that all have, where files have different ones.

    Raises:
        InputError: as for `joined`.
    """
    first, *others = chosen
    scores = _of(first, convention)
    return _joined(scores, _hashes(first.file), others, common, None) if others else scores


def joined(scores: Scores, dataset: Dataset, chosen: collections.abc.Sequence[Chosen], common: bool = False) -> Scores:
    """One's own scores with those of published trackers.

    Args:
        scores: of one's own trackers.
        dataset: what they are scored on.
        chosen: the published ones.
        common: where sequences differ, compare on those that all have; otherwise that is refused.

    Raises:
        InputError: the sequences, their ground truth or the definition of the scores differ, or a tracker that was
            named has no statistics under the convention.
    """
    hashes = {sequence.name: sequence.ground_truth_hash.hex() for sequence in dataset}
    return _joined(scores, hashes, chosen, common, dataset)


def _joined(
    scores: Scores,
    hashes: Mapping[str, str],
    chosen: collections.abc.Sequence[Chosen],
    common: bool,
    dataset: Dataset | None,
) -> Scores:
    asked, chosen = chosen, [_on_this_ground_truth(one, hashes) for one in chosen]
    found = [_of(one, scores.convention) for one in chosen]
    for one, theirs in zip(chosen, found, strict=True):
        _require_definition(scores.measure, theirs, one.file)
        _require_protocol(scores, theirs, one.file)
    shared = _shared_sequences(scores, hashes, [one.file for one in chosen], common)
    left = [name for name in scores.sequences if name not in shared]
    groups = _groups(scores, dataset, shared)
    trackers = {name: _moved(mine, scores, scores, shared, groups) for name, mine in scores.trackers.items()}
    origins = dict(scores.metadata.get("published", {}))
    notes = list(scores.metadata.get("notes", ()))
    for before, after in zip(asked, chosen, strict=True):
        lost = [name for name in before.trackers if name not in after.trackers]
        notes += [f"{few(lost)}: left out, as published on more frames than the data here have."] if lost else []
    for theirs in found:
        for name, tracker in theirs.trackers.items():
            label = _free(name, trackers)
            trackers[label] = dataclasses.replace(_moved(tracker, theirs, scores, shared, groups), name=label)
            origins[label] = theirs.metadata["published"][name]
        notes += theirs.metadata.get("notes", ())
    gaps = scores.gaps
    if left:
        over = f"everything is over the {len(shared)} of {len(scores.sequences)} sequences that all trackers have"
        gaps = (*gaps, Gap("left out", f"{over}; left out: {few(left)}.", sequences=tuple(left)))
    return dataclasses.replace(
        scores,
        sequences=shared,
        trackers=trackers,
        incomplete=(*scores.incomplete, *(gap.text for gap in gaps[len(scores.gaps) :])),
        gaps=gaps,
        metadata={**scores.metadata, "published": origins, "notes": tuple(dict.fromkeys(notes))},
    )


def _on_this_ground_truth(chosen: Chosen, hashes: Mapping[str, str]) -> Chosen:
    """The trackers whose statistics hold on this ground truth: those with leading frames that it lacks are left out.

    Raises:
        InputError: such a tracker was named, or there are no others.
    """
    longer: dict[str, str] = {}
    for sequence in chosen.file.head.sequences:
        for name in sequence.also.get(hashes.get(sequence.name, ""), ()):
            longer.setdefault(name, sequence.name)
    left = tuple(name for name in chosen.trackers if name not in longer)
    if left != chosen.trackers and (chosen.named or not left):
        lost = [name for name in chosen.trackers if name in longer]
        raise InputError(
            f"{few(lost)}: published on more frames of {longer[lost[0]]} than the data here have. Leave them "
            "out, or give the benchmark's own annotations with --data."
        )
    return chosen._replace(trackers=left)


def _of(chosen: Chosen, convention: str) -> Scores:
    """The scores of the trackers that were chosen of a file; those that it has none of are named."""
    file = chosen.file
    scores = file.scores(convention, chosen.trackers)
    unscored = {name: file.conventions[convention].refused.get(name, "") for name in chosen.trackers}
    unscored = {name: why for name, why in unscored.items() if name not in scores.trackers}
    said = tuple(f"{name} has no published scores under {convention}: {why}" for name, why in unscored.items())
    if (unscored and chosen.named) or not scores.trackers:
        raise InputError(f"{' '.join(said)} It has some under {_others(file, unscored) or 'no other convention'}.")
    return dataclasses.replace(scores, metadata={**scores.metadata, "notes": said})


def _others(file: Published, names: collections.abc.Iterable[str]) -> str:
    wanted = set(names)
    return ", ".join(table.convention for table in file.head.tables if wanted <= set(table.trackers))


def _require_definition(measure: Measure, theirs: Scores, file: Published) -> None:
    """Refuse to put scores side by side that are computed in different ways."""
    if definition_of(measure) == definition_of(theirs.measure):
        return
    mine, other = dict(measure.pins), dict(theirs.measure.pins)
    differing = [key for key in {**mine, **other} if mine.get(key) != other.get(key)]
    pins = ", ".join(f"{key}: {mine.get(key, 'none')} here, {other.get(key, 'none')} there" for key in differing)
    raise InputError(
        f"{file.path.name}: its statistics under {measure.convention} are defined otherwise than the scores beside "
        f"which they were to be put ({pins or 'other rules'}). Published statistics are those of the convention as it "
        "is: without --on-mismatch=pad or truncate and without further metrics."
    )


def _require_protocol(scores: Scores, theirs: Scores, file: Published) -> None:
    """Refuse to put runs of different protocols side by side."""
    mine, other = (one.metadata.get("protocol", "") or one.measure.protocol for one in (scores, theirs))
    if mine != other:
        raise InputError(
            f"{file.path.name}: its statistics under {scores.convention} are of runs of the protocol '{other}', and "
            f"these are of '{mine}'. Compare runs of one protocol: leave out --protocol or --with."
        )


def _hashes(file: Published) -> dict[str, str]:
    return {sequence.name: sequence.ground_truth for sequence in file.head.sequences}


def _shared_sequences(
    scores: Scores, hashes: Mapping[str, str], files: collections.abc.Sequence[Published], common: bool
) -> tuple[str, ...]:
    """The sequences that everything is over: all, or where asked for those that all have.

    Raises:
        InputError: they differ and that was not asked for, or none is left.
    """
    mine = set(scores.sequences)
    shared, problems = set(mine), []
    for name in scores.trackers:
        missing = scores.missing(name)
        shared -= set(missing)
        # A published tracker may lack some too, which its own file says.
        if missing and name not in scores.metadata.get("published", {}):
            problems.append(f"{name} has no result of {few(missing)}")
    for file in files:
        theirs = {sequence.name: {sequence.ground_truth, *sequence.also} for sequence in file.head.sequences}
        other = [name for name in scores.sequences if name in theirs and hashes.get(name) not in theirs[name]]
        lacking = [name for name in theirs if name not in mine]
        beyond = [name for name in scores.sequences if name not in theirs]
        shared &= set(theirs) - set(other)
        if other:
            problems.append(f"the ground truth of {few(other)} is not the one of {file.path.name}")
        if lacking:
            problems.append(f"{scores.dataset} has no {few(lacking)} here, as {file.path.name} has")
        if beyond:
            problems.append(f"{file.path.name} has no {few(beyond)}")
    if not problems:
        return scores.sequences
    told = "; ".join(problems)
    if not shared:
        raise InputError(f"the trackers have no sequence in common: {told}.")
    if not common:
        raise InputError(
            f"the trackers are over different sequences: {told}. Scores over different sequences are no comparison. "
            f"{_REMEDY} compares on the {len(shared)} that all have."
        )
    return tuple(name for name in scores.sequences if name in shared)


def _groups(scores: Scores, dataset: Dataset | None, shared: tuple[str, ...]) -> dict[str, tuple[int, ...]] | None:
    """Attribute -> indices among the shared sequences; None where frames are tagged or nothing is known of them."""
    if dataset is None or isinstance(scores.measure, Tagged) or not scores.attribute_source:
        return None
    by_name = {sequence.name: sequence for sequence in dataset}
    over = dataclasses.replace(dataset, sequences=tuple(by_name[name] for name in shared))
    return members(over, scores.attribute_source)


def _moved(
    tracker: TrackerScores,
    of: Scores,
    to: Scores,
    shared: tuple[str, ...],
    groups: Mapping[str, tuple[int, ...]] | None,
) -> TrackerScores:
    """A tracker's scores over the shared sequences, under a measure that may have narrower rows."""
    if of is to and shared == of.sequences:
        return tracker
    places = {name: index for index, name in enumerate(of.sequences)}
    rows = np.asarray(tracker.statistics)[[places[name] for name in shared]]
    if of is not to:
        rows = _relaid(rows, of.measure, to.measure)
    more: dict[str, Any] = {"attributes": tracker.attributes, "attribute_curves": tracker.attribute_curves}
    if groups is not None:
        more["attributes"], more["attribute_curves"] = summed_by_attribute(to.measure, sums_of_groups(rows, groups))
    if tracker.repetitions and of is to:
        more["repetitions"] = tuple(tracker.repetitions[places[name]] for name in shared)
    found = summed(tracker.name, to.measure, shared, rows, speed=tracker.speed, notes=tracker.notes, **more)
    # Scores of single sequences stay as they are: a file may hold them better than its rows give them.
    single = {name: {**values, **tracker.sequences.get(name, {})} for name, values in found.sequences.items()}
    return dataclasses.replace(found, sequences=single)


def _relaid(rows: Floats, of: Measure, to: Measure) -> Floats:
    """Rows as another measure of the same definition has them, whose longest sequence can be a shorter one.

    Raises:
        InputError: it is a longer one.
    """
    width = rows.shape[1]
    theirs, mine = parts_of(of, width), parts_of(to, width)
    pieces, at = [], 0
    for part, wanted in zip(theirs, mine, strict=True):
        if wanted.width > part.width:
            raise InputError(
                f"{to.convention}: the data set here has a sequence of {wanted.width} frames, the published ones have "
                f"{part.width} at most, so that their curves end too early to be put side by side."
            )
        pieces.append(rows[:, at : at + wanted.width])
        at += part.width
    return np.concatenate(pieces, axis=1)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """A name that no other tracker has."""
    label = name if name not in taken else f"{name} (published)"
    number = 2
    while label in taken:
        label, number = f"{name} (published {number})", number + 1
    return label
