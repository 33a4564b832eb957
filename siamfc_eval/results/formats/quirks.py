"""Quirks of toolkits that make a result file differ from what its layout says, detected by the first line.

A one-pass run is started with the ground truth, and most toolkits write that down as the first line. So the first line
shows in which form and origin a tracker writes: SiamRPN writes corners, pysot's trackers ground truth + 0.5 px, others
0-based boxes for a 1-based data set. What is detected is said; nothing is changed unless the caller asks for it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import UnknownNameError
from siamfc_eval.plain_text import counted
from siamfc_eval.protocols.trajectory import REGION
from siamfc_eval.results.raw import REPAIRED, RawRun, TrackerResults
from siamfc_eval.results.rows import Rows

Floats = NDArray[np.float64]

CORNERS, HALF_PIXEL, ORIGIN = "corners", "half-pixel", "origin"
KINDS = (CORNERS, HALF_PIXEL, ORIGIN)

_TOLERANCE = 0.011
"""Pixels; files with two decimals are common."""
_SYSTEMATIC = 0.5
"""Share of a tracker's files beyond which a quirk is the tracker's own and not a coincidence; no two can be."""


@dataclass(frozen=True)
class Quirk:
    """One quirk of one tracker."""

    kind: str
    """One of `KINDS`."""
    shift: float
    """Pixels that x and y have too much (negative: too few): -1 for 0-based files of a 1-based data set."""
    sequences: tuple[str, ...]
    """Where it shows."""
    of: int
    """Sequences whose first line is a box that can be compared."""
    origin: float | None = None
    """Of the data set's boxes, 0 or 1; None where it differs between sequences."""

    def __str__(self) -> str:
        share = f"in {len(self.sequences)} of {counted(self.of, 'file')}"
        if self.kind == HALF_PIXEL:
            return f"The first line is the ground truth + 0.5 px {share} (as pysot's trackers write it)."
        moved = ""
        if self.shift:
            moved = f" the ground truth {self.shift:+g} px"
            # Nothing is made of a shift that would contradict what is known of the data set.
            if self.origin is not None and self.origin + self.shift in {0.0, 1.0}:
                file, data = int(self.origin + self.shift), int(self.origin)
                moved += f", so the file seems {file}-based and the data set's boxes are {data}-based"
        if self.kind == CORNERS:
            also = f"; it is{moved}" if moved else ""
            return f"The first line is x1,y1,x2,y2 instead of x,y,w,h {share} (as SiamRPN writes it){also}."
        return f"The first line is{moved} {share}."


def detect_quirks(results: TrackerResults, dataset: Dataset) -> tuple[Quirk, ...]:
    """The quirk that more than half of a tracker's files show, if there is one; only first lines are parsed.

    Raises:
        InputError: a file cannot be read.
    """
    sequences = {sequence.name: sequence for sequence in dataset}
    names, firsts, truths, origins = [], [], [], []
    for name, runs in results.runs.items():
        run, sequence = runs[0], sequences[name]
        first = run.first_row
        if first.codes[0] == REGION and not first.polygons and not run.label:
            names.append(name)
            firsts.append(first.boxes[0])
            origins.append((run.origin, run.origin, 0.0, 0.0))
            # With and without the frames that some toolkits skip; whichever fits.
            skipped = min(run.start + sequence.lead_in, len(sequence) - 1)
            truths += [sequence.boxes[min(run.start, skipped)], sequence.boxes[max(run.start, skipped)]]
    seen: dict[tuple[str, float], list[str]] = {}
    shifts = np.array(origins).reshape(-1, 1, 4)
    verdicts = _judge(np.array(firsts).reshape(-1, 4), np.array(truths).reshape(-1, 2, 4) + shifts)
    for name, verdict in zip(names, verdicts, strict=True):
        if verdict is not None and verdict[0]:
            seen.setdefault(verdict, []).append(name)
    compared = len(names) - verdicts.count(None)
    published = {entry[0] for entry in origins}
    origin = published.pop() if len(published) == 1 else None
    return tuple(
        Quirk(kind, shift, tuple(names), compared, origin)
        for (kind, shift), names in seen.items()
        if len(names) > _SYSTEMATIC * compared
    )


def _forms(truths: Floats) -> dict[tuple[str, float], list[Floats]]:
    """Kind and shift -> first lines that mean it, each of the shape of `truths` (..., 4); the plainest first."""
    forms = {("", 0.0): [truths], (HALF_PIXEL, 0.0): [truths + np.array([0.5, 0.5, 0.0, 0.0])]}
    for shift in (-1.0, 1.0):
        forms[ORIGIN, shift] = [truths + np.array([shift, shift, 0.0, 0.0])]
    for shift in (0.0, -1.0, 1.0):
        corner = truths[..., :2] + shift
        far = corner + truths[..., 2:]
        forms[CORNERS, shift] = [np.concatenate([corner, end], axis=-1) for end in (far, far - 1.0)]
    return forms


def _judge(firsts: Floats, truths: Floats) -> list[tuple[str, float] | None]:
    """Kind and shift of first lines; kind "" for one that is plain or like nothing known, None for one without numbers.

    Args:
        firsts: shape (n, 4).
        truths: shape (n, 2, 4), what each may be meant to be; of two that fit, the first counts.
    """
    forms = _forms(truths)
    fits = [
        np.any([(np.abs(form - firsts[:, None]) <= _TOLERANCE).all(axis=-1) for form in alike], axis=0)
        for alike in forms.values()
    ]
    # Shape (n, 2 * forms): of the first truth every form, then of the second.
    ordered = np.stack(fits, axis=-1).reshape(len(firsts), 2 * len(forms))
    comparable = np.isfinite(firsts).all(axis=-1) & (np.isfinite(truths).all(axis=-1).sum(axis=-1) > 0)
    kinds = [*forms, *forms]
    return [
        (kinds[int(fitting.argmax())] if fitting.any() else ("", 0.0)) if known else None
        for fitting, known in zip(ordered, comparable.tolist(), strict=True)
    ]


def repair_quirks(results: TrackerResults, dataset: Dataset, kinds: Collection[str]) -> TrackerResults:
    """The results without the quirks of the given kinds, with a note for each that says what was changed.

    "corners" makes the first line x,y,w,h; "half-pixel" takes 0.5 px from the first line; "origin" moves every box by
    what the first lines are off. Only the runs that show a quirk are repaired, "origin" in all runs of the tracker.

    Raises:
        UnknownNameError: a kind that there is not.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownNameError("quirk", kind, KINDS)
    notes, runs = list(results.notes), dict(results.runs)
    for quirk in detect_quirks(results, dataset):
        if quirk.kind in kinds and quirk.kind != ORIGIN:
            for name in quirk.sequences:
                runs[name] = tuple(_with_first(run, quirk.kind) for run in runs[name])
            what = "made x,y,w,h" if quirk.kind == CORNERS else "moved by -0.5 px"
            notes.append(f"{REPAIRED}the first line was {what} in {counted(len(quirk.sequences), 'file')}.")
        if ORIGIN in kinds and quirk.shift:
            runs = {name: tuple(_moved(run, -quirk.shift) for run in old) for name, old in runs.items()}
            notes.append(f"{REPAIRED}every box was moved by {-quirk.shift:+g} px in x and y.")
    return dataclasses.replace(results, runs=runs, notes=tuple(notes))


def _with_first(run: RawRun, kind: str) -> RawRun:
    boxes = run.rows.boxes.copy()
    if kind == CORNERS:
        boxes[0, 2:] -= boxes[0, :2]
    else:
        boxes[0, :2] -= 0.5
    return dataclasses.replace(run, repaired=Rows(boxes, run.rows.codes, run.rows.polygons))


def _moved(run: RawRun, shift: float) -> RawRun:
    return dataclasses.replace(run, repaired=run.rows.moved(shift))


def length_notes(results: TrackerResults, dataset: Dataset) -> tuple[str, ...]:
    """Which files have more or fewer rows than their sequence has frames, and where rows are NaN; parses every file.

    Raises:
        InputError: a file cannot be read.
    """
    frames = {sequence.name: sequence for sequence in dataset}
    wrong, rows_nan, files_nan, empty = [], 0, 0, Counter[str]()
    for name, runs in results.runs.items():
        for run in runs:
            expected = len(frames[name]) - run.start
            if len(run) not in {expected, run.start + 1}:
                skipped = " (the lead-in is left out)" if len(run) == expected - frames[name].lead_in else ""
                wrong.append(
                    f"{run.path.name} has {counted(len(run), 'row')} for {counted(expected, 'frame')}{skipped}"
                )
            lost = np.isnan(run.rows.boxes).any(axis=1) & (run.rows.codes < 0)
            rows_nan += int(lost.sum())
            files_nan += bool(lost.any())
            empty["rows"] += int((run.rows.boxes[:, 2:] <= 0).any(axis=1).sum())
    notes = [f"{text}." for text in wrong]
    if rows_nan:
        where = f"in {counted(files_nan, 'file')}"
        notes.append(f"{counted(rows_nan, f'row {where} is', f'rows {where} are')} NaN: no answer of the tracker.")
    if empty["rows"]:
        notes.append(f"{counted(empty['rows'], 'row has', 'rows have')} a width or height <= 0.")
    return tuple(notes)
