"""Expected overlap: from the overlaps and failures of runs to numerators and denominators of a curve."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.metrics.vot.rules import SupervisedRules
from siamfc_eval.protocols.trajectory import FAILED, INITIALIZED

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]


class Fragment(NamedTuple):
    """A part of a run from one initialisation to a failure or to the end."""

    start: int
    stop: int
    """One after the last frame whose overlap counts."""
    padded: bool
    """Whether the fragment goes on with zeros up to the longest sequence."""
    following: int | None
    """The next start, whether that frame exists or not; None: the run ended first."""


def fragments(codes: NDArray[np.int8], rules: SupervisedRules) -> list[Fragment]:
    """Cut a run at its failures.

    Args:
        codes: shape (n,), codes of a run.
        rules: `tail_failures`, `fragment_starts` and `skip` are used.
    """
    frames = len(codes)
    failures = [int(frame) for frame in np.flatnonzero(codes == FAILED)]
    if not failures:
        return [Fragment(0, frames, False, None)]
    if rules.fragment_starts == "failure":
        starts = [0, *(failure + rules.skip for failure in failures)]
    else:
        starts = [int(frame) for frame in np.flatnonzero(codes == INITIALIZED)]
    cut: list[Fragment] = []
    for start, failure in zip(starts, failures, strict=False):
        due = failure + rules.skip
        if start >= failure:  # two failures without an initialisation between them: a damaged file
            continue
        if due > frames - (rules.tail_failures == "open") and rules.tail_failures != "padded":
            return [*cut, Fragment(start, frames, False, None)]
        cut.append(Fragment(start, failure, True, None if due > frames else due))
    if len(starts) > len(failures) and failures[-1] < starts[-1] < frames:
        cut.append(Fragment(starts[-1], frames, False, None))
    return cut


def fragment_weights(cut: list[Fragment], marks: Floats, frames: int, codes: Codes, rules: SupervisedRules) -> Floats:
    """How much each fragment of a run counts for each tag: the share of its frames that exist and carry the tag.

    Args:
        cut: the fragments of the run.
        marks: shape (tags, n), 1 in frames that carry the tag (all ones for "all").
        frames: of the sequence.
        codes: shape (rows,), of the run; frames after it do not exist.
        rules: `fragment_weights` is used.

    Returns:
        Shape (tags, fragments), 0 .. 1.
    """
    rows = len(codes)
    starts = np.array([fragment.start for fragment in cut], dtype=np.int64)
    # The last fragment reaches to the end of the run even where its overlaps end at a failure.
    stops = np.array([rows if fragment.following is None else fragment.following + 1 for fragment in cut], np.int64)
    counts = np.zeros((len(marks), rows + 1))
    np.cumsum(marks[:, :rows], axis=1, out=counts[:, 1:])
    reached = np.minimum(stops, rows)
    tagged = counts[:, reached] - counts[:, starts]
    # A run that never failed weighs what it reaches, however long the sequence goes on.
    if rules.fragment_weights == "one" or (len(cut) == 1 and not (codes == FAILED).any()):
        whole = reached - starts
    else:
        whole = np.where([fragment.following is None for fragment in cut], frames, stops) - starts
    weights: Floats = tagged / np.maximum(whole, 1)
    return weights


def add_curves(
    rows: Floats, overlaps: Floats, cut: list[Fragment], weights: Floats, length: int, *, extents: bool
) -> None:
    """Add what the fragments of a run contribute to the parts of an EAO curve, one after another in a row.

    At column j of each part: the running mean overlap of frames 1 .. j after the initialisation, 0 where it is not
    defined; 1 where it is defined; 1 where the fragment reaches by itself, without zeros after a failure.

    Args:
        rows: shape (tags, 2 L or more), or 3 L or more with `extents`; changed in place.
        overlaps: shape (n,), 0 in coded frames.
        cut: the fragments of the run.
        weights: shape (tags, fragments).
        length: frames of the longest sequence, L.
        extents: whether the third part is wanted.
    """
    for fragment, weight in zip(cut, weights.T, strict=True):
        extent = max(min(fragment.stop - fragment.start, length), 0)
        reach = length if fragment.padded else extent
        totals = np.cumsum(np.append(0.0, overlaps[fragment.start + 1 : fragment.start + extent]))
        means = np.full(reach, totals[-1])
        means[:extent] = totals[:reach]
        means[1:] /= np.arange(1.0, reach)
        share = weight[:, None]
        rows[:, 1:reach] += share * means[1:]
        rows[:, length : length + reach] += share
        if extents:
            rows[:, 2 * length : 2 * length + extent] += share
