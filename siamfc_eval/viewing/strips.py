"""The worst moments of each tracker over a whole data set, as strips of small pictures."""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass, replace

import numpy as np

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import few
from siamfc_eval.results.raw import RawResults, TrackerResults
from siamfc_eval.results.response_maps import maps_of
from siamfc_eval.viewing.film import Strip, strip
from siamfc_eval.viewing.scene import Scene
from siamfc_eval.viewing.timeline import Kind, Moment, Timeline, timeline

_SIDE = 240
"""Pixels of the longer side of a picture in a strip."""


@dataclass(frozen=True, eq=False)
class TrackerStrip:
    """One bad moment of a tracker."""

    tracker: str
    sequence: str
    strip: Strip
    compared: str
    """Another tracker that is drawn, too; "" for none."""


def worst_moments(
    results: RawResults, trackers: collections.abc.Sequence[str], side: int = _SIDE
) -> tuple[TrackerStrip, ...]:
    """For each tracker one strip of each kind of moment: a failure, a leap, and the lowest overlap before any failure.

    The failure is the one after which most frames are lost, the leap the farthest, each on another sequence. Each strip
    also has the boxes of the first of `trackers`, or those of the second where the first is the one that fails.

    Args:
        results: of one protocol, not of runs from anchors.
        trackers: names, in the order in which they are shown; those that have no results are passed over.
        side: longest side of a picture, in pixels.

    Raises:
        InputError: no sequence has images, or an image cannot be read.
    """
    dataset = results.dataset
    _require_images(dataset)
    known = [name for name in trackers if name in results]
    lines = {name: _timelines(results[name], dataset) for name in known}
    found: list[TrackerStrip] = []
    for name in known:
        rival = next((other for other in known if other != name), "")
        taken: set[str] = set()
        for kind in ("failure", "leap", "lowest overlap"):
            chosen = _worst(lines[name], kind, taken)
            if chosen is None:
                continue
            moment, line = chosen
            sequence = line.sequence
            taken.add(sequence.name)
            others = [lines[rival][sequence.name]] if rival and sequence.name in lines[rival] else []
            maps, _ = maps_of(results[name].runs[sequence.name][0])
            scene = Scene(sequence, (replace(line, maps=maps), *others), range(len(sequence)), side)
            found.append(TrackerStrip(name, sequence.name, strip(scene, moment), rival if others else ""))
    return tuple(found)


def _require_images(dataset: Dataset) -> None:
    without = [sequence.name for sequence in dataset if sequence.frames is None]
    if len(without) == len(dataset):
        raise InputError(
            f"{dataset.name}: pictures of the worst moments need the images, and only annotations were found. Give "
            "--data: the data set's folder with the images in it, or leave out --frames."
        )
    if without:
        raise InputError(f"{dataset.name}: the images of {few(without)} are missing. Add them, or leave out --frames.")


def _timelines(results: TrackerResults, dataset: Dataset) -> dict[str, Timeline]:
    """The first run on each sequence; files that cannot be read are left out, as scoring has named them."""
    lines = {}
    for sequence in dataset:
        if sequence.name in results.runs:
            try:
                run = results.runs[sequence.name][0].trajectory()
                lines[sequence.name] = timeline(results.name, run, sequence)
            except InputError:
                continue
    return lines


def _worst(lines: dict[str, Timeline], kind: Kind, taken: set[str]) -> tuple[Moment, Timeline] | None:
    """The worst moment of a kind, on a sequence that is not shown already."""
    candidates = [
        (_badness(moment, line), moment.frame, moment, line)
        for name, line in lines.items()
        if name not in taken
        for moment in line.moments()
        if moment.kind == kind
    ]
    if not candidates:
        return None
    _, _, moment, line = max(candidates, key=lambda one: (one[0], -one[1]))
    return moment, line


def _badness(moment: Moment, line: Timeline) -> float:
    """How bad a moment is among those of its kind."""
    if moment.kind == "lowest overlap":
        return -moment.overlap
    if moment.kind == "leap":
        return float(np.nan_to_num(line.distances[moment.frame]))
    return float((line.overlaps[moment.frame :] <= 0.0).sum())
